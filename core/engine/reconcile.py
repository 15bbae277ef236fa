"""One bridge under all four methods, and what it is that they treat differently. Source: docs/formulas.md, F3.1.

Nothing is read again: the sums that the bridge was built from are decomposed once a method.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import polars as pl

from core.engine.bridge import Bridge, whole_columns
from core.engine.chain import decompose, kpi
from core.engine.exact import TOLERANCE, settle
from core.engine.formula import Node, references
from core.errors import DataError
from core.model.analysis import Method
from core.model.sums import BASE, CURRENT, FloatArray

METHODS: tuple[Method, ...] = get_args(Method)
Reason = Literal["", "formula", "negative", "mixture", "undefined"]


@dataclass(frozen=True)
class Way:
    """The steps by one method.

    contributions: one a step, KPI units, their sum is the change; empty where the method is not defined for the bridge.
    reason: why it is not: the KPI has a `formula`, a step is `negative`, a `mixture` of both sides divides by 0, the
        KPI itself is `undefined` on a side.
    """

    method: Method
    contributions: tuple[float, ...] = ()
    reason: Reason = ""


@dataclass(frozen=True)
class Reconciled:
    """The same change by every method.

    steps: names, as in the bridge; ways: one a method, in the order of `METHODS`.
    alone: what each step would have changed by itself, KPI units; interaction: the rest of the change.
    covariance: |interaction| within independent terms over the sum of |alone|; None where no step does anything alone.
    reverse: method sequential with the last step first; empty where it is undefined.
    zeros: steps that are 0 on exactly one side.
    """

    steps: tuple[str, ...]
    ways: tuple[Way, ...]
    alone: tuple[float, ...] = ()
    interaction: float = 0.0
    covariance: float | None = None
    reverse: tuple[float, ...] = ()
    zeros: tuple[str, ...] = ()
    size: float = field(default=0.0, repr=False)

    @property
    def defined(self) -> tuple[Way, ...]:
        """The methods that explain this bridge."""
        return tuple(way for way in self.ways if not way.reason)

    @property
    def agrees(self) -> bool:
        """Whether all of those say the same, up to rounding."""
        return max(self.spread, default=0.0) <= TOLERANCE * self.size

    @property
    def spread(self) -> tuple[float, ...]:
        """By step how far the methods lie apart, KPI units."""
        columns = [way.contributions for way in self.defined]
        return tuple(max(values) - min(values) for values in zip(*columns, strict=True))

    def way(self, method: Method) -> Way:
        """The steps by `method`."""
        return next(way for way in self.ways if way.method == method)

    def frame(self) -> pl.DataFrame:
        """step and a column a method, null where one is not defined."""
        nothing = (None,) * len(self.steps)
        columns = [pl.Series(way.method, way.contributions or nothing, dtype=pl.Float64) for way in self.ways]
        return pl.DataFrame([pl.Series("step", self.steps, dtype=pl.String), *columns])


def reconcile(bridge: Bridge) -> Reconciled:
    """The bridge by shapley, lmdi, sequential and covariance.

    A method that is not defined for it says so in its `Way`; nothing is raised. Where the KPI is undefined on a side
    none is defined.
    """
    names = tuple(leaf.name for leaf in bridge.plan.leaves)
    change = bridge.total.change
    if change is None:
        return Reconciled(names, tuple(Way(method, reason="undefined") for method in METHODS))
    node, values = bridge.plan.node, bridge.plan.values(whole_columns(bridge.sums))
    with np.errstate(all="ignore"):
        alone = np.array([_alone(values, node, step) for step in range(len(names))])
        reverse = _in_turn(values, node, reversed(range(len(names))))
    ways = tuple(_way(bridge, values, method) for method in METHODS)
    is_known = bool(np.isfinite(alone).all())
    return Reconciled(
        steps=names,
        ways=ways,
        alone=tuple(alone.tolist()) if is_known else (),
        interaction=change - float(alone.sum()) if is_known else 0.0,
        covariance=_covariance(values, node) if is_known else None,
        reverse=tuple(reverse.tolist()) if np.isfinite(reverse).all() else (),
        zeros=tuple(
            name for name, (base, now) in zip(names, values[:, :, 0].T, strict=True) if (base == 0) != (now == 0)
        ),
        size=_size(bridge, ways),
    )


def _way(bridge: Bridge, values: FloatArray, method: Method) -> Way:
    try:
        effects = decompose(values, bridge.plan.node, method)
    except DataError:
        return Way(method, reason=_refusal(bridge.plan.node))
    if not np.isfinite(effects.contributions).all():
        return Way(method, reason="mixture")
    size = np.maximum(bridge.plan.kpi.size(whole_columns(bridge.sums)).max(axis=0), effects.size)
    settled = settle(effects.contributions, np.array([bridge.total.change], dtype=np.float64), scale=size)
    return Way(method, tuple(settled[:, 0].tolist()))


def _refusal(node: Node | None) -> Reason:
    """Why lmdi refuses: it looks at the formula first, then at the signs."""
    return "formula" if node is not None and len(list(references(node))) > 1 else "negative"


def _alone(values: FloatArray, node: Node | None, step: int) -> float:
    """The change of the KPI when nothing but this step moves."""
    point = np.array(values[BASE])
    point[step] = values[CURRENT][step]
    return float((kpi(point, node) - kpi(values[BASE], node))[0])


def _in_turn(values: FloatArray, node: Node | None, order: Iterable[int]) -> FloatArray:
    """What each step changes when they move one after the other in `order`; shape (n,), in the order of the steps."""
    point, effects = np.array(values[BASE]), np.zeros(values.shape[1])
    for step in order:
        before = kpi(point, node)
        point[step] = values[CURRENT][step]
        effects[step] = (kpi(point, node) - before)[0]
    return effects


def _covariance(values: FloatArray, node: Node | None) -> float | None:
    share = decompose(values, node, "covariance").covariance
    return None if share is None or not np.isfinite(share[0]) else float(share[0])


def _size(bridge: Bridge, ways: Iterable[Way]) -> float:
    """The largest figure among contributions and totals: what rounding is judged by."""
    values = [value for way in ways for value in way.contributions]
    return max(map(abs, [bridge.total.base or 0.0, bridge.total.current or 0.0, *values]))
