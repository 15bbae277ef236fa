"""What the engine is given: sums of metrics on both sides of a comparison, in all and by segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BASE, CURRENT = 0, 1
NOT_SET = "(not set)"


@dataclass(frozen=True)
class SegmentSums:
    """Sums by the values of one dimension.

    names: n segments, sorted, each once; NULL is named "(not set)".
    values: shape (2, n, metrics), sums in metric units; [BASE] and [CURRENT]; 0 where a segment has no rows.
    rows: shape (2, n), rows counted.
    """

    names: tuple[str, ...]
    values: FloatArray
    rows: FloatArray


@dataclass(frozen=True)
class Sums:
    """Sums of `metrics` on both sides.

    totals: shape (2, metrics), taken over all rows (not added up from segments).
    filled: shape (2, metrics), rows in which the metric is not NULL.
    rows: shape (2,), all rows.
    days: calendar days each side spans, or None for a comparison of groups.
    dimensions: per dimension its segments; for summable metrics their sums equal the totals.
    distinct: metrics that count distinct values and therefore do not add up over segments.
    """

    metrics: tuple[str, ...]
    totals: FloatArray
    filled: FloatArray
    rows: FloatArray
    days: tuple[int, int] | None = None
    dimensions: Mapping[str, SegmentSums] = field(default_factory=dict)
    distinct: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Moments:
    """Second moments over days, for the noise of segments and of the whole (docs/formulas.md, F3.8).

    days: days with data on each side.
    pairs: metric pairs (a, b); a pair (a, a) holds squares.
    totals: shape (2, pairs): sum over days of a * b of the whole.
    by_dimension: per dimension shape (2, n, pairs): sum over days of a * b, segments in the order of Sums.
    active: per dimension shape (2, n): days on which a segment has rows.
    metrics, daily: sums of the whole by day, in the order of the days, shape (days, metrics) on each side.
    """

    days: tuple[int, int]
    pairs: tuple[tuple[str, str], ...]
    totals: FloatArray
    by_dimension: Mapping[str, FloatArray]
    active: Mapping[str, FloatArray] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    daily: tuple[FloatArray, FloatArray] | None = None
