"""The worked examples of docs/formulas.md, in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.engine.bridge import build_bridge
from core.engine.chain import decompose, path_weights
from core.engine.formula import parse_formula
from core.errors import DataError

E1 = ([1000, 0.05, 80], [1200, 0.04, 90])
E2 = ([500, 0, 40], [600, 0.02, 50])


def effects(base, current, method="shapley", formula=None):
    values = np.array([base, current], dtype=np.float64)[:, :, None]
    node = parse_formula(formula, len(base)) if formula else None
    return decompose(values, node, method).contributions[:, 0]


def exactly(*fractions):
    return pytest.approx([float(fraction) for fraction in fractions], rel=1e-12, abs=1e-12)


def by_segment(rows, column):
    return dict(zip(rows["segment"], rows[column], strict=True))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("shapley", [Fraction(2290, 3), Fraction(-2810, 3), Fraction(1480, 3)]),
        ("sequential", [800, -960, 480]),
        ("covariance", [Fraction(5120, 7), Fraction(-6080, 7), Fraction(3200, 7)]),
    ],
)
def test_e1_splits_a_chain(method, expected):
    assert effects(*E1, method) == exactly(*expected)


def test_e1_splits_a_chain_by_lmdi():
    assert effects(*E1, "lmdi") == pytest.approx([758.08, -927.82, 489.74], abs=0.005)


def test_e1_depends_on_the_order_only_by_sequential():
    reverse = effects(E1[0][::-1], E1[1][::-1], "sequential")[::-1]
    assert reverse == exactly(720, -900, 500)


def test_e1_gives_the_published_weights():
    weights = path_weights(np.array(E1)[:, :, None])[:, 0]
    assert weights * [1, 1, 1] == exactly(Fraction(229, 60), Fraction(281000, 3), Fraction(148, 3))


def test_e1_covariance_is_not_its_own_mirror_image():
    assert effects(*reversed(E1), "covariance") == pytest.approx([-783.16, 985.26, -522.11], abs=0.005)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("shapley", [Fraction(140, 3), Fraction(1490, 3), Fraction(170, 3)]),
        ("lmdi", [0, 600, 0]),
        ("covariance", [0, 600, 0]),
        ("sequential", [0, 480, 120]),
    ],
)
def test_e2_explains_a_launch_from_zero(method, expected):
    assert effects(*E2, method) == exactly(*expected)


@pytest.mark.parametrize(
    ("method", "expected"), [("shapley", [-20, 880]), ("covariance", [Fraction(-740, 9), Fraction(8480, 9)])]
)
def test_e3_explains_a_change_of_sign(method, expected):
    assert effects([100, -5], [120, 3], method) == exactly(*expected)


def test_e3_is_refused_by_lmdi():
    with pytest.raises(DataError, match="'lmdi' needs values of 0 or more"):
        effects([100, -5], [120, 3], "lmdi")


@pytest.fixture
def simpson(equation, table):
    sums = table(
        ["visits", "orders", "revenue"],
        base={"desktop": (6000, 300, 15000), "mobile": (4000, 80, 4000)},
        current={"desktop": (4000, 208, 10816), "mobile": (8000, 176, 9152)},
    )
    return build_bridge(equation("visits", "orders / visits", "revenue / orders"), sums)


def test_e4_splits_the_steps_of_simpsons_paradox(simpson):
    assert simpson.steps["contribution"].to_list() == exactly(3568, -3368, 768)


def test_e4_shows_that_both_segments_improve_while_the_rate_falls(simpson):
    rows = simpson.detail("orders / visits", "device")
    weight = Fraction(1684000, 3)
    performance, mix = by_segment(rows, "performance"), by_segment(rows, "mix")
    assert [performance["desktop"], performance["mobile"]] == exactly(
        weight * Fraction(7, 7500), weight * Fraction(2, 1875)
    )
    assert [mix["desktop"], mix["mobile"]] == exactly(weight * Fraction(-8, 1875), weight * Fraction(-7, 1875))


def test_e5_follows_one_rule_for_new_lost_and_orphan_segments(equation, table):
    sums = table(
        ["visits", "orders"],
        base={"A": (100, 10), "B": (100, 30), "X": (0, 0)},
        current={"A": (150, 18), "C": (50, 20), "X": (0, 2)},
    )
    rows = build_bridge(equation("orders / visits"), sums).detail("orders / visits", "device")
    assert by_segment(rows, "kind") == {"A": "both", "B": "lost", "C": "new", "X": "orphan"}
    performance, total = by_segment(rows, "performance"), by_segment(rows, "total")
    assert [performance[k] for k in "ABCX"] == exactly(Fraction(1, 80), 0, 0, 0)
    assert [total[k] for k in "ABCX"] == exactly(
        Fraction(1, 80) - Fraction(9, 400), Fraction(-1, 20), Fraction(1, 20), Fraction(1, 100)
    )


def test_e6_keeps_mix_and_performance_that_cancel(equation, table):
    sums = table(["visits", "orders"], base={"A": (50, 10), "B": (50, 5)}, current={"A": (25, 6), "B": (75, 9)})
    rows = build_bridge(equation("orders / visits"), sums).detail("orders / visits", "device")
    assert [by_segment(rows, "performance")[k] for k in "AB"] == exactly(Fraction(3, 200), Fraction(1, 80))
    assert [by_segment(rows, "mix")[k] for k in "AB"] == exactly(Fraction(-7, 400), Fraction(-1, 100))


def test_e7_splits_a_margin_rate():
    assert effects([200, 150], [250, 200], formula="([1] - [2]) / [1]") == exactly(Fraction(7, 40), Fraction(-9, 40))


def test_e7_splits_profit_alike_when_nested_and_when_flat():
    ends = ([1000, 0.05, 80, 60], [1100, 0.06, 78, 63])
    expected = exactly(Fraction(575, 6), Fraction(550, 3), Fraction(-347, 3), Fraction(-347, 2))
    assert effects(*ends, formula="[1] * [2] * ([3] - [4])") == expected
    assert effects(*ends, formula="[1] * [2] * [3] - [1] * [2] * [4]") == expected


def test_e8_is_price_volume_mix(equation, table):
    sums = table(
        ["units", "revenue"], base={"P": (100, 1000), "Q": (50, 1500)}, current={"P": (90, 990), "Q": (90, 2520)}
    )
    bridge = build_bridge(equation("units", "revenue / units"), sums)
    rows = bridge.detail("revenue / units", "device")
    assert bridge.steps["contribution"][0] == pytest.approx(542.5)
    assert rows["mix"].sum() == pytest.approx(508.75)
    assert [by_segment(rows, "performance")[k] for k in "PQ"] == exactly(Fraction(385, 4), Fraction(-275, 2))


def test_covariance_gives_datamas_published_example():
    growth = np.array([-0.117, -0.00185, -0.267, 0.0251, 0.0855])
    base = np.array([45548.0, 1, 1, 1, 1])
    impacts = effects(base, base * (1 + growth), "covariance")
    assert impacts == pytest.approx([-5396, -85.2, -12298, 1128, 3849], rel=0.02)


def test_e8_sequential_is_the_textbook_variant(equation, table):
    """Quantity at the base mix, mix at base prices, prices at current quantities."""
    sums = table(
        ["units", "revenue"], base={"P": (100, 1000), "Q": (50, 1500)}, current={"P": (90, 990), "Q": (90, 2520)}
    )
    bridge = build_bridge(equation("units", "revenue / units"), sums, method="sequential")
    rows = bridge.detail("revenue / units", "device")
    assert bridge.steps["contribution"][0] == pytest.approx(30 * 2500 / 150)
    assert [by_segment(rows, "performance")[k] for k in "PQ"] == exactly(90 * 1, 90 * -2)
    assert rows["mix"].sum() == pytest.approx(90 * 10 + 90 * 30 - 180 * 2500 / 150)
