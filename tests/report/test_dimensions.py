"""Dimensions compared: ranges, mix, and what is left out."""

from __future__ import annotations

import pytest

from core.engine.bridge import Bridge, build_bridge
from core.engine.equation import parse
from core.model.analysis import EquationSpec, StepSpec
from core.model.document import plain
from core.report.dimensions import dimensions_chart, dimensions_section
from core.report.printed import print_bridge
from core.report.printed_detail import print_detail
from core.report.printed_dimensions import compared
from tests.engine.planted import drawn
from tests.report.conftest import MONTHS, bridge_of, shop_bridge
from tests.report.hard_bridges import HARD, METRICS, RATIO_STEPS, wide


def test_it_names_the_ends_of_the_best_dimension(shop: Bridge) -> None:
    section = dimensions_section(print_bridge(shop, "en"))
    assert plain(section.title) == "Device splits conversion most: mobile −€47.4k, tablet −€0.6k"


def test_its_figures_are_those_of_the_steps_detail(shop: Bridge) -> None:
    printed = print_bridge(shop, "en")
    spread = compared(printed)[1].spreads[0]
    detail = print_detail(printed, "Conversion", "device")
    own = {segment.name: segment.performance for segment in detail.segments}
    assert (own[spread.lowest.name], own[spread.highest.name]) == (min(own.values()), max(own.values()))
    assert spread.detail.mix == detail.mix


@pytest.mark.parametrize(("locale", "word"), [("en", "noise"), ("de", "Rauschen"), ("fr", "bruit"), ("nb", "støy")])
def test_what_the_ranking_calls_noise_has_no_figure_here(locale: str, word: str) -> None:
    sums, moments = drawn()
    steps = (StepSpec(formula="visits"), StepSpec(formula="orders / visits"))
    equation = parse(EquationSpec(steps=steps, total="orders"), METRICS[:2], summable=METRICS[:2])
    printed = print_bridge(build_bridge(equation, sums, comparison=MONTHS, moments=lambda: moments), locale)
    table = dimensions_section(printed).table
    assert table is not None
    said = {row[1].text: row[-1].text for row in table.rows if row[0].text == "orders / visits"}
    assert (said["d5"], said["d1"]) == (word, "0.19" if locale == "en" else "0,19")
    chart = dimensions_chart(printed)
    assert chart is not None
    assert f'"{word}"' in chart.to_json(ensure_ascii=False)


def test_a_volume_has_no_mix(shop: Bridge) -> None:
    table = dimensions_section(print_bridge(shop, "en")).table
    assert table is not None
    assert [row[5].text for row in table.rows] == ["", "−€7.8k", "−€1.3k"]


def test_of_two_hundred_dimensions_the_best_are_drawn_and_the_others_counted() -> None:
    groups = compared(print_bridge(wide(200), "en"))
    assert [(len(group.spreads), group.more) for group in groups] == [(5, 195)] * 3
    assert [spread.interest for spread in groups[1].spreads] == sorted(
        (spread.interest for spread in groups[1].spreads), reverse=True
    )


def test_a_step_leaves_out_what_it_excludes() -> None:
    steps = (RATIO_STEPS.steps[0].model_copy(update={"exclude": ("device",)}), *RATIO_STEPS.steps[1:])
    bridge = bridge_of(
        RATIO_STEPS.model_copy(update={"steps": steps}),
        METRICS,
        {"a": ((9, 3, 5), (8, 2, 6)), "b": ((5, 1, 2), (6, 1, 3))},
    )
    assert "Visits" not in [group.step.name for group in compared(print_bridge(bridge, "en"))]


def test_without_any_dimension_it_says_so() -> None:
    printed = print_bridge(HARD["without dimensions"](), "en")
    section = dimensions_section(printed)
    assert (section.chart, plain(section.comment[0])) == (None, "There is no dimension that could explain a step.")
    assert dimensions_chart(printed) is None


def test_the_alternative_text_carries_the_numbers() -> None:
    chart = dimensions_section(print_bridge(shop_bridge(), "de")).chart
    assert chart is not None
    assert "mobile −47,4\u00a0Tsd.\u00a0€" in chart.alt


@pytest.mark.parametrize("name", ["one segment", "nothing changed"])
def test_a_range_of_nothing_is_not_told(name: str) -> None:
    section = dimensions_section(print_bridge(HARD[name](), "en"))
    assert (plain(section.title), section.comment) == ("Revenue: dimensions compared", ())
