"""How far a segment moves other than the rest, and how sure that is (docs/formulas.md, F3.7).

Series have shape (s, clusters of both sides), sums shape (2, s). A whole may be one for all segments: shape (1, …).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.engine.search_rows import Clock
from core.model.cells import IntArray
from core.model.sums import BASE, CURRENT, FloatArray

_LEAST_ERROR = 1e-9


@dataclass(frozen=True)
class Series:
    """Tops and bottoms over time; bottoms are None where the measure is a sum."""

    tops: FloatArray
    bottoms: FloatArray | None

    def at(self, places: IntArray) -> Series:
        """The chosen segments."""
        return Series(self.tops[places], None if self.bottoms is None else self.bottoms[places])

    def plus(self, other: Series) -> Series:
        """Both together."""
        if self.bottoms is None or other.bottoms is None:
            return Series(self.tops + other.tops, None)
        return Series(self.tops + other.tops, self.bottoms + other.bottoms)

    def minus(self, other: Series) -> Series:
        """What is left without the other."""
        if self.bottoms is None or other.bottoms is None:
            return Series(self.tops - other.tops, None)
        return Series(self.tops - other.tops, self.bottoms - other.bottoms)


@dataclass(frozen=True)
class Excess:
    """Excess of s segments against the rest of their whole, in units of the measure, with its standard error."""

    values: FloatArray
    errors: FloatArray

    @property
    def t(self) -> FloatArray:
        """Shape (s,)."""
        return self.values / self.errors


def excess(own: Series, whole: Series, clock: Clock) -> Excess:
    """The excess of `own` against what else there is in `whole`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if own.bottoms is None or whole.bottoms is None:
            values, errors, scale = _of_sums(own.tops, whole.tops, clock)
        else:
            values, errors, scale = _of_ratios(own.tops, own.bottoms, whole.tops, whole.bottoms, clock)
    known = np.isfinite(values) & np.isfinite(errors)
    # Data without any noise has an error of 0: what then counts is the size alone, rounding apart.
    least = np.where(scale > 0, _LEAST_ERROR * scale, 1.0)
    return Excess(np.where(known, values, 0.0), np.where(known, np.maximum(errors, least), 1.0))


def movement(own: Series, whole: Series, clock: Clock) -> FloatArray:
    """Own change for each unit of volume: a sum's change over its mean, a ratio's total effect over its mean share.

    0 where there is no volume.
    """
    tops, wholes = clock.sums(own.tops), clock.sums(whole.tops)
    if own.bottoms is None or whole.bottoms is None:
        return _over(tops[CURRENT] - tops[BASE], np.abs(tops).mean(axis=0))
    bottoms, volumes = clock.sums(own.bottoms), clock.sums(whole.bottoms)
    compared = _over(wholes, volumes).mean(axis=0)
    parts = _over(tops - compared * bottoms, np.broadcast_to(volumes, bottoms.shape))
    return _over(parts[CURRENT] - parts[BASE], np.abs(_over(bottoms, volumes)).mean(axis=0))


def _of_sums(own: FloatArray, whole: FloatArray, clock: Clock) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Change beyond the segment's share in base of the whole's change."""
    mine, all_ = clock.sums(own), clock.sums(whole)
    share = np.where(all_[BASE] != 0, mine[BASE] / all_[BASE], mine[CURRENT] / all_[CURRENT])
    growth = np.where(all_[BASE] != 0, all_[CURRENT] / all_[BASE], 1.0)
    values = mine[CURRENT] - mine[BASE] - share * (all_[CURRENT] - all_[BASE])
    scale = np.abs(all_).max(axis=0) + np.zeros_like(values)
    if clock.is_counted:
        each = (1 - share) ** 2 * mine + share**2 * (all_ - mine)
        return values, np.sqrt(each[CURRENT] + growth**2 * each[BASE]), scale
    first = clock.sizes[BASE]
    residuals = own - share[:, None] * whole
    residuals[:, :first] *= -np.broadcast_to(growth, share.shape)[:, None]
    return values, clock.error(residuals), scale


def _of_ratios(
    tops: FloatArray, bottoms: FloatArray, whole_tops: FloatArray, whole_bottoms: FloatArray, clock: Clock
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Total effect (docs/formulas.md, F3.4) beyond the segment's share of all performance."""
    top, bottom = clock.sums(tops), clock.sums(bottoms)
    whole_top, volume = clock.sums(whole_tops), clock.sums(whole_bottoms)
    compared = (whole_top / volume).mean(axis=0)
    shares = bottom / volume
    weight = shares.mean(axis=0)
    rest_top, rest_bottom = whole_top - top, volume - bottom
    exists, rest_exists = (bottom != 0).all(axis=0), (rest_bottom != 0).all(axis=0)
    rates, rest_rates = _over(top, bottom), _over(rest_top, rest_bottom)
    own_part = np.where(exists, weight, 0.0)
    rest_part = np.where(rest_exists, 1.0 - weight, 0.0)
    effect = (top - compared * bottom) / volume
    alike = own_part * (rates[CURRENT] - rates[BASE]) + rest_part * (rest_rates[CURRENT] - rest_rates[BASE])
    values = effect[CURRENT] - effect[BASE] - weight * alike
    scale = np.abs(whole_top / volume).max(axis=0) + np.zeros_like(values)
    if clock.is_counted:
        chance = whole_top.sum(axis=0) / volume.sum(axis=0)
        spread = np.maximum(chance * (1 - chance), 0.0) * (_over(1.0, bottom) + _over(1.0, rest_bottom)).sum(axis=0)
        moving = (rates.mean(axis=0) - compared) ** 2 * (shares * (1 - shares) / volume).sum(axis=0)
        return values, np.sqrt((own_part * rest_part) ** 2 * spread + np.maximum(moving, 0.0)), scale
    errors = _ratio_errors(
        (tops, bottoms, whole_tops, whole_bottoms),
        (compared, effect, rates, rest_rates),
        (bottom, rest_bottom, np.broadcast_to(volume, bottom.shape)),
        (weight, own_part, rest_part),
        clock,
    )
    return values, errors, scale


def _ratio_errors(
    series: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    levels: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    volumes: tuple[FloatArray, FloatArray, FloatArray],
    parts: tuple[FloatArray, FloatArray, FloatArray],
    clock: Clock,
) -> FloatArray:
    """What each cluster adds to the excess, to first order: shares, rates of the segment and of the rest."""
    tops, bottoms, whole_tops, whole_bottoms = series
    compared, effect, rates, rest_rates = levels
    weight, own_part, rest_part = parts
    residuals = np.empty_like(tops)
    first = clock.sizes[BASE]
    compared = np.broadcast_to(compared, weight.shape)[:, None]
    for side, span in ((BASE, slice(None, first)), (CURRENT, slice(first, None))):
        top, bottom = tops[:, span], bottoms[:, span]
        rest_top, rest_bottom = whole_tops[:, span] - top, whole_bottoms[:, span] - bottom
        own, rest, volume = (each[side][:, None] for each in volumes)
        shifted = (top - compared * bottom - effect[side][:, None] * whole_bottoms[:, span]) / volume
        inner = own_part[:, None] * _over(top - rates[side][:, None] * bottom, own)
        outer = rest_part[:, None] * _over(rest_top - rest_rates[side][:, None] * rest_bottom, rest)
        residuals[:, span] = (shifted - weight[:, None] * (inner + outer)) * (1.0 if side == CURRENT else -1.0)
    return clock.error(residuals)


def _over(above: FloatArray | float, below: FloatArray) -> FloatArray:
    """above / below, 0 where below is 0."""
    return np.asarray(np.where(below != 0, above / np.where(below != 0, below, 1.0), 0.0))
