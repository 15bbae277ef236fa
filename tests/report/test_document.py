"""What a report holds, by views, layout and elements."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.engine.bridge import Bridge
from core.errors import DataError
from core.model.analysis import EquationSpec, StepSpec
from core.model.data import ColumnSpec
from core.model.delivery import ElementSpec, ReportContent
from core.model.document import Report, Section, Text, plain
from core.report.document import build_report, require_steps, wants_segments
from core.report.sections import option_label
from core.warehouse import Version
from tests.report.conftest import SHOP_STEPS, bridge_of, shop_bridge, sum_bridge

RENDERED = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


def report_of(bridge: Bridge, version: Version, **content: Any) -> Report:
    wanted = ReportContent(analysis="revenue", **content)
    return build_report(bridge, wanted, name="Shop revenue", version=version, rendered_at=RENDERED, zone="Europe/Paris")


def keys(report: Report) -> list[str]:
    return [section.key for section in report.sections]


def test_a_full_report_has_alert_bridge_and_main_step(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version)
    assert (bool(report.alert), report.has_crossed, keys(report)) == (True, True, ["waterfall", "step_detail"])


def test_it_says_when_and_from_what_it_was_made(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version)
    assert (report.as_of, report.data_version, report.rendered_at) == (version.as_of, 214, RENDERED)
    assert report.covers_until == version.newest


def test_views_can_be_left_out(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version, views=("waterfall",))
    assert (report.alert, keys(report)) == ((), ["waterfall"])


def test_a_dropdown_offers_every_step(shop: Bridge, version: Version) -> None:
    report = report_of(shop, version, layout="dropdown")
    assert keys(report) == ["waterfall", "step:Visits", "step:Conversion", "step:Basket"]


def test_the_main_step_explains_its_segments(shop: Bridge, version: Version) -> None:
    section = report_of(shop, version).sections[1]
    assert plain(section.title) == "Conversion by device: mobile fell"
    assert section.subtitle == "Contribution to revenue: −€63.5k in all · performance −€55.7k, mix −€7.8k"


def test_the_subtitle_says_what_was_compared_and_how(shop: Bridge, version: Version) -> None:
    section = report_of(shop, version, where={"country": ["FR", None], "amount": {">": 0}}).sections[0]
    assert section.subtitle == (
        "November 2026 against October 2026 · only country = FR, (not set), amount > 0 · method: Shapley"
    )


def test_tables_hold_the_figures_of_the_bars(shop: Bridge, version: Version) -> None:
    table = report_of(shop, version).sections[1].table
    assert table is not None
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["mobile", "61.2 → 66.1\u202f%", "3.00 → 2.40\u202f%", "−€47.4k", "−€2.8k", "−€50.2k"],
        ["desktop", "33.1 → 28.8\u202f%", "4.20 → 4.00\u202f%", "−€7.7k", "−€5.1k", "−€12.8k"],
        ["tablet", "5.8 → 5.1\u202f%", "3.10 → 3.02\u202f%", "−€0.6k", "+€0.1k", "−€0.5k"],
        ["All", "", "3.40 → 2.89\u202f%", "−€55.7k", "−€7.8k", "−€63.5k"],
    ]


def test_chosen_elements_stand_in_their_order(shop: Bridge, version: Version) -> None:
    elements = (
        ElementSpec(view="step", step="Basket", part="comment"),
        ElementSpec(view="waterfall", part="title"),
        ElementSpec(view="waterfall", part="chart"),
        ElementSpec(view="alert", part="text"),
        ElementSpec(view="waterfall", part="table"),
    )
    report = report_of(shop, version, layout="list", elements=elements)
    assert keys(report) == ["step:Basket", "waterfall", "alert", "waterfall.2"]
    assert report.alert == ()


def test_only_chosen_parts_are_there(shop: Bridge, version: Version) -> None:
    elements = (ElementSpec(view="waterfall", part="title"), ElementSpec(view="waterfall", part="chart"))
    section = report_of(shop, version, layout="list", elements=elements).sections[0]
    assert (bool(section.title), bool(section.chart), section.comment, section.table) == (True, True, (), None)


def test_an_unknown_step_is_refused_with_the_known_ones(shop: Bridge) -> None:
    content = ReportContent(analysis="revenue", elements=(ElementSpec(view="step", step="Clicks", part="chart"),))
    with pytest.raises(DataError, match=r"There is no step 'Clicks' in this bridge\. Choose one of: Visits"):
        require_steps(content, shop)


def test_a_step_that_the_data_merged_is_a_sentence_beside_the_rest(version: Version) -> None:
    bridge = bridge_of(EquationSpec(steps=SHOP_STEPS), ("visits", "orders", "revenue"), {"a": ((9, 3, 60), (9, 0, 0))})
    elements = tuple(ElementSpec(view="step", step=s, part="chart") for s in ("Visits", "Basket", "Clicks"))
    require_steps(ReportContent(analysis="revenue", elements=elements[:2]), bridge)
    shown, merged, gone = report_of(bridge, version, elements=elements).sections
    assert shown.chart is not None
    assert [plain(line) for line in merged.comment] == [
        "Basket cannot be shown by itself for this comparison: it is part of “visits to revenue”."
    ]
    assert [plain(line) for line in gone.comment] == ["Clicks is no longer a step of this analysis."]


def test_a_chart_that_a_step_without_segments_lacks_is_a_sentence(version: Version) -> None:
    spec = EquationSpec(steps=(StepSpec(formula="visits", name="Visits", exclude=("device",)),))
    bridge = bridge_of(spec, ("visits",), {"a": ((10,), (12,))})
    section = report_of(bridge, version, elements=(ElementSpec(view="step", step="Visits", part="chart"),)).sections[0]
    assert [plain(line) for line in section.comment] == ["10 → 12"]


def test_without_dimensions_there_is_no_detail(version: Version) -> None:
    bridge = sum_bridge([1, 2], [3, 4])
    assert keys(report_of(bridge, version)) == ["waterfall", "step_detail"]
    assert len(report_of(bridge, version).sections[1].table.rows) == 2  # type: ignore[union-attr]


def test_notes_of_the_engine_are_told_in_the_readers_language(shop: Bridge, version: Version) -> None:
    notes = report_of(shop, version, locale="de").sections[0].notes
    assert notes == ("Die Basis umfasst 31 Tage, der aktuelle Zeitraum 30: ein Teil der Veränderung ist die Länge.",)


def test_new_and_lost_segments_say_so(version: Version) -> None:
    spec = shop_bridge().equation
    table = {
        "web": ((100, 10, 500), (120, 12, 600)),
        "app": ((0, 0, 0), (50, 6, 200)),
        "fax": ((30, 5, 90), (0, 0, 0)),
    }
    steps = tuple(StepSpec(formula=step.formula, name=step.name) for step in spec.steps)
    bridge = bridge_of(EquationSpec(steps=steps), spec.metrics, table)
    report = report_of(bridge, version, elements=(ElementSpec(view="step", step="Conversion", part="table"),))
    names = [row[0].text for row in report.sections[0].table.rows]  # type: ignore[union-attr]
    assert {"app (new)", "fax (gone)"} <= set(names)


def test_columns_are_called_by_their_labels(shop: Bridge, version: Version) -> None:
    columns = (ColumnSpec(name="device", type="text", role="dimension", display_name="Gerät"),)
    report = report_of(shop, replace(version, columns=columns))
    assert "by gerät" in plain(report.sections[1].title)


def test_steps_and_kpi_that_are_bare_columns_are_called_by_their_labels(version: Version) -> None:
    labels = {"visits": "Site visits", "orders": "Orders placed"}
    columns = tuple(ColumnSpec(name=n, type="integer", role="metric", display_name=d) for n, d in labels.items())
    spec = EquationSpec(steps=(StepSpec(formula="visits"), StepSpec(formula="orders / visits")), total="orders")
    bridge = bridge_of(spec, ("visits", "orders"), {"a": ((10, 2), (30, 3))})
    whole = report_of(bridge, replace(version, columns=columns), where={"visits": {">": 1}}).sections[0]
    assert plain(whole.title).endswith("driven by site visits")
    assert plain(whole.title).startswith("Orders placed rose by 1")
    assert "only site visits > 1" in whole.subtitle
    assert plain(whole.comment[1]).startswith("Site visits rose from 10 to 30")
    assert whole.table is not None
    assert [row[0].text for row in whole.table.rows] == ["Site visits", "orders / visits", "Orders placed"]


def test_a_report_without_any_threshold_has_no_alert(version: Version) -> None:
    steps = (StepSpec(formula="visits"),)
    bridge = bridge_of(EquationSpec(steps=steps), ("visits",), {"a": ((10,), (12,))})
    assert report_of(bridge, version).alert == ()


def test_a_kpi_of_one_step_says_its_change_once(version: Version) -> None:
    steps = (StepSpec(formula="visits"),)
    bridge = bridge_of(EquationSpec(steps=steps), ("visits",), {"a": ((10,), (12,)), "b": ((5,), (5,))})
    assert len(report_of(bridge, version).sections[0].comment) == 1


NEW_VIEWS = ("funnel", "dimensions", "moves", "tree", "segments")


@pytest.mark.parametrize("layout", ["slides", "list", "dropdown"])
def test_every_view_stands_in_every_layout(shop: Bridge, version: Version, layout: Any) -> None:
    report = report_of(shop, version, views=NEW_VIEWS, layout=layout)
    assert keys(report) == list(NEW_VIEWS)
    assert [section.key for section in report.sections if section.chart] == list(NEW_VIEWS[:-1])


@pytest.mark.parametrize("view", NEW_VIEWS[:-1])
@pytest.mark.parametrize("part", ["title", "chart", "comment", "table"])
def test_every_part_of_a_view_can_be_chosen(shop: Bridge, version: Version, view: Any, part: Any) -> None:
    (section,) = report_of(shop, version, layout="list", elements=(ElementSpec(view=view, part=part),)).sections
    given = {name for name in ("title", "chart", "comment", "table") if getattr(section, name)}
    assert given == {part}


def test_segments_that_nobody_searched_for_are_a_sentence(shop: Bridge, version: Version) -> None:
    (section,) = report_of(shop, version, views=("segments",)).sections
    assert plain(section.comment[0]) == "Segments have not been searched for here."


def test_a_search_is_wanted_only_where_its_segments_are_shown() -> None:
    content = ReportContent(analysis="revenue", views=("segments",))
    others = (ElementSpec(view="funnel", part="chart"),)
    assert wants_segments(content)
    assert not wants_segments(content.model_copy(update={"elements": others}))


def test_a_step_as_bridge_and_as_moves_are_two_choices() -> None:
    title = (Text("Conversion by device"),)
    labels = [option_label(Section(key, title), "en") for key in ("step_detail", "moves", "moves.2")]
    assert labels == ["Conversion by device", *["Moves of segments: Conversion by device"] * 2]
