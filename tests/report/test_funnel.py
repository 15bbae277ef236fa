"""The funnel: values, changes, numerators and denominators."""

from __future__ import annotations

from core.engine.bridge import Bridge
from core.model.document import plain
from core.report.funnel import funnel_section
from core.report.printed import print_bridge
from core.report.printed_funnel import levels
from tests.report.conftest import shop_bridge
from tests.report.hard_bridges import HARD, margin, profit


def rows(bridge: Bridge, locale: str = "en") -> list[list[str]]:
    table = funnel_section(print_bridge(bridge, locale)).table
    assert table is not None
    return [[cell.text for cell in row] for row in table.rows]


def test_each_step_stands_with_its_numerator_and_denominator(shop: Bridge) -> None:
    assert rows(shop) == [
        ["Visits", "1.21M", "1.24M", "+2.5\u202f%", "+€9.6k", "", ""],
        [
            "Conversion",
            "3.40\u202f%",
            "2.89\u202f%",
            "−15.0\u202f%",
            "−€63.5k",
            "orders 41.2k → 35.9k",
            "visits 1.21M → 1.24M",
        ],
        ["Basket", "€10.02", "€10.35", "+3.3\u202f%", "+€12.6k", "revenue €413k → €371k", "orders 41.2k → 35.9k"],
        ["Revenue", "€412.6k", "€371.3k", "−10.0\u202f%", "−€41.3k", "", ""],
    ]


def test_it_says_what_a_ratio_owes_to_its_numerator_and_its_denominator(shop: Bridge) -> None:
    section = funnel_section(print_bridge(shop, "en"))
    assert plain(section.title) == "Revenue step by step: conversion changed most, −15.0\u202f%"
    assert plain(section.comment[0]) == (
        "Conversion: −15.0\u202f%, −0.51\u00a0pts (orders −12.8\u202f%, visits +2.5\u202f%)."
    )


def test_the_alternative_text_carries_the_numbers(shop: Bridge) -> None:
    chart = funnel_section(print_bridge(shop, "en")).chart
    assert chart is not None
    assert "Conversion 3.40 → 2.89\u202f% (−15.0\u202f%)" in chart.alt


def test_a_kpi_of_one_step_has_one_row() -> None:
    assert [row[0] for row in rows(HARD["one step"]())] == ["orders / visits"]


def test_a_rate_is_never_said_in_percent_of_percent() -> None:
    assert rows(margin())[-1][3:5] == ["−8.2\u00a0pts", "−8.2\u00a0pts"]


def test_what_is_undefined_is_not_available() -> None:
    assert rows(HARD["undefined"]())[0][1:5] == ["n/a", "10.6\u202f%", "n/a", "n/a"]


def test_a_loss_that_becomes_a_gain_has_no_arrow_against_its_sign() -> None:
    total = levels(print_bridge(profit(), "en"))[-1]
    assert (total.change_text, total.turned_text) == ("−281.2\u202f%", "−281.2\u202f%")


def test_days_are_called_in_the_readers_language() -> None:
    table = rows(HARD["per day"](), "de")
    assert table[0][0].lower() == "days"
    assert "visits" in table[2][6]


def test_a_table_can_be_sorted_by_its_numbers(shop: Bridge) -> None:
    table = funnel_section(print_bridge(shop, "en")).table
    assert table is not None
    assert [row[2] for row in table.values[:1]] == [1_240_000]


def test_what_is_good_for_costs_is_bad_for_revenue() -> None:
    tones = [row.tone for row in levels(print_bridge(shop_bridge(good="down"), "en"))]
    assert tones == ["bad", "good", "bad", "good"]
