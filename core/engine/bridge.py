"""The bridge: base total, contributions of the steps, current total, and what lies inside each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from math import isfinite

import numpy as np
import polars as pl

from core.engine import frames
from core.engine.breakdown import OVERLAP_NAME, Breakdown, break_down
from core.engine.by_segment import overlap_of, own_chains
from core.engine.chain import Effects, decompose
from core.engine.empty import refuse_empty
from core.engine.equation import Equation
from core.engine.exact import settle
from core.engine.leaves import Leaf, Plan, merged, plan, whole_in_one
from core.engine.notes import Note, notes_on
from core.engine.ranking import Ranked, interest_of
from core.engine.segment_tests import tests_of_segments
from core.engine.significance import Known, StepTest, test_of
from core.engine.terms import Columns
from core.errors import DataError, UnknownColumn
from core.model.analysis import Method
from core.model.comparison import Comparison
from core.model.sums import Moments, SegmentSums, Sums


@dataclass(frozen=True)
class Total:
    """The KPI on both sides; change_pct is percent of base, None where base is 0; all None where it is undefined."""

    base: float | None
    current: float | None
    change: float | None
    change_pct: float | None


@dataclass(frozen=True, eq=False)
class Bridge:
    """A change explained; every number adds up. Frames are made when asked for and kept.

    steps: step, base, current, change, contribution, contribution_pct, note.
    badge: |covariance| over the sum of |single effects|, for method covariance only.
    """

    equation: Equation
    comparison: Comparison | None
    method: Method
    total: Total
    steps: pl.DataFrame
    notes: tuple[Note, ...]
    badge: float | None
    max_segments: int
    other_below_pct: float
    plan: Plan = field(repr=False)
    effects: Effects = field(repr=False)
    sums: Sums = field(repr=False)
    moments_when_asked: Callable[[], Moments | None] = field(repr=False)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions that were loaded."""
        return tuple(self.sums.dimensions)

    def detail(self, step: str, dimension: str) -> pl.DataFrame:
        """Every segment's performance and mix in a step, largest first, KPI units (docs/formulas.md, F3.4).

        step: a name of `steps`, or of an equation's step that was merged into one of them.
        Raises DataError for a step that has no segments or is undefined, UnknownColumn for an unknown dimension.
        """
        key = (self._leaf(step).name, dimension)
        if key not in self._details:
            self._details[key] = frames.detail(self._breakdown(step, dimension))
        return self._details[key]

    def fold(self, step: str, dimension: str, effect: str = "total") -> pl.DataFrame:
        """`detail` for charts: the largest segments by |effect| (total, performance or mix), the rest as "n others"."""
        return frames.fold(self.detail(step, dimension), effect, most=self.max_segments, below_pct=self.other_below_pct)

    def by_segment(self, dimension: str) -> pl.DataFrame:
        """segment, step, contribution: each segment's own change by its own chain (docs/formulas.md, F3.4)."""
        segments = self._segments(dimension)
        columns = Columns(self.sums.metrics, segments.values, self.sums.days)
        contributions, change = own_chains(self.plan, columns, self.method)
        names = [*segments.names]
        overlap = overlap_of(self.plan, contributions, change, self.effects.contributions[:, 0], self.total.change)
        if overlap is not None:
            contributions = np.column_stack([contributions, overlap])
            names.append(OVERLAP_NAME)
        return frames.by_segment(names, [leaf.name for leaf in self.plan.leaves], contributions)

    def ranking(self) -> pl.DataFrame:
        """step, dimension, interest, signal of every step and dimension, best first (docs/formulas.md, F3.6).

        Dimensions whose spread is noise come after those that tell, then those with nothing to compare, and what a
        step excludes comes last.
        """
        return frames.ranking(self._ranked)

    def ranking_parts(self, step: str | None = None) -> pl.DataFrame:
        """`ranking` with what it is made of, of all steps or of one, its focus first (docs/formulas.md, F3.6).

        step, dimension, segments, excess, noise, signal, interest, recurring, is_focus, is_excluded, is_noise; excess
            and noise in KPI units: excess is half of what segments do beyond moving alike, noise the part within their
            errors; recurring: share of the weight in segments that both sides have.
        """
        name = None if step is None else self._leaf(step).name
        rows = [row for row in self._ranked if name in (None, row.step)]
        return frames.ranking_parts(sorted(rows, key=lambda row: not row.is_focus))

    def best_dimension(self, step: str) -> str | None:
        """The step's focus, else its most interesting dimension that it does not exclude; None if there is none.

        A dimension whose spread is noise is taken only when there is no other (docs/formulas.md, F3.6).
        """
        leaf = self._leaf(step)
        for focus in (self.equation.steps[member].focus for member in leaf.members):
            if focus in self.sums.dimensions and leaf.is_splittable and self._is_defined(leaf):
                return focus
        found = (row.dimension for row in self._ranked if row.step == leaf.name and not row.is_excluded)
        return next(found, None)

    def is_noise(self, step: str, dimension: str) -> bool:
        """Whether a dimension that is not the step's focus differs by no more than chance (docs/formulas.md, F3.6)."""
        name = self._leaf(step).name
        found = (row for row in self._ranked if (row.step, row.dimension) == (name, dimension))
        return any(row.found.is_noise and not row.is_focus for row in found)

    def significance(self) -> pl.DataFrame:
        """step, t, df, p, verdict: whether each step moved beyond what its days do anyway (docs/formulas.md, F3.8)."""
        return frames.significance(self.tests)

    @cached_property
    def tests(self) -> tuple[StepTest, ...]:
        """The test of every step, with the notes that belong to it; days are fetched when first asked for."""
        known = Known(self._whole, self.sums, self.comparison, self.moments)
        return tuple(test_of(leaf, known) for leaf in self.plan.leaves)

    @cached_property
    def total_test(self) -> StepTest:
        """The test of the KPI itself."""
        known = Known(self._whole, self.sums, self.comparison, self.moments)
        return test_of(Leaf(self.equation.total, self.plan.kpi), known)

    def segment_tests(self, step: str, dimension: str) -> pl.DataFrame:
        """segment, t, df, p, q, is_significant: which segments' own values moved beyond noise (docs/formulas.md, F3.8).

        q: p after Benjamini-Hochberg over the segments. Raises as `detail`.
        """
        leaf, segments = self._splittable(step), self._segments(dimension)
        return frames.segment_tests(tests_of_segments(leaf, self._whole, segments, self.moments, dimension))

    def main_step(self) -> str:
        """The step with the largest contribution in either direction."""
        sizes = np.nan_to_num(np.abs(self.effects.contributions[:, 0]))
        return self.plan.leaves[int(sizes.argmax())].name

    @cached_property
    def _details(self) -> dict[tuple[str, str], pl.DataFrame]:
        return {}

    @cached_property
    def _whole(self) -> Columns:
        return whole_columns(self.sums)

    @cached_property
    def moments(self) -> Moments | None:
        """Second moments over days, fetched when first asked for: only the ranking needs them."""
        return self.moments_when_asked()

    @cached_property
    def _ranked(self) -> tuple[Ranked, ...]:
        rows = [
            self._rank(leaf, dimension)
            for leaf in self.plan.leaves
            if leaf.is_splittable and self._is_defined(leaf)
            for dimension in self.sums.dimensions
        ]
        return tuple(sorted(rows, key=lambda row: row.place))

    def _rank(self, leaf: Leaf, dimension: str) -> Ranked:
        members = [self.equation.steps[member] for member in leaf.members]
        return Ranked(
            leaf.name,
            dimension,
            interest_of(leaf, self._whole, self.sums.dimensions[dimension], self.moments, dimension),
            weight=self._weight(leaf),
            is_focus=any(member.focus == dimension for member in members),
            is_excluded=any(dimension in member.exclude for member in members),
        )

    def _weight(self, leaf: Leaf) -> float:
        return float(self.effects.weights[self.plan.leaves.index(leaf), 0])

    def _splittable(self, step: str) -> Leaf:
        leaf = self._leaf(step)
        if not leaf.is_splittable:
            raise DataError(
                f"Step '{leaf.name}' is the same for all segments, so no dimension explains it.", field="step"
            )
        if not self._is_defined(leaf):
            raise DataError(f"Step '{leaf.name}' is undefined. {leaf.note or ''}".rstrip(), field="step")
        return leaf

    def _breakdown(self, step: str, dimension: str) -> Breakdown:
        leaf, segments = self._splittable(step), self._segments(dimension)
        return break_down(
            leaf,
            self._whole,
            segments,
            weight=self._weight(leaf),
            contribution=float(self.effects.contributions[self.plan.leaves.index(leaf), 0]),
            size=float(self.effects.size[0]),
            method=self.method,
        )

    def _is_defined(self, leaf: Leaf) -> bool:
        return bool(np.isfinite(self.effects.contributions[self.plan.leaves.index(leaf), 0]))

    def _leaf(self, step: str) -> Leaf:
        for leaf in self.plan.leaves:
            if leaf.name == step:
                return leaf
        for leaf in self.plan.leaves:
            if step in (self.equation.steps[member].name for member in leaf.members):
                return leaf
        known = ", ".join(leaf.name for leaf in self.plan.leaves)
        raise DataError(f"There is no step '{step}'. Steps: {known}.", field="step")

    def _segments(self, dimension: str) -> SegmentSums:
        if dimension not in self.sums.dimensions:
            raise UnknownColumn.named(dimension, "the dimensions of this bridge", self.dimensions, field="dimension")
        return self.sums.dimensions[dimension]


def build_bridge(
    equation: Equation,
    sums: Sums,
    *,
    comparison: Comparison | None = None,
    method: Method = "shapley",
    per_day: bool = False,
    moments: Callable[[], Moments | None] = lambda: None,
    other_below_pct: float = 2.0,
    max_segments: int = 4,
    covers: tuple[date, date] | None = None,
) -> Bridge:
    """The bridge of `equation` over `sums`.

    per_day: the days of the periods become the first step, volumes are taken per day (periods only).
    moments: gives what the ranking needs to tell noise, when it is asked for.
    covers: first and last day of the data, for the message of an empty side.
    Raises EmptyComparison when a side has no rows, DataError where `method` is not defined.
    """
    refuse_empty(sums, comparison, covers)
    whole = whole_columns(sums)
    used = merged(plan(equation, with_days=per_day and sums.days is not None), whole, equation)
    base, current = (value if isfinite(value) else None for value in used.kpi.value(whole)[:, 0].tolist())
    used, effects = _explain(used, whole, method, base, current)
    total = _total(base, current)
    badge = None if effects.covariance is None or not isfinite(effects.covariance[0]) else float(effects.covariance[0])
    return Bridge(
        equation=equation,
        comparison=comparison,
        method=method,
        total=total,
        steps=frames.steps(used.leaves, used.values(whole)[:, :, 0], effects.contributions[:, 0], base),
        notes=notes_on(
            sums, used.leaves, base=base, current=current, per_day=per_day, badge=badge, comparison=comparison
        ),
        badge=badge,
        max_segments=max_segments,
        other_below_pct=other_below_pct,
        plan=used,
        effects=effects,
        sums=sums,
        moments_when_asked=moments,
    )


def whole_columns(sums: Sums) -> Columns:
    """The totals as one segment."""
    return Columns(sums.metrics, sums.totals[:, None, :], sums.days)


def _explain(
    used: Plan, whole: Columns, method: Method, base: float | None, current: float | None
) -> tuple[Plan, Effects]:
    """Contributions that sum to the change; where a mixture of both sides is undefined, one bar for all."""
    effects = decompose(used.values(whole), used.node, method)
    if base is None or current is None:
        nothing = np.full_like(effects.contributions, np.nan)
        return used, Effects(nothing, nothing, effects.size, effects.covariance)
    if not np.isfinite(effects.contributions).all() and len(used.leaves) > 1:
        used = whole_in_one(used, "the formula divides by 0 when some steps are at base and others at current")
        effects = decompose(used.values(whole), used.node, method)
    size = np.maximum(used.kpi.size(whole).max(axis=0), effects.size)
    settled = settle(effects.contributions, np.array([current - base]), scale=size)
    return used, replace(effects, contributions=settled, size=size)


def _total(base: float | None, current: float | None) -> Total:
    if base is None or current is None:
        return Total(base, current, None, None)
    change = current - base
    return Total(base, current, change, frames.percent(change, base))
