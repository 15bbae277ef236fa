"""Several analyses in one export, what differs for a destination, and the previews of the deck and of layouts."""

from __future__ import annotations

import pytest

from core.app import App
from core.model.analysis import AnalysisSpec
from tests.pages.driving import Open, settled, texts
from tests.pages.test_exports_channels import FIRST, PAGE, channel, post, with_mail
from tests.pages.test_exports_list import act, export_of

__all__ = ["post"]


@pytest.fixture
def traffic(app: App, revenue: AnalysisSpec) -> AnalysisSpec:
    """A second analysis."""
    spec = revenue.model_copy(update={"slug": "traffic", "name": "Traffic"})
    return app.analyses.create(spec, by=app.owner.id).spec


def test_another_analysis_is_added_to_an_export(open_page: Open, app: App, traffic: AnalysisSpec) -> None:
    export = export_of(app, "Both", destinations=[{"settings": {"slug": "both"}}])
    page = open_page(PAGE, export=export.id)
    page.multiselect(key="exports_more_analyses").set_value(["traffic"])
    page = settled(page.run())
    assert "No KPI of 2 moved beyond its threshold" in page.get("iframe")[0].proto.srcdoc
    page.selectbox(key="exports_quiet_parts").set_value("leave_out")
    page = act(page, "exports_save")
    assert "Report of Revenue by month, Traffic · Slides" in texts(page)
    content = app.exports.get(export.id).spec.content
    assert (content.analysis, content.analyses, content.quiet_parts) == (None, ("revenue", "traffic"), "leave_out")


def test_what_only_the_api_sets_of_a_part_stays(open_page: Open, app: App, traffic: AnalysisSpec) -> None:
    parts = [{"analysis": "revenue", "where": {"country": ["FR"]}}, {"analysis": "traffic", "views": ["waterfall"]}]
    export = export_of(app, "Both", content={"parts": parts}, destinations=[{"settings": {"slug": "both"}}])
    before = export.spec.content
    page = open_page(PAGE, export=export.id)
    page.text_input(key="exports_description").set_value("Changed")
    act(page, "exports_save")
    assert app.exports.get(export.id).spec.content == before


def test_a_destination_has_elements_a_condition_and_filters_of_its_own(
    open_page: Open, revenue: AnalysisSpec, post: str, app: App
) -> None:
    page = with_mail(open_page)
    page.multiselect(key=f"{FIRST}_set_to").set_value(["anna@example.org"])
    page.selectbox(key=f"{FIRST}_send").set_value("alert")
    page.selectbox(key=f"{FIRST}_layout").set_value("list")
    page.multiselect(key=f"{FIRST}_elements").set_value(["waterfall/table"])
    page.multiselect(key=f"{FIRST}_where").set_value(["country = FR", "country = DE"])
    act(page, "exports_save")
    own = channel(app).overrides
    assert own.condition is not None
    assert (own.condition.kind, own.layout, own.where) == ("alert", "list", {"country": ["FR", "DE"]})
    assert [(element.view, element.part) for element in own.elements or ()] == [("waterfall", "table")]


def test_what_is_no_filter_is_said(open_page: Open, revenue: AnalysisSpec, post: str, app: App) -> None:
    page = with_mail(open_page)
    page.multiselect(key=f"{FIRST}_where").set_value(["only France"])
    page = act(page, "exports_save")
    assert any("'only France' is no filter" in error.value for error in page.error)
    assert app.exports.all() == []


def test_the_deck_is_shown_slide_by_slide_and_can_be_taken(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    export = export_of(app, "Slides", destinations=[{"settings": {"slug": "slides"}}])
    page = settled(open_page(PAGE, export=export.id).segmented_control(key="exports_shown").set_value(-2).run())
    assert "**1. " in texts(page)
    assert [button.proto.label for button in page.get("download_button")] == ["Download the slides"]


def test_a_layout_is_tried_without_changing_the_export(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    export = export_of(app, "Slides", destinations=[{"settings": {"slug": "slides"}}])
    page = settled(open_page(PAGE, export=export.id).selectbox(key="exports_in_layout").set_value("dropdown").run())
    assert '<select id="view"' in page.get("iframe")[0].proto.srcdoc
    act(page, "exports_save")
    assert app.exports.get(export.id).spec.content.layout == "slides"


def test_previews_leave_out_the_parts_that_the_export_finds_quiet(
    open_page: Open, app: App, post: str, traffic: AnalysisSpec
) -> None:
    content = {"parts": [{"analysis": "revenue"}, {"analysis": "traffic"}], "quiet_parts": "leave_out"}
    condition = {"kind": "alert", "any": [{"change_pct": 900}]}
    to = {"kind": "email", "connection": post, "settings": {"to": ["anna@example.org"]}}
    links = [{"settings": {"slug": "both"}}, to]
    export = export_of(app, "Both", content=content, condition=condition, destinations=links)
    page = settled(open_page(PAGE, export=export.id).segmented_control(key="exports_shown").set_value(0).run())
    mail = page.get("iframe")[0].proto.srcdoc
    assert "Left out, since they did not move enough: Revenue by month, Traffic" in mail
    page = settled(page.segmented_control(key="exports_send").set_value("always").run())
    assert "Left out" not in page.get("iframe")[0].proto.srcdoc


def test_parts_of_the_same_analysis_stay_when_another_is_added(
    open_page: Open, app: App, traffic: AnalysisSpec
) -> None:
    parts = [{"analysis": "revenue", "where": {"country": [country]}} for country in ("FR", "DE")]
    export = export_of(app, "Both", content={"parts": parts}, destinations=[{"settings": {"slug": "both"}}])
    page = open_page(PAGE, export=export.id)
    page.multiselect(key="exports_more_analyses").set_value(["traffic"])
    act(page, "exports_save")
    kept = app.exports.get(export.id).spec.content.parts
    assert [(part.analysis, part.where) for part in kept] == [
        ("revenue", {"country": ["FR"]}),
        ("revenue", {"country": ["DE"]}),
        ("traffic", {}),
    ]


def test_filters_of_each_analysis_can_be_kept_from_readers(open_page: Open, app: App, traffic: AnalysisSpec) -> None:
    parts = [{"analysis": "revenue"}, {"analysis": "traffic", "where": {"country": ["FR"]}}]
    export = export_of(app, "Both", content={"parts": parts}, destinations=[{"settings": {"slug": "both"}}])
    page = open_page(PAGE, export=export.id)
    page.multiselect(key="exports_hidden").set_value(["country"])
    act(page, "exports_save")
    assert app.exports.get(export.id).links[0].settings.hidden_filters == ("country",)


def test_each_analysis_is_looked_back_on_by_its_own_condition(open_page: Open, app: App, traffic: AnalysisSpec) -> None:
    moved = {"kind": "alert", "any": [{"change_pct": 0.0}]}
    parts = [{"analysis": "revenue"}, {"analysis": "traffic", "condition": moved}]
    links = [{"settings": {"slug": "both"}}]
    strict = {"kind": "alert", "any": [{"change_pct": 900}]}
    export = export_of(app, "Both", content={"parts": parts}, condition=strict, destinations=links)
    page = open_page(PAGE, export=export.id)
    assert set(page.dataframe[0].value["Sent"]) == {"–"}
    page = settled(page.selectbox(key="exports_look_back_on").set_value(1).run())
    assert page.dataframe[0].value["Sent"][0] == "✓"
