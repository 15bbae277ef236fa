"""Which segments moved by more than their days do anyway, many being looked at at once (docs/formulas.md, F3.8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.engine.counts import are_shares, pooled_z
from core.engine.leaves import Leaf
from core.engine.noise import LEAST_DAYS, Squares, rate_variances, squares_of, volume_variances
from core.engine.student import false_discovery_rates, two_sided_normal, two_sided_t
from core.engine.terms import Columns
from core.model.sums import BASE, CURRENT, FloatArray, Moments, SegmentSums

MOST_FALSE = 0.05
"""Share of false alarms to expect among the segments that are called significant."""


@dataclass(frozen=True)
class SegmentTests:
    """Arrays over s segments: t, p and q are NaN where a segment is not testable; df is None for counts."""

    names: tuple[str, ...]
    t: FloatArray
    df: float | None
    p: FloatArray
    q: FloatArray

    @property
    def is_significant(self) -> NDArray[np.bool_]:
        """Whether q is at most 5 %."""
        return np.asarray(self.q <= MOST_FALSE)


def tests_of_segments(
    leaf: Leaf, whole: Columns, segments: SegmentSums, moments: Moments | None, dimension: str
) -> SegmentTests:
    """Each segment's own value (of a volume its amount) against its days; shares by counts where days are too few."""
    columns = Columns(whole.metrics, segments.values, whole.days)
    squares = squares_of(moments, dimension)
    if squares is not None and min(squares.moments.days) >= LEAST_DAYS:
        t, df = _by_days(leaf, columns, squares), float(sum(squares.moments.days) - 2)
        p = two_sided_t(t, df)
        return SegmentTests(segments.names, t, df, p, false_discovery_rates(p))
    t = _by_counts(leaf, columns)
    p = two_sided_normal(t)
    return SegmentTests(segments.names, t, None, p, false_discovery_rates(p))


def _by_days(leaf: Leaf, columns: Columns, squares: Squares) -> FloatArray:
    values = leaf.terms.value(columns)
    if leaf.terms.ratio is None or leaf.is_volume:
        variances = volume_variances(leaf, columns, squares)
    else:
        variances = rate_variances(*leaf.terms.ratio, columns, squares)
        if variances is not None:
            variances = np.where(squares.is_sparse, np.nan, variances)
    if variances is None:
        return np.full(values.shape[1], np.nan)
    error = np.sqrt(variances.sum(axis=0))
    return np.asarray((values[CURRENT] - values[BASE]) / np.where(error > 0, error, np.nan))


def _by_counts(leaf: Leaf, columns: Columns) -> FloatArray:
    count = columns.values.shape[1]
    if leaf.terms.ratio is None or leaf.is_volume:
        return np.full(count, np.nan)
    numerators, denominators = (columns[metric] for metric in leaf.terms.ratio)
    return pooled_z(numerators, denominators) if are_shares(numerators, denominators) else np.full(count, np.nan)
