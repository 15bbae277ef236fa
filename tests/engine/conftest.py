"""Small tables that a reader can check by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from core.engine.equation import Equation, parse
from core.model.analysis import EquationSpec, StepSpec
from core.model.sums import SegmentSums, Sums

Side = Mapping[str, Sequence[float]]


@pytest.fixture(scope="session")
def equation() -> Callable[..., Equation]:
    """`equation("visits", "orders / visits", formula=…, unit=…)` over the columns its steps name."""

    def make(*steps: str, **spec: object) -> Equation:
        columns = sorted({name for step in steps for name in step.split(" / ")})
        return parse(
            EquationSpec(steps=tuple(StepSpec(formula=step) for step in steps), **spec), columns, summable=columns
        )

    return make


@pytest.fixture(scope="session")
def table() -> Callable[..., Sums]:
    """`table(["visits", "orders"], base={"desktop": (6000, 300)}, current={…})`: sums by segment of `device`."""

    def make(
        metrics: Sequence[str],
        base: Side,
        current: Side,
        *,
        dimension: str = "device",
        days: tuple[int, int] | None = None,
        totals: Sequence[Sequence[float]] | None = None,
        distinct: Sequence[str] = (),
    ) -> Sums:
        names = tuple(sorted({*base, *current}))
        empty = [0.0] * len(metrics)
        values = np.array([[side.get(name, empty) for name in names] for side in (base, current)], dtype=np.float64)
        rows = np.array([[1000.0 * (name in side) for name in names] for side in (base, current)])
        whole = values.sum(axis=1) if totals is None else np.array(totals, dtype=np.float64)
        return Sums(
            metrics=tuple(metrics),
            totals=whole,
            filled=np.repeat(rows.sum(axis=1)[:, None], len(metrics), axis=1),
            rows=rows.sum(axis=1),
            days=days,
            dimensions={dimension: SegmentSums(names, values, rows)},
            distinct=frozenset(distinct),
        )

    return make
