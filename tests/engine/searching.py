"""Tables of a few dimensions, days and metrics, as the cells and the bridge that a search is given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.engine.bridge import Bridge, build_bridge
from core.engine.equation import parse
from core.engine.search_subject import subject_of
from core.engine.segments import EVERYTHING_ELSE, Found, search
from core.model.analysis import EquationSpec, StepSpec
from core.model.cells import Cells
from core.model.sums import SegmentSums, Sums


@dataclass(frozen=True)
class Table:
    """Rows: codes (r, dimensions) of values v0, v1 …; sides, days, metrics (r, metrics). names: of the dimensions."""

    names: tuple[str, ...]
    codes: np.ndarray
    sides: np.ndarray
    days: np.ndarray | None
    metrics: tuple[str, ...]
    values: np.ndarray

    def shuffled(self, order) -> Table:
        """The same rows in another order."""
        days = None if self.days is None else self.days[order]
        return replace(self, codes=self.codes[order], sides=self.sides[order], days=days, values=self.values[order])

    def cells(self) -> Cells:
        """As the warehouse would give them, every value being told apart."""
        codes, cell = np.unique(self.codes, axis=0, return_inverse=True)
        return Cells(
            dimensions=self.names,
            names=tuple(tuple(f"v{i}" for i in range(column.max() + 1)) for column in self.codes.T),
            codes=codes,
            cell=cell.ravel(),
            sides=self.sides,
            clusters=np.zeros_like(self.sides) if self.days is None else self.days,
            metrics=self.metrics,
            values=self.values,
            sizes=None if self.days is None else (int(self.days.max()) + 1,) * 2,
        )

    def sums(self, mask=None) -> np.ndarray:
        """Sums of the metrics on both sides, shape (2, metrics)."""
        mask = np.ones(len(self.sides), bool) if mask is None else mask
        return np.stack([self.values[mask & (self.sides == side)].sum(axis=0) for side in (0, 1)])

    def bridge(self, *steps: str, formula: str | None = None) -> Bridge:
        """Of the whole, with the first dimension."""
        spec = EquationSpec(steps=tuple(StepSpec(formula=step) for step in steps), formula=formula)
        values = sorted({f"v{code}" for code in self.codes[:, 0]})
        by_value = np.stack([self.sums(self.codes[:, 0] == int(value[1:])) for value in values], axis=1)
        segments = {self.names[0]: SegmentSums(tuple(values), by_value, np.ones((2, len(values))))}
        counts = np.bincount(self.sides, minlength=2).astype(float)
        sums = Sums(self.metrics, self.sums(), np.tile(counts[:, None], len(self.metrics)), counts, None, segments)
        return build_bridge(parse(spec, self.metrics, summable=self.metrics), sums)

    def found(self, *steps: str, step: str | None = None, formula: str | None = None, k: int = 5) -> Found:
        """What the search finds."""
        return search(self.cells(), subject_of(self.bridge(*steps, formula=formula), step), k=k)

    def matching(self, conditions) -> np.ndarray:
        """Which rows fulfil all conditions."""
        return np.all([self.codes[:, self.names.index(d)] == int(v[1:]) for d, v in conditions], axis=0)


def by_hand(*rows: tuple) -> Table:
    """Rows (value of "device", value of "country", base, current) of one metric, "visits", without days."""
    codes = np.array([row[:2] for row in rows for _ in (0, 1)])
    sides = np.tile([0, 1], len(rows))
    values = np.array([[float(value)] for row in rows for value in row[2:]])
    return Table(("device", "country"), codes, sides, None, ("visits",), values)


def random_table(
    seed: int, shape: tuple[int, ...], days: int, cause=(), factor: float = 1.0, *, has_noise: bool = True
) -> Table:
    """Visits and orders of every combination and day; in current the orders of `cause` times factor.

    has_noise: visits are Poisson and orders binomial; else days go up and down, and all combinations with them.
    """
    random = np.random.default_rng(seed)
    grid = np.array(list(np.ndindex(2, days, *shape)))
    sides, day, codes = grid[:, 0], grid[:, 1], grid[:, 2:]
    level = random.lognormal(9.5, 0.4, shape)[tuple(codes.T)]
    visits = random.poisson(level) if has_noise else level * (1 + 0.1 * (day % 3))
    rate = np.full(len(grid), 0.1)
    hit = np.all([codes[:, d] == code for d, code in cause], axis=0) if cause else np.zeros(len(grid), bool)
    rate[hit & (sides == 1)] *= factor
    orders = random.binomial(visits, rate) if has_noise else visits * rate
    names = ("browser", "country", "device")[: len(shape)]
    return Table(names, codes, sides, day, ("visits", "orders"), np.stack([visits, orders], axis=1).astype(float))


def segments(found: Found) -> list[str]:
    """The pieces' names, without everything else."""
    names = found.frame["segment"].to_list()
    assert names[-1] == EVERYTHING_ELSE
    return names[:-1]
