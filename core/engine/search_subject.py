"""What a search explains: the change of the KPI, or what a step adds to it (docs/formulas.md, F3.7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.engine.bridge import Bridge, whole_columns
from core.engine.search_rows import Measure, measure_of
from core.engine.terms import Columns
from core.errors import DataError
from core.model.analysis import Method
from core.model.sums import FloatArray, SegmentSums


@dataclass(frozen=True)
class Subject:
    """A step, or the KPI where `step` is None.

    measure: None where it does not add up over segments. tops, bottoms: shape (2,), the whole; bottoms None for a sum.
    weight: KPI units per unit of the measure. contribution: what the pieces add up to, in KPI units.
    size: of the KPI, what rounding is judged by. excluded: dimensions that the step does not want.
    """

    step: str | None
    measure: Measure | None
    tops: FloatArray
    bottoms: FloatArray | None
    weight: float
    contribution: float
    size: float
    method: Method
    metrics: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()

    def volumes(self, sums: SegmentSums, whole: Columns) -> FloatArray:
        """Volume of each segment on both sides, shape (2, n), never negative."""
        if self.measure is None:
            return np.asarray(sums.rows)
        tops, bottoms = self.measure.values(Columns(whole.metrics, sums.values, whole.days))
        return np.abs(tops if bottoms is None else bottoms)


def subject_of(bridge: Bridge, step: str | None) -> Subject:
    """The KPI, or a step by its name or that of one merged into it.

    Raises DataError for an unknown step, one that has no segments, and what is undefined.
    """
    return _of_kpi(bridge) if step is None else _of_step(bridge, step)


def _of_kpi(bridge: Bridge) -> Subject:
    total = bridge.total
    if total.base is None or total.current is None or total.change is None:
        raise DataError(
            f"{bridge.equation.total} is undefined: it is divided by 0 on a side, so no segment explains its change. "
            "Choose other periods, or one of its steps.",
            field="step",
        )
    whole = whole_columns(bridge.sums)
    measure = measure_of(bridge.plan.kpi)
    tops, bottoms = np.array([[total.base], [total.current]]), None
    if measure is not None:
        tops, bottoms = measure.values(whole)
    return Subject(
        step=None,
        measure=None if measure is None or measure.metrics & bridge.sums.distinct else measure,
        tops=tops[:, 0],
        bottoms=None if bottoms is None else bottoms[:, 0],
        weight=1.0,
        contribution=total.change,
        size=float(bridge.effects.size[0]),
        method="shapley",
        metrics=() if measure is None else tuple(m for m in bridge.sums.metrics if m in measure.metrics),
    )


def _of_step(bridge: Bridge, step: str) -> Subject:
    position = _position(bridge, step)
    leaf = bridge.plan.leaves[position]
    contribution = float(bridge.effects.contributions[position, 0])
    measure = measure_of(leaf.terms)
    if measure is None or not leaf.is_splittable:
        raise DataError(
            f"Step '{leaf.name}' is the same for all segments, so none of them explains it. Choose another step.",
            field="step",
        )
    if not np.isfinite(contribution):
        raise DataError(f"Step '{leaf.name}' is undefined. {leaf.note or ''}".rstrip(), field="step")
    tops, bottoms = measure.values(whole_columns(bridge.sums))
    members = [bridge.equation.steps[member] for member in leaf.members]
    return Subject(
        step=leaf.name,
        measure=None if measure.metrics & bridge.sums.distinct else measure,
        tops=tops[:, 0],
        bottoms=None if bottoms is None else bottoms[:, 0],
        weight=float(bridge.effects.weights[position, 0]),
        contribution=contribution,
        size=float(bridge.effects.size[0]),
        method=bridge.method,
        metrics=tuple(m for m in bridge.sums.metrics if m in measure.metrics),
        excluded=frozenset(name for member in members for name in member.exclude),
    )


def _position(bridge: Bridge, step: str) -> int:
    leaves = bridge.plan.leaves
    for position, leaf in enumerate(leaves):
        if leaf.name == step:
            return position
    for position, leaf in enumerate(leaves):
        if step in (bridge.equation.steps[member].name for member in leaf.members):
            return position
    known = ", ".join(leaf.name for leaf in leaves)
    raise DataError(f"There is no step '{step}'. Steps: {known}.", field="step")
