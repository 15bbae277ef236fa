"""The same bridge by every method: the worked examples E1, E2, E3 and E7, and what is said where one is not defined."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.engine.bridge import Bridge, build_bridge
from core.engine.reconcile import METHODS, Reconciled, reconcile
from core.model.sums import Sums

METRICS = ["visits", "orders", "revenue"]
CHAIN = ("visits", "orders / visits", "revenue / orders")
Build = Callable[..., Bridge]


@pytest.fixture
def build(equation: Callable[..., object], table: Callable[..., Sums]) -> Build:
    def build(base: tuple[float, ...], current: tuple[float, ...], *steps: str, **spec: object) -> Bridge:
        sums = table(METRICS, base={"all": base}, current={"all": current})
        return build_bridge(equation(*(steps or CHAIN), **spec), sums)

    return build


@pytest.fixture
def e1(build: Build) -> Reconciled:
    """Visits 1000 to 1200, conversion 0.05 to 0.04, basket 80 to 90."""
    return reconcile(build((1000, 50, 4000), (1200, 48, 4320)))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("shapley", (763.33, -936.67, 493.33)),
        ("lmdi", (758.08, -927.82, 489.74)),
        ("sequential", (800, -960, 480)),
        ("covariance", (731.43, -868.57, 457.14)),
    ],
)
def test_e1_stands_side_by_side(e1: Reconciled, method: str, expected: tuple[float, ...]) -> None:
    assert e1.frame()[method].to_list() == pytest.approx(expected, abs=0.005)


def test_every_method_adds_up_to_the_change(e1: Reconciled) -> None:
    assert [sum(way.contributions) for way in e1.ways] == pytest.approx([320] * 4)


def test_e1_says_what_the_methods_hand_out_differently(e1: Reconciled) -> None:
    assert e1.alone == pytest.approx((800, -800, 500))
    assert e1.interaction == pytest.approx(-180)
    assert e1.covariance == pytest.approx(180 / 2100)
    assert e1.reverse == pytest.approx((720, -900, 500))
    assert not e1.agrees


def test_e1_differs_most_in_conversion(e1: Reconciled) -> None:
    assert e1.spread[1] == max(e1.spread) == pytest.approx(960 - 868.57, abs=0.005)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("shapley", (140 / 3, 1490 / 3, 170 / 3)),
        ("lmdi", (0, 600, 0)),
        ("sequential", (0, 480, 120)),
        ("covariance", (0, 600, 0)),
    ],
)
def test_e2_stands_side_by_side(
    equation: Callable[..., object], table: Callable[..., Sums], method: str, expected: tuple[float, ...]
) -> None:
    """A launch: visits 500 to 600, conversion 0 to 0.02, price 40 to 50."""
    sums = table(
        ["visits", "orders", "list", "units"], base={"all": (500, 0, 40, 1)}, current={"all": (600, 12, 50, 1)}
    )
    found = reconcile(build_bridge(equation("visits", "orders / visits", "list / units"), sums))
    assert found.zeros == ("orders / visits",)
    assert found.frame()[method].to_list() == pytest.approx(expected)


def test_e2_is_one_step_where_the_basket_is_undefined(build: Build) -> None:
    found = reconcile(build((500, 0, 0), (600, 12, 600)))
    assert found.steps == ("visits", "visits to revenue")
    assert found.way("sequential").contributions == pytest.approx((0, 600))


def test_e3_has_no_lmdi_because_a_step_is_negative(build: Build) -> None:
    found = reconcile(build((100, -500, 1), (120, 360, 1), "visits", "orders / visits"))
    assert found.way("lmdi").reason == "negative"
    assert found.way("shapley").contributions == pytest.approx((-20, 880))
    assert found.frame()["lmdi"].to_list() == [None, None]


def test_e7_has_no_lmdi_because_there_is_a_formula(build: Build) -> None:
    found = reconcile(build((1, 200, 150), (1, 250, 200), "orders", "revenue", formula="([1] - [2]) / [1]"))
    assert found.way("lmdi").reason == "formula"
    assert found.way("shapley").contributions == pytest.approx((7 / 40, -9 / 40))


def test_a_sum_is_the_same_by_every_method_that_is_defined(build: Build) -> None:
    found = reconcile(build((1, 200, 150), (1, 250, 200), "orders", "revenue", formula="[1] + [2]"))
    assert found.agrees
    assert found.interaction == 0
    assert len(found.defined) == 3


def test_one_step_is_the_whole_change_by_every_method(build: Build) -> None:
    found = reconcile(build((1000, 1, 1), (1200, 1, 1), "visits"))
    assert found.agrees
    assert [way.contributions for way in found.ways] == [(200,)] * 4


def test_an_undefined_kpi_has_no_method_at_all(build: Build) -> None:
    found = reconcile(build((0, 5, 5), (10, 5, 5), "orders / visits"))
    assert [way.reason for way in found.ways] == ["undefined"] * len(METHODS)
    assert found.spread == ()


def test_it_says_the_same_whatever_method_the_bridge_was_built_by(
    equation: Callable[..., object], table: Callable[..., Sums]
) -> None:
    sums = table(METRICS, base={"all": (1000, 50, 4000)}, current={"all": (1200, 48, 4320)})
    found = [reconcile(build_bridge(equation(*CHAIN), sums, method=method)) for method in METHODS]
    assert all(other == found[0] for other in found)
    for method, reconciled in zip(METHODS, found, strict=True):
        bridge = build_bridge(equation(*CHAIN), sums, method=method)
        assert list(reconciled.way(method).contributions) == bridge.steps["contribution"].to_list()
