"""The switch that holds all sending: its button, and the bar that every page shows meanwhile."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.app import App
from tests.pages.driving import Open, settled


def press(page: AppTest, key: str) -> AppTest:
    return settled(page.button(key=key).click().run())


def test_all_sending_is_held_with_a_reason_and_goes_on(open_page: Open, app: App) -> None:
    page = press(open_page("pages/5_Runs.py"), "sending_ask")
    page.text_input(key="sending_why").set_value("wrong numbers")
    page = press(page, "sending_hold")
    held = app.sending.held()
    assert held is not None
    assert held.why == "wrong numbers"
    assert "Nothing is sent since" in page.warning[0].value
    page = open_page("Home.py")
    assert "wrong numbers" in page.warning[0].value
    press(page, "sending_go_on")
    assert app.sending.held() is None
