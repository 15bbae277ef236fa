"""The list of exports: rhythm, last result, running, duplicating, searching."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.app import App
from core.delivery.definitions import Definer
from core.delivery.exports import SavedExport
from core.model.analysis import AnalysisSpec
from core.model.delivery import ExportSpec
from tests.pages.driving import Open, settled, texts

PAGE = "pages/3_Exports.py"
WEEKDAYS = {"kind": "schedule", "rule": {"every": "weekday"}, "zone": "Europe/Paris"}


def export_of(app: App, name: str, **more: Any) -> SavedExport:
    slug = name.lower().replace(" ", "-")
    given = {"content": {"analysis": "revenue"}, "destinations": [{"settings": {"slug": slug}}], "triggers": [WEEKDAYS]}
    return app.exports.create(ExportSpec.model_validate({"name": name} | given | more), by=app.owner.id)


@pytest.fixture
def morning(app: App, revenue: AnalysisSpec) -> SavedExport:
    return export_of(app, "Morning")


def act(page: AppTest, key: str) -> AppTest:
    return settled(page.button(key=key).click().run())


def test_it_says_what_starts_an_export_and_when_that_is_next(open_page: Open, morning: SavedExport) -> None:
    shown = texts(open_page(PAGE))
    assert "Monday to Friday at 09" in shown
    assert "**next " in shown


def test_an_export_that_is_off_has_no_next_time(open_page: Open, morning: SavedExport, app: App) -> None:
    app.exports.switch(morning.id, False)
    page = open_page(PAGE)
    assert "**next " not in texts(page)
    assert ":gray-badge[Off]" in texts(page)
    assert not [button for button in page.button if button.key == f"exports_run_{morning.id}"]


def test_running_now_is_followed_in_the_list(open_page: Open, morning: SavedExport, app: App) -> None:
    page = act(open_page(PAGE), f"exports_run_{morning.id}")
    assert "asked to run" in page.toast[0].value
    assert "badge[Planned]" in texts(page)
    (row,) = app.ledger.runs()
    assert (row.run.trigger_kind, row.run.requested_by) == ("hand", app.owner.id)


def test_the_last_result_leads_to_its_run(open_page: Open, morning: SavedExport, app: App) -> None:
    app.triggers.start(morning.id, by=app.owner.id, how="hand")
    build = app.ledger.claim_build()
    assert build is not None
    app.ledger.built(build, app.maker.make(build))
    page = open_page(PAGE)
    assert "badge[Succeeded]" in texts(page)
    assert any(build.run_id in link.proto.query_string for link in page.get("page_link"))


def test_a_copy_is_off_and_has_an_address_of_its_own(open_page: Open, morning: SavedExport, app: App) -> None:
    page = settled(open_page(PAGE).menu_button(key=f"exports_more_{morning.id}").click("Duplicate…").run())
    page.text_input(key="exports_copy_name").set_value("Evening")
    act(page, "exports_copy_now")
    copy = next(export for export in app.exports.all() if export.spec.name == "Evening")
    assert (copy.spec.is_active, copy.links[0].slug) == (False, "evening")
    assert copy.triggers[0].id != morning.triggers[0].id


def test_a_copy_of_a_link_with_a_password_opens_for_nobody_outside(
    open_page: Open, app: App, morning: SavedExport
) -> None:
    secret = [{"settings": {"slug": "secret", "public": True, "password": "open, sesame"}}]
    export = export_of(app, "Secret", destinations=secret)
    page = settled(open_page(PAGE).menu_button(key=f"exports_more_{export.id}").click("Duplicate…").run())
    act(page, "exports_copy_now")
    copy = next(each for each in app.exports.all() if each.spec.name == "Secret (copy)")
    assert (copy.links[0].is_public, copy.links[0].has_password) == (False, False)


def test_the_list_is_searched_by_words(open_page: Open, morning: SavedExport, app: App) -> None:
    export_of(app, "Evening", description="for the night shift")
    page = settled(open_page(PAGE).text_input(key="exports_search").set_value("SHIFT night").run())
    assert "#### Evening" in texts(page)
    assert "#### Morning" not in texts(page)
    page = settled(page.text_input(key="exports_search").set_value("noon").run())
    assert "No export fits" in page.info[0].value


def test_changing_an_export_keeps_what_the_form_does_not_show(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    export = export_of(app, "Kept", retention_days=30, condition={"kind": "alert"}, failure_recipients=["ops@x.org"])
    page = open_page(PAGE, export=export.id)
    page.text_input(key="exports_name").set_value("Renamed")
    act(page, "exports_save")
    spec = app.exports.get(export.id).spec
    assert (spec.name, spec.retention_days, spec.condition.kind) == ("Renamed", 30, "alert")
    assert spec.failure_recipients == ("ops@x.org",)


def test_the_bridge_page_lists_an_analysis_exports_and_leads_to_a_new_one(
    open_page: Open, morning: SavedExport, app: App
) -> None:
    page = act(open_page("pages/2_Bridge.py", analysis="revenue"), "bridge_export")
    assert "Monday to Friday at 09" in texts(page)
    assert any("analysis=revenue" in link.proto.query_string for link in page.get("page_link"))


def test_tags_are_shown_searched_for_and_filter_the_list(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    export_of(app, "Weekly", tags=["Board", "sales"])
    export_of(app, "Daily", tags=["sales"])
    page = open_page(PAGE)
    assert ":blue-badge[Board]" in texts(page)
    settled(page.pills(key="exports_tag_filter").set_value(["Board"]).run())
    assert "Weekly" in texts(page)
    assert "Daily" not in texts(page)
    settled(page.pills(key="exports_tag_filter").set_value([]).run())
    settled(page.text_input(key="exports_search").set_value("board").run())
    assert "Daily" not in texts(page)


def test_tags_are_given_in_the_form(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    export = export_of(app, "Weekly", tags=["sales"])
    page = open_page(PAGE, export=export.id)
    page.multiselect(key="exports_tags").set_value(["sales", "Board"])
    act(settled(page.run()), "exports_save")
    assert app.exports.get(export.id).spec.tags == ("sales", "Board")


def test_an_export_is_changed_by_its_yaml_after_the_difference_was_seen(
    open_page: Open, morning: SavedExport, app: App
) -> None:
    page, key = open_page(PAGE), f"exports_yaml_text_{morning.id}_{morning.revision}"
    text = Definer(app.store, app.analyses, app.exports, app.connections).text_of(morning)
    page.session_state[key] = text.replace("name: Morning", "name: Evening")
    settled(page.menu_button(key=f"exports_more_{morning.id}").click("YAML…").run())
    assert any("-name: Morning\n+name: Evening" in code.value for code in page.code)
    assert app.exports.get(morning.id).spec.name == "Morning"
    act(page, "exports_yaml_take")
    assert app.exports.get(morning.id).spec.name == "Evening"


def test_a_yaml_that_was_written_since_its_difference_was_seen_is_not_taken(
    open_page: Open, morning: SavedExport, app: App
) -> None:
    page, key = open_page(PAGE), f"exports_yaml_text_{morning.id}_{morning.revision}"
    text = Definer(app.store, app.analyses, app.exports, app.connections).text_of(morning)
    page.session_state[key] = text.replace("name: Morning", "name: Evening")
    settled(page.menu_button(key=f"exports_more_{morning.id}").click("YAML…").run())
    page.text_area(key=key).set_value(text.replace("name: Morning", "name: Night"))
    act(page, "exports_yaml_take")
    assert "Look at what it would change now" in page.error[0].value
    assert app.exports.get(morning.id).spec.name == "Morning"
