"""Sampling error of segments from their days (docs/formulas.md, F3.8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.engine.counts import are_counts, are_shares
from core.engine.leaves import Leaf
from core.engine.terms import DAYS, Columns
from core.model.sums import FloatArray, Moments, SegmentSums

LEAST_DAYS = 5
"""Fewer days on a side do not tell its noise."""
NOTHING = 1e-12
"""Squares below this part of what they were taken from are rounding, not variance."""


@dataclass(frozen=True)
class Squares:
    """Sums over days of products of metrics by segment of one dimension; values: shape (2, s, pairs)."""

    moments: Moments
    dimension: str
    values: FloatArray

    def of(self, one: str, other: str) -> FloatArray | None:
        """Sums over days of one times other, shape (2, s)."""
        place = self._place(one, other)
        return None if place is None else self.values[:, :, place]

    def of_whole(self, one: str, other: str) -> FloatArray:
        """As `of` for the whole, shape (2, 1); for products that are known."""
        return self.moments.totals[:, [self._place(one, other) or 0]]

    def _place(self, one: str, other: str) -> int | None:
        pairs = self.moments.pairs
        return next((pairs.index(pair) for pair in ((one, other), (other, one)) if pair in pairs), None)

    @property
    def days(self) -> FloatArray:
        """Shape (2, 1)."""
        return np.array(self.moments.days, dtype=np.float64)[:, None]

    @property
    def is_sparse(self) -> NDArray[np.bool_]:
        """Whether a segment has rows on too few days of a side for a variance of its own; shape (2, s)."""
        active = self.moments.active.get(self.dimension)
        if active is None:
            return np.zeros(self.values.shape[:2], dtype=np.bool_)
        return np.asarray(active < np.minimum(LEAST_DAYS, self.days))


def squares_of(moments: Moments | None, dimension: str) -> Squares | None:
    """The squares of a dimension, None where days do not tell."""
    if moments is None or min(moments.days) < 2 or dimension not in moments.by_dimension:
        return None
    return Squares(moments, dimension, moments.by_dimension[dimension])


def noise_of(
    leaf: Leaf, whole: Columns, segments: SegmentSums, moments: Moments | None, dimension: str
) -> FloatArray | None:
    """Standard error of each segment's excess, in the step's unit, shape (s,); None where days do not tell."""
    squares = squares_of(moments, dimension)
    if squares is None:
        return None
    columns = Columns(whole.metrics, segments.values, whole.days)
    if leaf.terms.ratio is not None and not leaf.is_volume:
        return _rate_noise(*leaf.terms.ratio, whole, columns, squares)
    variances = volume_variances(leaf, columns, squares)
    return None if variances is None else np.asarray(np.sqrt(variances.sum(axis=0)))


def noise_of_counts(leaf: Leaf, whole: Columns, segments: SegmentSums) -> FloatArray | None:
    """As `noise_of` where days do not tell: counts are Poisson, shares of counts proportions; None for all else."""
    columns = Columns(whole.metrics, segments.values, whole.days)
    if leaf.is_volume:
        counts = leaf.terms.value(columns)
        return np.asarray(np.sqrt(counts.sum(axis=0))) if are_counts(counts) else None
    if leaf.terms.ratio is None:
        return None
    (tops, amounts), (top, amount) = ([each[metric] for metric in leaf.terms.ratio] for each in (columns, whole))
    if not are_shares(tops, amounts):
        return None
    chance = float(top.sum() / amount.sum())
    variances = chance * (1 - chance) / np.where(amounts == 0, np.inf, amounts)
    return np.asarray(_weight(amounts, amount) * np.sqrt(variances.sum(axis=0)))


def freedom_of(moments: Moments | None, dimension: str, segments: int) -> FloatArray:
    """Degrees of freedom of each segment's error, shape (s,): its days on both sides less 2; 0 without days.

    A variance that is lent has those of all days.
    """
    squares = squares_of(moments, dimension)
    if squares is None:
        return np.zeros(segments)
    active = squares.moments.active.get(dimension)
    if active is None:
        return np.full(segments, float(squares.days.sum() - 2))
    days = np.where(squares.is_sparse, squares.days, active)
    return np.asarray(days.sum(axis=0) - 2)


def volume_variances(leaf: Leaf, columns: Columns, squares: Squares) -> FloatArray | None:
    """Of each segment's volume, shape (2, s): the days of a side times the variance over them."""
    powers = [power for monomial in leaf.terms.top for power in monomial]
    metrics = [metric for metric, _ in powers if metric != DAYS]
    square = squares.of(metrics[0], metrics[0]) if len(metrics) == 1 else None
    if square is None:
        return None
    days = squares.days
    rest = square - columns[metrics[0]] ** 2 / days
    variance = days / (days - 1) * np.where(rest > NOTHING * square, rest, 0.0)
    return variance / columns[DAYS] ** 2 if len(powers) > 1 else variance


def rate_variances(numerator: str, denominator: str, columns: Columns, squares: Squares) -> FloatArray | None:
    """Of each segment's rate, days being clusters, shape (2, s); NaN where it has no denominator."""
    tops, both = squares.of(numerator, numerator), squares.of(numerator, denominator)
    bottoms = squares.of(denominator, denominator)
    if tops is None or both is None or bottoms is None:
        return None
    rests = _residuals(columns[numerator], columns[denominator], tops, both, bottoms)
    divisor = np.where(columns[denominator] == 0, np.nan, columns[denominator])
    days = squares.days
    return np.asarray(days / (days - 1) * rests / divisor**2)


def _residuals(
    numerators: FloatArray, denominators: FloatArray, tops: FloatArray, both: FloatArray, bottoms: FloatArray
) -> FloatArray:
    """Sums over days of (N - r D)², each of shape (2, s); what is only rounding is 0."""
    rates = np.where(denominators == 0, 0.0, numerators / np.where(denominators == 0, 1.0, denominators))
    rests = tops - 2 * rates * both + rates**2 * bottoms
    return np.asarray(np.where(rests > NOTHING * tops, rests, 0.0))


def _rate_noise(
    numerator: str, denominator: str, whole: Columns, columns: Columns, squares: Squares
) -> FloatArray | None:
    """Error of a segment's rate times its mean share (its only one where it is new or lost)."""
    variances = rate_variances(numerator, denominator, columns, squares)
    if variances is None:
        return None
    amounts = columns[denominator]
    known = np.where(squares.is_sparse, _lent(numerator, denominator, whole, amounts, squares, variances), variances)
    return np.asarray(_weight(amounts, whole[denominator]) * np.sqrt(np.nan_to_num(known).sum(axis=0)))


def _weight(amounts: FloatArray, whole: FloatArray) -> FloatArray:
    """Mean share of each segment, its only one where it is new or lost; shape (s,)."""
    shares = np.abs(amounts / whole)
    return np.asarray(np.where((amounts != 0).all(axis=0), shares.mean(axis=0), shares.max(axis=0)))


def _lent(
    numerator: str, denominator: str, whole: Columns, amounts: FloatArray, squares: Squares, own: FloatArray
) -> FloatArray:
    """Variances for segments on few days: what a unit of the denominator varies by elsewhere; never below their own.

    Elsewhere is the dimension's other segments where they hold half of the denominator, else the whole.
    """
    days = squares.days
    others = np.where(squares.is_sparse | (amounts == 0), 0.0, np.abs(amounts))
    held = others.sum(axis=1, keepdims=True)
    among = np.nansum(own * others**2, axis=1, keepdims=True) / np.where(held == 0, 1.0, held)
    rests = _residuals(
        whole[numerator],
        whole[denominator],
        *(squares.of_whole(*pair) for pair in ((numerator,) * 2, (numerator, denominator), (denominator,) * 2)),
    )
    # All who borrow share the error of this one variance, so it is lent at its upper limit.
    upper = 1 + 2 * np.sqrt(2 / (days - 1))
    overall = upper * days / (days - 1) * rests / np.abs(whole[denominator])
    unit = np.where(held >= np.abs(amounts).sum(axis=1, keepdims=True) / 2, among, overall)
    return np.fmax(own, unit / np.where(amounts == 0, np.nan, np.abs(amounts)))
