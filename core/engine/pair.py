"""Two columns compared over the same rows, and what two comparisons have to do with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.sums import BASE, CURRENT, FloatArray, Moments, Sums

Pairs = Sequence[tuple[str, str]]


def counterparts(pairs: Pairs, metrics: Sequence[str]) -> tuple[str, ...]:
    """The plan column of each of `metrics`, in their order; pairs: (actual, plan)."""
    plans = dict(pairs)
    return tuple(plans[metric] for metric in metrics)


def compared_columns(sums: Sums, pairs: Pairs, metrics: Sequence[str]) -> Sums:
    """Sums of `metrics` with the plans in base and the actuals in current.

    sums: actuals and plans, both sides over the same rows. The result has no days: both sides span the same ones.
    """
    actual = [sums.metrics.index(metric) for metric in metrics]
    plan = [sums.metrics.index(metric) for metric in counterparts(pairs, metrics)]
    dimensions = {
        name: replace(segments, values=_side_by_side(segments.values, plan, actual))
        for name, segments in sums.dimensions.items()
    }
    return replace(
        sums,
        metrics=tuple(metrics),
        totals=_side_by_side(sums.totals, plan, actual),
        filled=_side_by_side(sums.filled, plan, actual),
        days=None,
        dimensions=dimensions,
        distinct=frozenset(m for m, p in pairs if m in metrics and {m, p} & sums.distinct),
    )


def compared_moments(moments: Moments, pairs: Pairs, products: Pairs) -> Moments:
    """Second moments of `products` of actual columns, base holding those of their plans.

    moments: those of actuals and plans, both sides over the same rows.
    """
    actual = [moments.pairs.index(product) for product in products]
    plan = [
        moments.pairs.index((counterparts(pairs, product)[0], counterparts(pairs, product)[1])) for product in products
    ]
    return replace(
        moments,
        pairs=tuple(products),
        totals=_side_by_side(moments.totals, plan, actual),
        by_dimension={name: _side_by_side(values, plan, actual) for name, values in moments.by_dimension.items()},
    )


def _side_by_side(values: FloatArray, base: Sequence[int], current: Sequence[int]) -> FloatArray:
    """Columns of the last axis: `base` on the base side, `current` on the current one."""
    return np.stack([values[BASE][..., list(base)], values[CURRENT][..., list(current)]])


def joint(first: Comparison, second: Comparison) -> Literal["base", "current"] | None:
    """At which side of `first` the second comparison meets it: it ends at its base, or begins at its current."""
    if _end(second) == _start(first):
        return "base"
    return "current" if _end(first) == _start(second) else None


def _start(comparison: Comparison) -> tuple[object, ...]:
    """What the base side counts: column, period or groups, and the plan columns."""
    return (comparison.by, _rows(comparison.base), frozenset(comparison.metrics))


def _end(comparison: Comparison) -> tuple[object, ...]:
    return (comparison.by, _rows(comparison.current), frozenset())


def _rows(side: DateSide | GroupSide) -> object:
    return side if isinstance(side, DateSide) else frozenset(side.values)
