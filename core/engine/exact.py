"""Sums that must add up, and the check that they do (docs/formulas.md, F3.9)."""

from __future__ import annotations

import math

import numpy as np

from core.model.sums import FloatArray

TOLERANCE = 1e-9


class DoesNotAddUp(AssertionError):
    """Parts do not add up to their whole: a bug in the engine, never a matter of the data."""


def total_of(values: FloatArray) -> float:
    """Correctly rounded sum of all `values`."""
    return math.fsum(values.ravel().tolist())


def settle(parts: FloatArray, whole: FloatArray, *, scale: FloatArray | float = 0.0) -> FloatArray:
    """`parts` with the last bits of rounding put into the largest one, so that each column sums to `whole`.

    parts: shape (n, s); whole: shape (s,), both in one unit. Columns whose whole is not finite are left alone.
    scale: size of the numbers the parts were computed from, where that is larger than parts and whole.
    Raises DoesNotAddUp when the gap is more than rounding can explain (docs/formulas.md, F3.9).
    """
    if parts.size == 0:
        return parts
    with np.errstate(invalid="ignore", over="ignore"):
        sums = np.array([_sum(column) for column in parts.T.tolist()])
        gap = np.where(np.isfinite(whole) & np.isfinite(sums), whole - sums, 0.0)
    size = np.abs(parts)
    allowed = TOLERANCE * np.maximum(np.maximum(np.abs(whole), size.max(axis=0)), scale)
    if (np.abs(gap) > allowed).any():
        worst = int(np.argmax(np.abs(gap) - allowed))
        raise DoesNotAddUp(f"Parts sum to {float(sums[worst])!r}, not to {float(whole[worst])!r}.")
    settled = parts.copy()
    settled[size.argmax(axis=0), np.arange(parts.shape[1])] += gap
    return settled


def _sum(column: list[float]) -> float:
    try:
        return math.fsum(column)
    except (OverflowError, ValueError):
        return math.nan
