"""The audit on the Settings page."""

from __future__ import annotations

from core.access.audit import Subject, record
from core.access.tokens import caller_for
from core.app import App
from tests.pages.driving import Open, settled, texts

PAGE = "pages/7_Settings.py"


def write(app: App, *acts: str) -> None:
    with app.store.write() as session:
        for act in acts:
            subject = Subject(act.partition(".")[0], "1", "Morning")
            record(session, caller_for(app.owner, frozenset()), act, subject, at=app.clock())


def test_it_shows_what_was_done_the_newest_first(open_page: Open, app: App) -> None:
    write(app, "export.made", "link.rotated")
    page = open_page(PAGE, section="audit")
    table = page.dataframe[0].value
    assert sorted(table["What"]) == ["Export made", "Link rotated"]
    assert set(table["Who"]) == {"Owner"}
    assert "2 acts" in texts(page)


def test_it_is_filtered_by_act(open_page: Open, app: App) -> None:
    write(app, "export.made", "link.rotated", "link.revoked")
    page = open_page(PAGE, section="audit")
    settled(page.selectbox(key="settings_audit_act").set_value("link").run())
    assert sorted(page.dataframe[0].value["What"]) == ["Link revoked", "Link rotated"]


def test_without_an_entry_it_says_so(open_page: Open, app: App) -> None:
    assert "There is no such entry" in open_page(PAGE, section="audit").info[0].value


def test_its_retention_is_kept(open_page: Open, app: App) -> None:
    page = open_page(PAGE, section="audit")
    page.number_input(key="settings_audit_days").set_value(90)
    settled(page.button(key="settings_audit_keep").click().run())
    assert app.audit.days == 90


def test_a_change_made_on_a_page_names_who_made_it(open_page: Open, app: App) -> None:
    page = open_page(PAGE, section="texts")
    page.text_area(key="settings_text_en_headline_rose").set_value("{kpi} climbed by {amount}").run()
    settled(page.button(key="settings_save").click().run())
    (entry,) = app.audit.entries(limit=1)
    assert (entry.act, entry.person_id) == ("template.changed", app.owner.id)
