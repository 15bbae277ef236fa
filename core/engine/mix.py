"""What segments do inside a step: performance and mix (docs/formulas.md, F3.4).

Effects are in the step's unit; times the step's weight they are in the KPI's. Arrays over s segments; N and D have
shape (2, s). A segment that is missing on a side has 0 there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.model.analysis import Method
from core.model.sums import BASE, CURRENT, FloatArray

BOTH, NEW, LOST, ORPHAN = "both", "new", "lost", "orphan"


@dataclass(frozen=True)
class Inside:
    """Effects of s segments: total = performance + mix; shares, rates of shape (2, s), NaN where undefined."""

    kinds: NDArray[np.str_]
    shares: FloatArray
    rates: FloatArray
    performance: FloatArray
    total: FloatArray

    @property
    def mix(self) -> FloatArray:
        """Effect of gaining or losing share."""
        return self.total - self.performance


def inside_ratio(
    numerators: FloatArray,
    denominators: FloatArray,
    whole_numerator: FloatArray,
    whole_denominator: FloatArray,
    method: Method = "shapley",
) -> Inside:
    """A ratio step; whole_*: shape (2,), the step's own numerator and denominator, no denominator being 0.

    New and lost segments have no performance; an orphan has a numerator without any denominator.
    `sequential` takes shares at current and compares with the base rate; all others take means of both sides.
    """
    shares = denominators / whole_denominator[:, None]
    parts = numerators / whole_denominator[:, None]
    wholes = whole_numerator / whole_denominator
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(denominators == 0, np.nan, numerators / denominators)
    one_by_one = method == "sequential"
    compared = wholes[BASE] if one_by_one else wholes.mean()
    weight = shares[CURRENT] if one_by_one else shares.mean(axis=0)
    total = parts[CURRENT] - parts[BASE] - compared * (shares[CURRENT] - shares[BASE])
    exists = (denominators != 0).all(axis=0)
    performance = np.where(
        exists, weight * (np.where(exists, rates[CURRENT], 0) - np.where(exists, rates[BASE], 0)), 0.0
    )
    return Inside(_kinds(denominators, numerators), shares, rates, performance, total)


def inside_volume(amounts: FloatArray, whole: FloatArray) -> Inside:
    """A volume step: its effect is the segment's own change, all of it performance. Rates are the amounts."""
    shares = np.full_like(amounts, np.nan)
    for side in (BASE, CURRENT):
        if whole[side] != 0:
            shares[side] = amounts[side] / whole[side]
    change = amounts[CURRENT] - amounts[BASE]
    return Inside(_kinds(amounts, amounts), shares, amounts, change, change)


def _kinds(present: FloatArray, counted: FloatArray) -> NDArray[np.str_]:
    """By what is `present` on the two sides; an orphan is counted without ever being present."""
    base, current = present[BASE] != 0, present[CURRENT] != 0
    neither = np.where((counted != 0).any(axis=0), ORPHAN, BOTH)
    return np.where(base & current, BOTH, np.where(current, NEW, np.where(base, LOST, neither)))
