"""The Exports page: empty, filled, making and changing an export, its links, its failures."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from core.app import App
from core.delivery.exports import SavedExport
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec
from core.model.delivery import ExportSpec, LinkDestination
from core.store.heartbeat import write_beat
from tests.pages.driving import Open, settled, texts

PAGE = "pages/3_Exports.py"


@pytest.fixture
def monday(app: App, revenue: AnalysisSpec) -> SavedExport:
    spec = ExportSpec.model_validate(
        {
            "name": "Monday report",
            "content": {"analysis": "revenue", "layout": "list"},
            "destinations": [{"settings": {"slug": "monday", "public": True}}],
        }
    )
    return app.exports.create(spec, by=app.owner.id)


def act(page: AppTest, key: str) -> AppTest:
    return settled(page.button(key=key).click().run())


def choose(page: AppTest, export: SavedExport, entry: str) -> AppTest:
    return settled(page.menu_button(key=f"exports_more_{export.id}").click(entry).run())


def test_without_an_analysis_it_leads_to_the_bridge_page(open_page: Open, sales: DatasetSpec) -> None:
    page = open_page(PAGE)
    assert "there is none yet" in page.info[0].value
    assert not [button for button in page.button if button.key == "exports_new"]


def test_without_an_export_it_says_what_one_is_for(open_page: Open, revenue: AnalysisSpec) -> None:
    assert "There is no export yet" in open_page(PAGE).info[0].value


def test_it_lists_what_there_is_with_its_address(open_page: Open, monday: SavedExport) -> None:
    page = open_page(PAGE)
    assert "Monday report" in texts(page)
    assert "Report of Revenue by month · List" in texts(page)
    assert monday.links[0].url in [code.value for code in page.code]
    assert "Public" in texts(page)


def test_it_says_that_a_local_address_opens_here_only(open_page: Open, monday: SavedExport) -> None:
    assert "Recipients outside this computer cannot open it" in texts(open_page(PAGE))


def test_it_says_that_links_do_not_open_while_the_sidecar_is_down(open_page: Open, monday: SavedExport) -> None:
    assert "Links do not open while the sidecar is down" in open_page(PAGE).error[0].value


def test_it_says_nothing_of_the_sidecar_while_it_lives(open_page: Open, monday: SavedExport, app: App) -> None:
    with app.store.write() as session:
        write_beat(session, pid=1, now=app.clock(), started_at=app.clock())
    assert not open_page(PAGE).error


def test_switching_off_closes_the_links(open_page: Open, monday: SavedExport, app: App) -> None:
    page = open_page(PAGE)
    settled(page.toggle(key=f"exports_switch_{monday.id}").set_value(False).run())
    assert app.exports.resolve("monday", monday.links[0].url.rsplit("/", 1)[1]) is None
    assert "Does not open" in texts(page)


def test_it_makes_an_export(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = act(open_page(PAGE), "exports_new")
    page.text_input(key="exports_first_name").set_value("Every morning")
    act(page, "exports_name_done")
    assert page.text_input(key="exports_name").value == "Every morning"
    page.segmented_control(key="exports_layout").set_value("dropdown")
    page.selectbox(key="exports_locale").set_value("fr")
    act(settled(page.run()), "exports_save")
    (export,) = app.exports.all()
    assert (export.spec.content.layout, export.spec.content.locale) == ("dropdown", "fr")
    assert [(link.slug, link.is_public) for link in export.links] == [("every-morning", False)]
    assert "Every morning" in texts(page)


def test_single_elements_are_chosen_in_their_order(open_page: Open, monday: SavedExport, app: App) -> None:
    page = open_page(PAGE, export=monday.id)
    page.multiselect(key="exports_elements").set_value(["step/comment/Conversion", "waterfall/chart"])
    act(settled(page.run()), "exports_save")
    elements = app.exports.get(monday.id).spec.content.elements or ()
    assert [(e.view, e.part, e.step) for e in elements] == [
        ("step", "comment", "Conversion"),
        ("waterfall", "chart", None),
    ]


def test_changing_an_export_keeps_its_address(open_page: Open, monday: SavedExport, app: App) -> None:
    page = open_page(PAGE, export=monday.id)
    page.text_input(key="exports_name").set_value("Tuesday report")
    act(page, "exports_save")
    changed = app.exports.get(monday.id)
    assert (changed.spec.name, changed.links[0].url) == ("Tuesday report", monday.links[0].url)


def test_a_change_of_somebody_else_is_not_overwritten(open_page: Open, monday: SavedExport, app: App) -> None:
    page = open_page(PAGE, export=monday.id)
    app.exports.switch(monday.id, False)
    page.text_input(key="exports_name").set_value("Tuesday report")
    act(page, "exports_save")
    assert any("changed meanwhile" in error.value for error in page.error)
    assert app.exports.get(monday.id).spec.name == "Monday report"


def test_a_taken_address_name_is_said_and_what_was_typed_stays(open_page: Open, monday: SavedExport, app: App) -> None:
    page = open_page(PAGE, new="1")
    page.text_input(key="exports_slug").set_value("monday")
    act(page, "exports_save")
    assert any("'monday' is taken" in error.value for error in page.error)
    assert page.text_input(key="exports_slug").value == "monday"


def test_a_wrong_address_name_is_said(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, new="1")
    page.text_input(key="exports_slug").set_value("My report!")
    act(page, "exports_save")
    assert any("is no slug" in error.value for error in page.error)


def test_the_preview_is_the_report_page_with_all_its_files_inside(open_page: Open, monday: SavedExport) -> None:
    (frame,) = open_page(PAGE, export=monday.id).get("iframe")
    assert "Revenue by month" in frame.proto.srcdoc
    assert "/static/" not in frame.proto.srcdoc


def test_a_new_address_makes_the_old_one_unknown(open_page: Open, monday: SavedExport, app: App) -> None:
    page = choose(open_page(PAGE), monday, "New address…")
    act(page, f"exports_rotate_{monday.links[0].id}")
    assert app.exports.get(monday.id).links[0].url != monday.links[0].url


def test_a_closed_link_is_marked(open_page: Open, monday: SavedExport, app: App) -> None:
    page = choose(open_page(PAGE), monday, "Close the link…")
    act(page, f"exports_close_{monday.links[0].id}")
    assert not app.exports.get(monday.id).links[0].is_active
    assert "Does not open" in texts(page)


def test_it_deletes_an_export(open_page: Open, monday: SavedExport, app: App) -> None:
    act(choose(open_page(PAGE), monday, "Delete…"), "exports_delete_now")
    assert app.exports.all() == []


def test_an_export_that_is_gone_is_said(open_page: Open, monday: SavedExport) -> None:
    page = open_page(PAGE, export="0000")
    assert "There is no export '0000'" in texts(page)


def test_editing_keeps_the_filters_that_were_locked_by_the_api(open_page: Open, app: App, monday: SavedExport) -> None:
    content = monday.spec.content.model_copy(update={"where": {"country": ["FR"]}})
    app.exports.change(monday.id, monday.spec.model_copy(update={"content": content}))
    page = open_page(PAGE, export=monday.id)
    page.text_input(key="exports_name").input("Tuesday report")
    act(page, "exports_save")
    saved = app.exports.get(monday.id).spec
    assert (saved.name, saved.content.where) == ("Tuesday report", {"country": ["FR"]})


def test_every_view_can_be_chosen_and_previewed(open_page: Open, monday: SavedExport, app: App) -> None:
    page = open_page(PAGE, export=monday.id)
    views = ("funnel", "dimensions", "moves", "tree", "segments")
    page.pills(key="exports_views").set_value(list(views))
    settled(page.run())
    shown = page.get("iframe")[0].proto.srcdoc
    assert [view for view in views if f'data-key="{view}"' not in shown] == []
    act(page, "exports_save")
    assert app.exports.get(monday.id).spec.content.views == views


def test_elements_of_every_view_are_offered(open_page: Open, monday: SavedExport) -> None:
    page = open_page(PAGE, export=monday.id)
    options = page.multiselect(key="exports_elements").options
    assert {"Funnel: chart", "KPI tree: table", "Moves of segments: comment", "Conversion: chart"} <= set(options)


def test_a_link_is_paused_and_opened_again(open_page: Open, monday: SavedExport, app: App) -> None:
    states = []
    for entry, act_ in (("Pause the link…", "pause"), ("Open the link again…", "resume")):
        act(choose(open_page(PAGE), monday, entry), f"exports_{act_}_{monday.links[0].id}")
        states.append(app.exports.get(monday.id).links[0].state)
    assert states == ["paused", "open"]


def test_a_public_link_says_until_when_it_opens(open_page: Open, monday: SavedExport) -> None:
    assert re.search(r"\*\*Public\*\*.*, until \d+ \w+ \d{4}", texts(open_page(PAGE)))


def test_a_link_gets_a_password_and_an_end(open_page: Open, monday: SavedExport, app: App) -> None:
    page = open_page(PAGE, export=monday.id)
    page.selectbox(key="exports_days").set_value(30)
    page.text_input(key="exports_password").set_value("open, sesame")
    act(page, "exports_save")
    link = app.exports.get(monday.id).links[0]
    assert (link.has_password, link.settings.expires_days) == (True, 30)
    assert "open, sesame" not in str(app.exports.get(monday.id).spec)


def test_a_password_stays_when_the_export_is_changed_and_goes_when_it_is_removed(
    open_page: Open, monday: SavedExport, app: App
) -> None:
    settings = monday.spec.destinations[0].settings.model_copy(update={"password": "open, sesame"})
    app.exports.change(
        monday.id, monday.spec.model_copy(update={"destinations": (LinkDestination(settings=settings),)})
    )
    act(open_page(PAGE, export=monday.id), "exports_save")
    kept = app.exports.get(monday.id).links[0].has_password
    page = open_page(PAGE, export=monday.id)
    page.checkbox(key="exports_no_password").set_value(True)
    act(page, "exports_save")
    assert (kept, app.exports.get(monday.id).links[0].has_password) == (True, False)


def test_a_login_only_link_is_for_the_people_and_roles_named(open_page: Open, monday: SavedExport, app: App) -> None:
    page = open_page(PAGE, export=monday.id)
    settled(page.segmented_control(key="exports_public").set_value(False).run())
    page.multiselect(key="exports_people").set_value([app.owner.id])
    page.multiselect(key="exports_roles").set_value(["viewer"])
    act(page, "exports_save")
    settings = app.exports.get(monday.id).links[0].settings
    assert (settings.public, settings.people, settings.roles) == (False, (app.owner.id,), ("viewer",))


def test_what_is_no_host_for_frames_is_said(open_page: Open, monday: SavedExport) -> None:
    page = open_page(PAGE, export=monday.id)
    page.text_input(key="exports_hosts").set_value("my site")
    act(page, "exports_save")
    assert any("'my site' is no host" in error.value for error in page.error)


def test_leaving_what_was_changed_asks_first(open_page: Open, monday: SavedExport) -> None:
    page = open_page(PAGE, export=monday.id)
    page.text_input(key="exports_name").set_value("Tuesday report")
    act(page, "exports_cancel_edit")
    assert "What you changed here is not saved" in texts(page)
    assert "export" in page.query_params
    act(page, "exports_leave")
    assert page.query_params == {}


def test_leaving_what_was_not_changed_asks_nothing(open_page: Open, monday: SavedExport) -> None:
    page = act(open_page(PAGE, export=monday.id), "exports_cancel_edit")
    assert page.query_params == {}


def test_what_is_not_saved_is_marked(open_page: Open, monday: SavedExport) -> None:
    page = open_page(PAGE, export=monday.id)
    assert "Not saved yet" not in texts(page)
    page.text_input(key="exports_description").set_value("For the board")
    assert "Not saved yet" in texts(settled(page.run()))
