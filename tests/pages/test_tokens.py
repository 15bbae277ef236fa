"""API tokens on the Settings page."""

from __future__ import annotations

from core.access.tokens import verify_token
from core.app import App
from tests.pages.driving import Open, settled, texts

PAGE = "pages/7_Settings.py"


def test_a_token_is_shown_once_and_revoked(open_page: Open, app: App) -> None:
    page = open_page(PAGE, section="tokens")
    page.text_input(key="settings_token_name").set_value("Nightly")
    settled(page.button(key="settings_token_now").click().run())
    (token,) = [code.value for code in page.code if code.value.startswith("bc_")]
    assert verify_token(app.store, token, now=app.clock()) is not None
    assert "**Nightly**" in texts(page)
    settled(page.run())
    assert token not in [code.value for code in page.code]
    (kept,) = app.tokens.all(app.sessions.built_in_owner())
    settled(page.button(key=f"settings_revoke_{kept.id}").click().run())
    assert verify_token(app.store, token, now=app.clock()) is None


def test_a_token_without_a_name_is_refused(open_page: Open, app: App) -> None:
    page = open_page(PAGE, section="tokens")
    settled(page.button(key="settings_token_now").click().run())
    assert "A token has a name" in page.error[0].value
