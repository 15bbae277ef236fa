"""A person leaves, on the Settings page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.access.sessions import Visitor
from core.app import App
from core.model.access import Person
from core.model.analysis import AnalysisSpec
from core.model.delivery import ExportSpec
from core.ui import identity
from tests.pages.driving import Open, settled, texts

PAGE = "pages/7_Settings.py"


@pytest.fixture
def ann(app: App, revenue: AnalysisSpec) -> Person:
    """An analyst with an export that is on."""
    person = app.people.add(app.sessions.built_in_owner(), "ann@example.org", "Ann", "analyst")
    destination = {"kind": "link", "settings": {"slug": "anns"}}
    spec = {"name": "Ann's", "content": {"analysis": revenue.slug}, "destinations": [destination]}
    app.exports.create(ExportSpec.model_validate(spec), by=person.id)
    return person


@pytest.fixture(autouse=True)
def owner(app: App, monkeypatch: pytest.MonkeyPatch) -> Person:
    """The owner is signed in."""
    app.people.set_password(app.owner.id, "correct horse")
    secret = app.sessions.open(app.owner.id, Visitor())
    monkeypatch.setattr(identity, "session_secret", lambda: secret)
    return app.owner


# A test runs the whole page, which closes the question: its widgets and its button are set in one run.
def asked(open_page: Open, person: Person) -> AppTest:
    page = open_page(PAGE, section="people")
    return settled(page.button(key=f"settings_remove_{person.id}").click().run())


def test_the_question_shows_what_they_made_and_needs_an_answer(app: App, open_page: Open, ann: Person) -> None:
    page = asked(open_page, ann)
    assert "**Exports**: Ann's" in texts(page)
    assert "**Links**: /r/anns" in texts(page)
    settled(page.button(key="settings_remove_now").click().run())
    assert app.people.find("ann@example.org") is not None


def test_it_is_handed_over(app: App, open_page: Open, ann: Person, owner: Person) -> None:
    page = asked(open_page, ann)
    page.selectbox(key=f"settings_leave_to_{ann.id}").set_value(owner.id)
    settled(page.button(key="settings_remove_now").click().run())
    assert app.people.find("ann@example.org") is None
    assert [export.created_by for export in app.exports.all()] == [owner.id]


def test_the_exports_are_paused(app: App, open_page: Open, ann: Person) -> None:
    page = asked(open_page, ann)
    page.segmented_control(key=f"settings_leave_how_{ann.id}").set_value("pause")
    settled(page.button(key="settings_remove_now").click().run())
    assert app.people.find("ann@example.org") is None
    assert [export.spec.is_active for export in app.exports.all()] == [False]


def test_nothing_is_asked_about_somebody_who_made_nothing(app: App, open_page: Open) -> None:
    ben = app.people.add(app.sessions.built_in_owner(), "ben@example.org", "Ben", "viewer")
    page = asked(open_page, ben)
    assert f"settings_leave_how_{ben.id}" not in page.session_state
    settled(page.button(key="settings_remove_now").click().run())
    assert app.people.find("ben@example.org") is None
