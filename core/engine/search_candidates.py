"""Candidate segments: frequent values, and their pairs and triples (docs/formulas.md, F3.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from core.engine.search_rows import Rows
from core.model.cells import IntArray
from core.model.sums import FloatArray

LEAST_SHARE = 0.01
LEAST_COMBINED = 0.005
MOST_CONDITIONS = 3
NONE = -1
Condition = tuple[int, int]


@dataclass(frozen=True)
class Family:
    """Candidates over the same dimensions: `count` of them from number `first` on.

    of_cell: shape (n,), which of them a cell belongs to; `count` for none. codes: shape (count, dimensions of it).
    """

    dimensions: tuple[int, ...]
    first: int
    count: int
    of_cell: IntArray
    codes: IntArray


@dataclass(frozen=True)
class Candidates:
    """All candidates, numbered through the families.

    parents: shape (s, 3), the candidates with one condition less; -1 where there is none.
    """

    families: tuple[Family, ...]
    parents: IntArray

    @cached_property
    def conditions(self) -> tuple[tuple[Condition, ...], ...]:
        """(dimension, code) of each candidate, in the order of the dimensions."""
        return tuple(
            tuple(zip(family.dimensions, codes, strict=True))
            for family in self.families
            for codes in family.codes.tolist()
        )

    @cached_property
    def depths(self) -> IntArray:
        """Number of conditions, shape (s,)."""
        return np.array([len(conditions) for conditions in self.conditions], dtype=np.int64)

    def cells(self, number: int) -> NDArray[np.bool_]:
        """Which cells belong to a candidate."""
        family = next(f for f in self.families if f.first <= number < f.first + f.count)
        return np.asarray(family.of_cell == number - family.first)

    def series(self, rows: Rows) -> tuple[FloatArray, FloatArray | None]:
        """Tops and bottoms of every candidate over `rows`, shape (s, clusters of both sides)."""
        width = sum(rows.clock.sizes)
        keys = ((f.of_cell[rows.cell] * width + rows.time, f.count) for f in self.families)
        tops, bottoms = [], []
        for key, count in keys:
            tops.append(_added(key, rows.tops, count, width))
            if rows.bottoms is not None:
                bottoms.append(_added(key, rows.bottoms, count, width))
        return np.concatenate(tops), np.concatenate(bottoms) if bottoms else None


def candidates(rows: Rows, names: tuple[tuple[str, ...], ...]) -> Candidates:
    """Values with at least 1 % of the volume of a side; their pairs and triples with at least 0.5 %."""
    counted = [np.bincount(rows.cell[s], rows.weights[s], len(rows.codes)) for s in _sides(rows)]
    weights = np.stack(counted).astype(np.float64)
    known: dict[tuple[int, ...], Family] = {}
    first = 0
    for depth in range(1, MOST_CONDITIONS + 1):
        for dimensions in combinations(range(len(names)), depth):
            family = _family(dimensions, first, rows.codes, names, weights, known)
            if family is not None:
                known[dimensions] = family
                first += family.count
    families = tuple(known.values())
    return Candidates(families, np.concatenate([_parents(f, known) for f in families] or [np.zeros((0, 3), int)]))


def _sides(rows: Rows) -> Iterator[NDArray[np.bool_]]:
    yield rows.is_base
    yield ~rows.is_base


def _family(
    dimensions: tuple[int, ...],
    first: int,
    codes: IntArray,
    names: tuple[tuple[str, ...], ...],
    weights: FloatArray,
    known: dict[tuple[int, ...], Family],
) -> Family | None:
    """Those over `dimensions` of which all parts are candidates too; None if there are none."""
    if len(dimensions) == 1:
        place = dimensions[0]
        return _frequent(dimensions, first, codes, codes[:, place], codes[:, place] < len(names[place]), weights)
    parts = [known.get(part) for part in combinations(dimensions, len(dimensions) - 1)]
    head, last = parts[0], known.get(dimensions[-1:])
    if head is None or last is None or any(part is None for part in parts):
        return None
    fits = np.all([part.of_cell < part.count for part in parts if part is not None], axis=0)
    return _frequent(dimensions, first, codes, head.of_cell * (last.count + 1) + last.of_cell, fits, weights)


def _frequent(
    dimensions: tuple[int, ...],
    first: int,
    codes: IntArray,
    key: IntArray,
    fits: NDArray[np.bool_],
    weights: FloatArray,
) -> Family | None:
    """Cells with one key are one candidate, where a side has enough of it."""
    if not fits.any():
        return None
    least = LEAST_SHARE if len(dimensions) == 1 else LEAST_COMBINED
    keys, example, of_cell = np.unique(key[fits], return_index=True, return_inverse=True)
    volumes = np.stack([np.bincount(of_cell, side[fits], len(keys)) for side in weights])
    keep = (volumes >= least * np.maximum(weights.sum(axis=1), np.finfo(float).tiny)[:, None]).any(axis=0)
    if not keep.any():
        return None
    count = int(keep.sum())
    number = np.where(keep, np.cumsum(keep) - 1, count)
    whole = np.full(len(codes), count, dtype=np.int64)
    whole[fits] = number[of_cell]
    return Family(dimensions, first, count, whole, codes[fits][example[keep]][:, list(dimensions)])


def _parents(family: Family, known: dict[tuple[int, ...], Family]) -> IntArray:
    found = np.full((family.count, MOST_CONDITIONS), NONE, dtype=np.int64)
    if len(family.dimensions) == 1:
        return found
    mine = family.of_cell < family.count
    for column, part in enumerate(combinations(family.dimensions, len(family.dimensions) - 1)):
        parent = known[part]
        found[family.of_cell[mine], column] = parent.first + parent.of_cell[mine]
    return found


def _added(key: IntArray, values: FloatArray, count: int, width: int) -> FloatArray:
    """Sums by candidate and cluster; rows of no candidate come last and are dropped."""
    added = np.bincount(key, values, (count + 1) * width).astype(np.float64)
    return added.reshape(count + 1, width)[:count]
