"""The preview of what a destination is sent, and the test of it."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest

from core.app import App
from core.delivery.exports import SavedExport
from core.model.analysis import AnalysisSpec
from core.ui.text import escape
from tests.pages.driving import Open, settled, texts
from tests.pages.test_exports_list import act, export_of

PAGE = "pages/3_Exports.py"
POST = {"host": "mail.example.org", "port": 587, "from": "reports@example.org"}


@pytest.fixture
def mailed(app: App, revenue: AnalysisSpec) -> SavedExport:
    post = app.connections.create("email", "Post", POST, by=app.owner.id)
    mail = {"kind": "email", "connection": post.id, "settings": {"to": ["anna@example.org"]}}
    return export_of(app, "Mailed", destinations=[{"settings": {"slug": "mailed"}}, mail])


def test_a_mail_is_shown_with_its_pictures(open_page: Open, mailed: SavedExport) -> None:
    page = settled(open_page(PAGE, export=mailed.id).segmented_control(key="exports_shown").set_value(0).run())
    (frame,) = page.get("iframe")
    sources = re.findall(r'<img[^>]* src="([^"]*)"', frame.proto.srcdoc)
    assert len(sources) > 1
    for source in sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/png;base64"
        assert b64decode(data, validate=True).startswith(b"\x89PNG")


def test_files_are_named_as_they_will_be_sent(open_page: Open, mailed: SavedExport, app: App) -> None:
    page = settled(open_page(PAGE, export=mailed.id).segmented_control(key="exports_shown").set_value(0).run())
    page = settled(page.pills(key="exports_channel_0_attachments").set_value(["csv"]).run())
    assert f"Attached: mailed-{app.clock():%Y-%m-%d}.csv" in texts(page).replace("\\", "")


def test_a_test_goes_to_whoever_asks_as_the_form_says(open_page: Open, mailed: SavedExport, app: App) -> None:
    page = settled(open_page(PAGE, export=mailed.id).segmented_control(key="exports_shown").set_value(0).run())
    page.text_input(key="exports_subject").set_value("Not saved yet")
    page = act(page, "exports_test")
    assert f"on its way to {escape(app.owner.email)}" in page.toast[0].value
    (row,) = app.ledger.runs()
    spec = row.run.definition["spec"]
    assert row.run.is_test
    assert spec["content"]["subject"] == "Not saved yet"
    assert [one["settings"]["to"] for one in spec["destinations"]] == [[app.owner.email]]
    assert app.exports.get(mailed.id).spec.content.subject == ""


def test_a_hurried_test_goes_to_what_was_chosen_last(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    """Who clicks before the page has drawn what was chosen clicks the button of what was shown before."""
    post = app.connections.create("email", "Post", POST, by=app.owner.id)
    hook = app.connections.create("webhook", "Hook", {"url": "https://example.org/hook"}, by=app.owner.id)
    mail = {"kind": "email", "connection": post.id, "settings": {"to": ["anna@example.org"]}}
    export = export_of(app, "Both", destinations=[mail, {"kind": "webhook", "connection": hook.id}])
    page = settled(open_page(PAGE, export=export.id).segmented_control(key="exports_shown").set_value(1).run())
    page.segmented_control(key="exports_shown").set_value(0)
    page = act(page, "exports_test")
    assert f"on its way to {escape(app.owner.email)}" in page.toast[0].value
    (row,) = app.ledger.runs()
    assert [one["kind"] for one in row.run.definition["spec"]["destinations"]] == ["email"]


def test_a_hurried_test_of_the_report_s_page_is_refused(open_page: Open, mailed: SavedExport, app: App) -> None:
    page = settled(open_page(PAGE, export=mailed.id).segmented_control(key="exports_shown").set_value(0).run())
    page.segmented_control(key="exports_shown").set_value(-1)
    page = act(page, "exports_test")
    assert "No test was sent" in texts(page)
    assert app.ledger.runs() == []
