"""What is measured in the search, and the cells' rows as one top (and bottom) a row in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.engine.terms import DAYS, Columns, Quotient, Terms
from core.model.cells import Cells, IntArray
from core.model.sums import BASE, CURRENT, FloatArray

LEAST_CLUSTERS = 5
PLACES_A_ROW = 8


@dataclass(frozen=True)
class Clock:
    """How noise is told.

    sizes: clusters with rows on each side; series hold those of base first. is_paired: cluster j of both sides is the
    same day. is_counted: there are too few days, so that rows are counts by themselves (docs/formulas.md, F3.7).
    """

    sizes: tuple[int, int]
    is_paired: bool
    is_counted: bool

    @property
    def df(self) -> int | None:
        """Degrees of freedom; None where the normal distribution holds."""
        if self.is_counted:
            return None
        return self.sizes[BASE] - 1 if self.is_paired else sum(self.sizes) - 2

    def sums(self, series: FloatArray) -> FloatArray:
        """Shape (2, …) of series of shape (…, clusters of both sides)."""
        first = self.sizes[BASE]
        return np.stack([series[..., :first].sum(axis=-1), series[..., first:].sum(axis=-1)])

    def error(self, residuals: FloatArray) -> FloatArray:
        """Standard error of a sum over clusters of both sides; residuals: shape (s, clusters of both sides)."""
        first = self.sizes[BASE]
        sides = [residuals[:, :first], residuals[:, first:]]
        if self.is_paired:
            sides = [sides[BASE] + sides[CURRENT]]
        return np.asarray(np.sqrt(sum(_variance(side) for side in sides)))


@dataclass(frozen=True)
class Rows:
    """Rows sorted by cell and time.

    codes: shape (n, dimensions), the n cells. cell, time: shape (r,), time being the cluster, those of base first.
    tops, bottoms: shape (r,), what is added up; bottoms None where the measure is a sum.
    """

    codes: IntArray
    cell: IntArray
    time: IntArray
    tops: FloatArray
    bottoms: FloatArray | None
    clock: Clock

    def only(self, chosen: NDArray[np.bool_]) -> Rows:
        """The chosen rows; cells stay."""
        bottoms = None if self.bottoms is None else self.bottoms[chosen]
        return Rows(self.codes, self.cell[chosen], self.time[chosen], self.tops[chosen], bottoms, self.clock)

    @property
    def is_base(self) -> NDArray[np.bool_]:
        """Shape (r,)."""
        return np.asarray(self.time < self.clock.sizes[BASE])

    @property
    def weights(self) -> FloatArray:
        """Volume of each row, never negative."""
        return np.abs(self.tops if self.bottoms is None else self.bottoms)

    @property
    def are_counts(self) -> bool:
        """Whether tops are counts, and none exceeds its bottom: what can be judged without days."""
        counts = bool((self.tops >= 0).all())
        return counts if self.bottoms is None else counts and bool((self.tops <= self.bottoms).all())


@dataclass(frozen=True)
class Measure:
    """What is searched in: a sum (`bottom` None) or a ratio of two sums, both of metrics."""

    top: Terms
    bottom: Terms | None

    @property
    def metrics(self) -> frozenset[str]:
        """Columns it needs."""
        terms = [*self.top, *(self.bottom or {})]
        return frozenset(metric for monomial in terms for metric, _ in monomial if metric != DAYS)

    @property
    def is_per_day(self) -> bool:
        """Whether the length of the periods matters."""
        return any(metric == DAYS for terms in (self.top, self.bottom or {}) for m in terms for metric, _ in m)

    def values(self, columns: Columns) -> tuple[FloatArray, FloatArray | None]:
        """Tops and bottoms, each of shape (2, s)."""
        bottom = None if self.bottom is None else Quotient(self.bottom).value(columns)
        return Quotient(self.top).value(columns), bottom


def measure_of(terms: Quotient) -> Measure | None:
    """The measure, None where it does not add up over segments."""
    if terms.is_linear:
        return Measure(terms.top, None)
    if terms.ratio is not None:
        top, bottom = terms.ratio
        return None if DAYS in terms.ratio else Measure({((top, 1),): 1.0}, {((bottom, 1),): 1.0})
    parts = Quotient(terms.top), Quotient(terms.bottom)
    return Measure(terms.top, terms.bottom) if all(part.is_linear for part in parts) else None


def rows_of(cells: Cells, measure: Measure) -> Rows:
    """The cells' rows by that measure, in an order that does not depend on theirs."""
    time, clock = _times(cells)
    order = _order(cells.cell * sum(clock.sizes) + time, len(cells.codes) * sum(clock.sizes))
    tops, bottoms = _values(cells, measure)
    bottoms = None if bottoms is None else bottoms[order]
    return Rows(cells.codes, cells.cell[order], time[order], tops[order], bottoms, clock)


def _values(cells: Cells, measure: Measure) -> tuple[FloatArray, FloatArray | None]:
    """Tops and bottoms of all rows; the side of a row matters only to volumes per day."""
    if cells.days is None or not measure.is_per_day:
        tops, bottoms = measure.values(Columns(cells.metrics, cells.values[None]))
        return tops[0], None if bottoms is None else bottoms[0]
    both = np.broadcast_to(cells.values, (2, *cells.values.shape))
    tops, bottoms = measure.values(Columns(cells.metrics, both, cells.days))
    mine = (cells.sides, np.arange(len(cells.sides)))
    return tops[mine], None if bottoms is None else bottoms[mine]


def _order(key: IntArray, count: int) -> IntArray:
    """The rows by key, which lies below `count`; without sorting where keys lie close and come once."""
    if count <= PLACES_A_ROW * len(key):
        places = np.full(count, -1)
        places[key] = np.arange(len(key))
        order = places[places >= 0]
        if len(order) == len(key):
            return order
    return np.argsort(key, kind="stable")


def _times(cells: Cells) -> tuple[IntArray, Clock]:
    """Clusters numbered through both sides, those without any row left out; one a side where there are too few."""
    found = [np.unique(cells.clusters[cells.sides == side]) for side in (BASE, CURRENT)]
    if cells.is_paired:
        found = [np.union1d(*found)] * 2
    sizes = (len(found[BASE]), len(found[CURRENT]))
    if cells.sizes is None or min(sizes) < LEAST_CLUSTERS:
        return cells.sides, Clock((1, 1), is_paired=False, is_counted=True)
    places = [np.searchsorted(clusters, cells.clusters) for clusters in found]
    time = np.where(cells.sides == BASE, places[BASE], sizes[BASE] + places[CURRENT])
    return time, Clock(sizes, cells.is_paired, is_counted=False)


def _variance(residuals: FloatArray) -> FloatArray:
    count = residuals.shape[1]
    centred = residuals - residuals.mean(axis=1, keepdims=True)
    return np.asarray(count / (count - 1) * (centred**2).sum(axis=1))
