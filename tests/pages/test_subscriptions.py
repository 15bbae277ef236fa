"""Home of a viewer: reports that are shared with them, and the switch that brings one by mail."""

from __future__ import annotations

import pytest

from core.access.sessions import Visitor
from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.delivery import ExportSpec
from core.ui import identity
from tests.pages.driving import Open, settled


@pytest.fixture
def viewer_id(app: App, monkeypatch: pytest.MonkeyPatch) -> str:
    """Signed in as a viewer; their id."""
    app.people.set_password(app.owner.id, "correct horse")
    person = app.people.add(app.sessions.built_in_owner(), "vera@example.org", "Vera", "viewer")
    secret = app.sessions.open(person.id, Visitor())
    monkeypatch.setattr(identity, "session_secret", lambda: secret)
    return person.id


def report(app: App, **more: object) -> str:
    link = {"kind": "link", "settings": {"slug": "morning"}}
    spec = {"name": "Morning", "content": {"analysis": "revenue"}, "destinations": [link], **more}
    return app.exports.create(ExportSpec.model_validate(spec), by=app.owner.id).id


def test_a_viewer_switches_a_report_by_mail_on_and_off(
    open_page: Open, app: App, revenue: AnalysisSpec, viewer_id: str
) -> None:
    app.connections.create("email", "Mail", {"host": "smtp.example.org", "from": "r@example.org"}, by=app.owner.id)
    export_id = report(app, triggers=[{"kind": "url"}])
    page = settled(open_page().toggle(key=f"home_mail_{export_id}").set_value(True).run())
    assert [one.destination.settings["to"] for one in app.subscriptions.readers(export_id)] == [["vera@example.org"]]
    settled(page.toggle(key=f"home_mail_{export_id}").set_value(False).run())
    assert app.subscriptions.readers(export_id) == []


def test_a_report_that_nothing_starts_offers_no_mail(
    open_page: Open, app: App, revenue: AnalysisSpec, viewer_id: str
) -> None:
    report(app)
    assert not open_page().toggle


def test_a_report_behind_two_links_has_one_switch(
    open_page: Open, app: App, revenue: AnalysisSpec, viewer_id: str
) -> None:
    app.connections.create("email", "Mail", {"host": "smtp.example.org", "from": "r@example.org"}, by=app.owner.id)
    links = [{"kind": "link", "settings": {"slug": slug}} for slug in ("morning", "evening")]
    report(app, triggers=[{"kind": "url"}], destinations=links)
    page = open_page()
    assert not page.exception
    assert len(page.toggle) == 1
