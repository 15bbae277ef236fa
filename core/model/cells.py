"""Sums by combinations of several dimensions' frequent values, day by day: what segments are searched in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.model.sums import FloatArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Sums of `metrics` for every side, cluster of days and cell that has rows; r rows in no order.

    names: per dimension the values that are told apart. codes: shape (n, dimensions), the n cells: combinations of
        positions in names; all other values of a dimension are one, whose code is the number of its names.
    cell: shape (r,), a position in codes. sides: shape (r,), BASE or CURRENT.
    clusters: shape (r,), days or runs of days, from 0 on each side. sizes: clusters on each side, None without days.
    values: shape (r, metrics), in metric units.
    is_paired: whether cluster j of one side is the same day as cluster j of the other.
    days: calendar days each side spans, None for groups.
    """

    dimensions: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    codes: IntArray
    cell: IntArray
    sides: IntArray
    clusters: IntArray
    metrics: tuple[str, ...]
    values: FloatArray
    sizes: tuple[int, int] | None
    is_paired: bool = False
    days: tuple[int, int] | None = None
