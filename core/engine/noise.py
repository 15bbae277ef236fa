"""Sampling error of segments from their days (docs/formulas.md, F3.8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.engine.leaves import Leaf
from core.engine.terms import DAYS, Columns
from core.model.sums import FloatArray, Moments, SegmentSums


def noise_of(
    leaf: Leaf, whole: Columns, segments: SegmentSums, moments: Moments | None, dimension: str
) -> FloatArray | None:
    """Standard error of each segment's excess, in the step's unit, shape (s,); None where days do not tell."""
    if moments is None or min(moments.days) < 2 or dimension not in moments.by_dimension:
        return None
    squares = _Squares(moments, moments.by_dimension[dimension])
    columns = Columns(whole.metrics, segments.values, whole.days)
    if leaf.terms.ratio is not None and not leaf.is_volume:
        return _rate_noise(*leaf.terms.ratio, whole, columns, squares)
    return _volume_noise(leaf, columns, squares)


@dataclass(frozen=True)
class _Squares:
    """Sums over days of products of metrics, by segment."""

    moments: Moments
    values: FloatArray

    def of(self, one: str, other: str) -> FloatArray | None:
        """Sums over days of one times other, shape (2, s)."""
        for pair in ((one, other), (other, one)):
            if pair in self.moments.pairs:
                return self.values[:, :, self.moments.pairs.index(pair)]
        return None

    @property
    def days(self) -> FloatArray:
        """Shape (2, 1)."""
        return np.array(self.moments.days, dtype=np.float64)[:, None]


def _volume_noise(leaf: Leaf, columns: Columns, squares: _Squares) -> FloatArray | None:
    """Error of a volume's change: days of a side times the variance over its days."""
    powers = [power for monomial in leaf.terms.top for power in monomial]
    metrics = [metric for metric, _ in powers if metric != DAYS]
    square = squares.of(metrics[0], metrics[0]) if len(metrics) == 1 else None
    if square is None:
        return None
    days = squares.days
    variance = days / (days - 1) * np.maximum(square - columns[metrics[0]] ** 2 / days, 0.0)
    if len(powers) > 1:
        variance = variance / columns[DAYS] ** 2
    return np.asarray(np.sqrt(variance.sum(axis=0)))


def _rate_noise(
    numerator: str, denominator: str, whole: Columns, columns: Columns, squares: _Squares
) -> FloatArray | None:
    """Error of a segment's rate, days being clusters, times its mean share (its only one where it is new or lost)."""
    tops, both = squares.of(numerator, numerator), squares.of(numerator, denominator)
    bottoms = squares.of(denominator, denominator)
    if tops is None or both is None or bottoms is None:
        return None
    amounts = columns[denominator]
    divisor = np.where(amounts == 0, 1.0, amounts)
    rates = np.where(amounts == 0, 0.0, columns[numerator] / divisor)
    residuals = np.maximum(tops - 2 * rates * both + rates**2 * bottoms, 0.0)
    days = squares.days
    variance = np.where(amounts == 0, 0.0, days / (days - 1) * residuals / divisor**2)
    shares = np.abs(amounts / whole[denominator])
    exists = (amounts != 0).all(axis=0)
    weight = np.where(exists, shares.mean(axis=0), shares.max(axis=0))
    return np.asarray(weight * np.sqrt(variance.sum(axis=0)))
