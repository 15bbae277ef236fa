"""Printed figures add up, whatever the bridge."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.bridge import Bridge
from core.model.analysis import EquationSpec, StepSpec
from core.report.printed import print_bridge, within_sentence
from core.report.printed_detail import print_detail
from tests.report.conftest import bridge_of, shop_bridge, sum_bridge

COUNTS = st.integers(min_value=0, max_value=10**7).map(float)
SIDE = st.tuples(COUNTS, COUNTS, COUNTS)
TABLES = st.dictionaries(st.text(min_size=1, max_size=8), st.tuples(SIDE, SIDE), min_size=1, max_size=9)
CHAIN = EquationSpec(
    steps=tuple(StepSpec(formula=text) for text in ("visits", "orders / visits", "revenue / orders")), unit="€"
)


@given(TABLES)
@settings(max_examples=30, deadline=None)
def test_printed_bars_add_up_to_the_printed_change(
    table: dict[str, tuple[tuple[float, ...], tuple[float, ...]]],
) -> None:
    printed = print_bridge(bridge_of(CHAIN, ("visits", "orders", "revenue"), table), "en")
    assert printed.base + sum(step.units for step in printed.steps) == printed.current


@given(TABLES)
@settings(max_examples=30, deadline=None)
def test_printed_segments_add_up_to_their_printed_step(
    table: dict[str, tuple[tuple[float, ...], tuple[float, ...]]],
) -> None:
    printed = print_bridge(bridge_of(CHAIN, ("visits", "orders", "revenue"), table), "en")
    for step in printed.steps:
        if printed.bridge.best_dimension(step.name):
            detail = print_detail(printed, step.name, "device")
            assert detail.performance + detail.mix == step.units


def test_percentages_add_up_too(shop: Bridge) -> None:
    printed = print_bridge(shop, "en")
    assert round(sum(step.share or 0 for step in printed.steps), 9) == -10.0


def test_parts_of_a_sum_take_its_unit() -> None:
    assert print_bridge(sum_bridge([5, 7], [6, 8]), "en").steps[0].to_text == "€6.00"


def test_a_falling_cost_inside_a_profit_is_good() -> None:
    spec = EquationSpec(
        steps=(StepSpec(formula="sales"), StepSpec(formula="cost", good="down")), formula="[1] - [2]", total="profit"
    )
    printed = print_bridge(bridge_of(spec, ("sales", "cost"), {"all": ((10, 8), (10, 6))}), "en")
    assert printed.step("cost").tone == "good"


def test_a_rising_kpi_is_bad_where_a_fall_is_good() -> None:
    assert print_bridge(sum_bridge([5], [6], good="down"), "en").tone == "bad"


def test_small_segments_are_one() -> None:
    table = {f"s{i}": ((1000.0 * i,), (1000.0 * i + 10 * i,)) for i in range(1, 12)}
    spec = EquationSpec(steps=(StepSpec(formula="visits"),))
    printed = print_bridge(bridge_of(spec, ("visits",), table), "en")
    assert print_detail(printed, "visits", "device").segments[-1].others == 7


def test_a_single_small_segment_keeps_its_name(shop: Bridge) -> None:
    names = [segment.name for segment in print_detail(print_bridge(shop, "en"), "Conversion", "device").segments]
    assert names == ["mobile", "desktop", "tablet"]


def test_formulas_and_abbreviations_keep_their_letters() -> None:
    assert [within_sentence(name, "en") for name in ("Visits", "ARPU", "orders / Visits")] == [
        "visits",
        "ARPU",
        "orders / Visits",
    ]


def test_a_step_without_a_change_has_neither_good_nor_bad() -> None:
    assert print_bridge(shop_bridge(), "en").steps[0].tone == "good"
    assert print_bridge(sum_bridge([5, 1], [6, 1]), "en").steps[1].tone == "rest"


@pytest.mark.parametrize(
    ("name", "locale", "inside"),
    [
        ("Conversion", "en", "conversion"),
        ("Basket size", "fr", "basket size"),
        ("Anzahl Besuche", "en", "Anzahl Besuche"),
        ("Umsatz", "de", "Umsatz"),
        ("KPI", "en", "KPI"),
        ("B", "en", "B"),
    ],
)
def test_a_name_inside_a_sentence_loses_only_a_lonely_capital(name: str, locale: str, inside: str) -> None:
    assert within_sentence(name, locale) == inside


def test_segments_that_all_have_a_bar_are_not_folded(shop: Bridge) -> None:
    detail = print_detail(print_bridge(shop, "en"), "Basket", "device")
    assert {segment.name for segment in detail.segments} == {"mobile", "desktop", "tablet"}
