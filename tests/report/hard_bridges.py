"""Bridges that views find hard: each by name, with what is odd about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core.engine.bridge import Bridge, build_bridge
from core.engine.equation import parse
from core.model.analysis import EquationSpec, StepSpec
from core.model.sums import SegmentSums, Sums
from tests.report.conftest import COUNTRIES, MONTHS, SHOP_STEPS, bridge_of, rate_bridge, shop_bridge, sum_bridge

METRICS = ("visits", "orders", "revenue")
RATIO_STEPS = EquationSpec(steps=SHOP_STEPS, unit="€")
LONG = "Ein sehr langer Name mit Übergröße, 日本語 und عربى, " * 4


def _shop(segments: dict[str, tuple[tuple[float, ...], tuple[float, ...]]]) -> Bridge:
    return bridge_of(RATIO_STEPS, METRICS, segments)


def _many(count: int) -> Bridge:
    numbers = range(1, count + 1)
    return _shop({f"place {n}": ((90 + n, 9 + n % 7, 80 + n), (95 + n * 2, 9 + n % 5, 85 + n)) for n in numbers})


def profit() -> Bridge:
    """Visits x (price - cost), with a loss in base."""
    steps = (
        StepSpec(formula="visits"),
        StepSpec(formula="revenue / visits", unit="€"),
        StepSpec(formula="cost / visits", unit="€"),
    )
    spec = EquationSpec(steps=steps, formula="[1] * ([2] - [3])", total="profit", unit="€")
    table = {"web": ((100, 500, 700), (120, 900, 650)), "app": ((80, 200, 160), (60, 210, 170))}
    return bridge_of(spec, ("visits", "revenue", "cost"), table)


def margin() -> Bridge:
    """A formula in which a step occurs twice."""
    steps = (StepSpec(formula="revenue"), StepSpec(formula="cost"))
    spec = EquationSpec(steps=steps, formula="([1] - [2]) / [1]", total="margin", unit="%")
    return bridge_of(spec, ("revenue", "cost"), {"web": ((500, 300), (600, 420)), "app": ((200, 150), (90, 80))})


def wide(count: int) -> Bridge:
    """Many dimensions."""
    rng = np.random.default_rng(7)
    names = ("a", "b", "c")
    dimensions = {}
    totals = np.array([[3000.0, 300, 9000], [3300.0, 280, 8900]])
    for number in range(count):
        shares = rng.dirichlet(np.ones(3), size=2)
        values = shares[:, :, None] * totals[:, None, :]
        dimensions[f"dimension {number}"] = SegmentSums(names, values, np.full((2, 3), 9.0))
    filled = np.full((2, 3), 27.0)
    sums = Sums(METRICS, totals, filled, np.array([27.0, 27.0]), (30, 31), dimensions)
    return build_bridge(parse(RATIO_STEPS, METRICS, summable=METRICS), sums, comparison=MONTHS)


HARD: dict[str, Callable[[], Bridge]] = {
    "plain": shop_bridge,
    "groups": lambda: shop_bridge(COUNTRIES),
    "one step": lambda: rate_bridge({"a": ((100, 10), (120, 9)), "b": ((50, 5), (40, 8))}),
    "one volume": lambda: bridge_of(
        EquationSpec(steps=(StepSpec(formula="visits"),)), ("visits",), {"a": ((1,), (2,))}
    ),
    "one segment": lambda: _shop({"all": ((100, 10, 500), (120, 9, 480))}),
    "nothing changed": lambda: _shop({"a": ((100, 10, 500), (100, 10, 500)), "b": ((50, 5, 60), (50, 5, 60))}),
    "only new segments": lambda: _shop({"x": ((0, 0, 0), (80, 8, 300)), "old": ((100, 9, 400), (0, 0, 0))}),
    "a metric of nothing": lambda: _shop({"a": ((100, 10, 0), (120, 12, 0)), "b": ((10, 1, 0), (9, 1, 0))}),
    "base of nothing": lambda: _shop({"a": ((0, 0, 0), (120, 12, 400)), "b": ((0, 0, 0), (9, 1, 30))}),
    "undefined": lambda: rate_bridge({"a": ((0, 0), (120, 9)), "b": ((0, 0), (40, 8))}),
    "orphans": lambda: _shop({"a": ((100, 10, 500), (120, 9, 480)), "shop": ((0, 3, 90), (0, 4, 110))}),
    "long names": lambda: _shop({LONG + str(n): ((100 + n, 10, 500), (120, 9 + n, 480)) for n in range(9)}),
    "fifty segments": lambda: _many(50),
    "two thousand segments": lambda: _many(2000),
    "negative": profit,
    "margin": margin,
    "ten steps": lambda: sum_bridge(range(1, 11), range(20, 0, -2), names=[f"{LONG} {n}" for n in range(10)]),
    "per day": lambda: _shop_per_day(),
    "without dimensions": lambda: replace_dimensions(shop_bridge()),
    "two hundred dimensions": lambda: wide(200),
}


def _shop_per_day() -> Bridge:
    table = {"a": ((100, 10, 500), (120, 9, 480)), "b": ((50, 5, 60), (40, 8, 90))}
    return bridge_of(RATIO_STEPS, METRICS, table, per_day=True)


def replace_dimensions(bridge: Bridge) -> Bridge:
    """The same without any dimension."""
    return replace(bridge, sums=replace(bridge.sums, dimensions={}))
