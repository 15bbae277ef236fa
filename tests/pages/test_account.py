"""The own account: a password that is changed, guesses that end, and who has none."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.access.attempts import MOST_FAILURES
from core.access.passwords import is_password
from core.access.sessions import Visitor
from core.app import App
from core.settings import LOOPBACK
from core.ui import identity, loaders
from tests.pages.driving import Open, settled, texts

OLD, NEW = "correct horse", "battery staple"


@pytest.fixture
def ann(app: App, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The account page of Ann, who has a password."""
    person = app.people.add(app.sessions.built_in_owner(), "ann@example.org", "Ann", "viewer", OLD)
    secret = app.sessions.open(person.id, Visitor())
    monkeypatch.setattr(identity, "session_secret", lambda: secret)
    return open_page("pages/7_Settings.py", section="account")


def change(page: AppTest, old: str, new: str = NEW) -> AppTest:
    page.text_input(key="settings_account_old").set_value(old)
    page.text_input(key="settings_account_new").set_value(new)
    return settled(page.button(key="settings_account_change").click().run())


def opens(app: App, password: str) -> bool:
    person = app.people.find("ann@example.org")
    return person is not None and is_password(person.password_hash, password)


def test_the_password_is_changed_by_whoever_knows_the_old_one(app: App, ann: AppTest) -> None:
    change(ann, OLD)
    assert (opens(app, OLD), opens(app, NEW)) == (False, True)


def test_guesses_from_one_address_end_also_for_the_right_one(app: App, ann: AppTest) -> None:
    for number in range(MOST_FAILURES - 1):
        loaders.attempts().failed(LOOPBACK[0], f"somebody else {number}", app.clock())
    assert "The present password is not right." in texts(change(ann, "wrong horse"))
    assert "Too many attempts failed from your address. Try again in 15 min." in texts(change(ann, OLD))
    assert opens(app, OLD)


def test_a_new_one_that_will_not_do_is_no_guess(app: App, ann: AppTest) -> None:
    for _ in range(2):
        assert "Use at least" in texts(change(ann, OLD, "short"))
    assert loaders.attempts().begin(LOOPBACK[0], "ann", app.clock()) == 0
    assert loaders.attempts().refused_for(LOOPBACK[0], app.clock()) == 0


def test_who_signs_in_elsewhere_is_asked_for_no_password(
    app: App, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.people.set_password(app.owner.id, OLD)
    person = app.people.add(app.sessions.built_in_owner(), "ann@example.org", "Ann", "viewer")
    secret = app.sessions.open(person.id, Visitor())
    monkeypatch.setattr(identity, "session_secret", lambda: secret)
    page = open_page("pages/7_Settings.py", section="account")
    assert "settings_account_old" not in [field.key for field in page.text_input]
    assert "there is no password of yours here to change" in texts(page)
