"""Bridges for the report's tests, built from a few sums that a reader can check by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.engine.bridge import Bridge, build_bridge
from core.engine.equation import parse
from core.model.analysis import EquationSpec, StepSpec
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.data import Calendar
from core.model.sums import Moments, SegmentSums, Sums
from core.warehouse import Version

OCTOBER = DateSide(date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER = DateSide(date(2026, 11, 1), date(2026, 11, 30))
MONTHS = Comparison("day", OCTOBER, NOVEMBER)
COUNTRIES = Comparison("country", GroupSide(("FR",)), GroupSide(("DE", None)))
DEVICES = {
    "mobile": ((740_000, 22_200, 190_000), (820_000, 19_700, 173_000)),
    "desktop": ((400_000, 16_800, 195_000), (357_000, 14_280, 175_300)),
    "tablet": ((70_000, 2_170, 27_600), (63_000, 1_900, 23_000)),
}
"""visits, orders, revenue in October and in November."""
SHOP_STEPS = (
    StepSpec(formula="visits", name="Visits"),
    StepSpec(formula="orders / visits", name="Conversion", unit="%", threshold_pct=10),
    StepSpec(formula="revenue / orders", name="Basket", unit="€"),
)


def bridge_of(
    spec: EquationSpec,
    metrics: Sequence[str],
    segments: dict[str, tuple[Sequence[float], Sequence[float]]],
    *,
    dimension: str = "device",
    comparison: Comparison | None = MONTHS,
    **options: Any,
) -> Bridge:
    """A bridge over one dimension; segments: name → metrics in base, metrics in current."""
    values = np.array([[segments[name][side] for name in segments] for side in (0, 1)], dtype=float)
    rows = np.full((2, len(segments)), 10.0)
    days = (31, 30) if comparison is None or comparison.is_dates else None
    sums = Sums(
        metrics=tuple(metrics),
        totals=values.sum(axis=1),
        filled=np.full((2, len(metrics)), rows[0].sum()),
        rows=rows.sum(axis=1),
        days=days,
        dimensions={dimension: SegmentSums(tuple(segments), values, rows)},
    )
    return build_bridge(parse(spec, metrics, summable=metrics), sums, comparison=comparison, **options)


def shop_bridge(comparison: Comparison | None = MONTHS, *, limit: float | None = 5, **options: Any) -> Bridge:
    """Revenue = visits x conversion x basket: 412.6k → 371.3k."""
    equation = EquationSpec(steps=SHOP_STEPS, unit="€", total_threshold_pct=limit, **options)
    return bridge_of(equation, ("visits", "orders", "revenue"), DEVICES, comparison=comparison)


def swinging_bridge(swing: float, comparison: Comparison | None = MONTHS, *, dates: int = 10) -> Bridge:
    """Orders = visits x conversion: 200 → 205, by visits alone, which swing from date to date on both sides."""
    visits = np.array([swing, -swing] * dates)[:dates]
    daily = (40.0 + visits, 41.0 + visits)
    sides = tuple(np.stack([side, side / 2], axis=1) for side in daily)
    moments = Moments(
        (dates, dates), (), np.zeros((2, 0)), {}, metrics=("visits", "orders"), daily=(sides[0], sides[1])
    )
    spec = EquationSpec(steps=(StepSpec(formula="visits"), StepSpec(formula="orders / visits")), total="orders")
    segments = {"all": ((400.0, 200.0), (410.0, 205.0))}
    return bridge_of(spec, ("visits", "orders"), segments, comparison=comparison, moments=lambda: moments)


def sum_bridge(
    base: Sequence[float],
    current: Sequence[float],
    *,
    names: Sequence[str] = (),
    unit: str = "€",
    total: str = "cost",
    comparison: Comparison | None = MONTHS,
    **options: Any,
) -> Bridge:
    """A KPI that is the sum of its parts."""
    metrics = [f"m{i}" for i in range(len(base))]
    labels = names or [f"Part {i + 1}" for i in range(len(base))]
    steps = tuple(StepSpec(formula=metric, name=label) for metric, label in zip(metrics, labels, strict=True))
    formula = " + ".join(f"[{i + 1}]" for i in range(len(base)))
    spec = EquationSpec(steps=steps, formula=formula, total=total, unit=unit, **options)
    return bridge_of(spec, metrics, {"all": (base, current)}, dimension="place", comparison=comparison)


def rate_bridge(segments: dict[str, tuple[Sequence[float], Sequence[float]]], *, limit: float | None = None) -> Bridge:
    """Conversion in percent: orders / visits."""
    steps = (StepSpec(formula="orders / visits"),)
    spec = EquationSpec(steps=steps, total="conversion", unit="%", total_threshold_pct=limit)
    return bridge_of(spec, ("visits", "orders"), segments)


SIMPSON = {"desktop": ((6_000, 300), (4_000, 208)), "mobile": ((4_000, 80), (8_000, 176))}
"""Both devices convert better, together they convert worse."""


@pytest.fixture
def shop() -> Bridge:
    return shop_bridge()


@pytest.fixture
def version() -> Version:
    return Version(
        dataset="shop",
        number=214,
        rows=1000,
        bytes=4096,
        columns=(),
        calendar=Calendar(),
        as_of=datetime(2026, 12, 1, 5, 2, tzinfo=UTC),
        published_at=datetime(2026, 12, 1, 5, 3, tzinfo=UTC),
        newest=date(2026, 11, 30),
        oldest=date(2024, 12, 1),
        newest_is_full=True,
        facts=Path("214.parquet"),
    )
