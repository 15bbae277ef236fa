"""Signing in to Microsoft by a code, on the Connections page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.app import App
from core.connections import SavedConnection
from core.connectors import CHANNELS, CONNECTORS
from core.connectors.teams import Teams
from core.ui.connections_teams import WAITING
from tests.connectors.teams_server import CLIENT_ID, TENANT, USER, Microsoft, microsoft
from tests.pages.driving import Open, settled, texts
from tests.tls import make_certificates

PAGE = "pages/6_Connections.py"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Microsoft]:
    """Microsoft on this computer, which the product is told to look for here."""
    made = make_certificates(tmp_path, "localhost")
    monkeypatch.setenv("BRIDGECAST_EGRESS_ALLOW", "localhost")
    monkeypatch.setattr("core.access.egress._trusted", lambda: made.trusting)
    with microsoft(made.serving) as opened:
        teams = Teams(graph=f"{opened.base}/v1.0", authority=opened.base)
        for known in (CHANNELS, CONNECTORS):
            monkeypatch.setitem(known, "teams", teams)  # type: ignore[arg-type]
        yield opened


@pytest.fixture
def connection(world: Microsoft, app: App) -> SavedConnection:
    settings = {"way": "graph", "tenant": TENANT, "client_id": CLIENT_ID}
    return app.connections.create("teams", "Sales", settings, by=app.owner.id)


def sign_in(open_page: Open, connection: SavedConnection) -> AppTest:
    return settled(open_page(PAGE).button(key=f"connections_sign_in_{connection.id}").click().run())


def looked_again(page: AppTest) -> AppTest:
    """The page when it looks the next time: not before the interval is over."""
    page.session_state[WAITING][1].flow["latest_attempt_at"] = 0
    return settled(page.run())


def test_a_code_is_shown_and_the_sign_in_kept(
    open_page: Open, connection: SavedConnection, world: Microsoft, app: App
) -> None:
    page = sign_in(open_page, connection)
    assert "ABCD-EFGH" in [shown.value for shown in page.code]
    assert world.base in texts(page)
    world.is_signed_in = True
    page = looked_again(page)
    saved = app.connections.get(connection.id)
    assert (saved.settings["user"], saved.secrets) == (USER, {"refresh_token"})
    assert "ABCD-EFGH" not in [shown.value for shown in page.code]
    assert USER in texts(page)
    assert "refresh-1" not in str(page.main)
    assert app.connections.check(connection.id).ok


def test_a_sign_in_that_is_refused_is_told_and_over(
    open_page: Open, connection: SavedConnection, world: Microsoft, app: App
) -> None:
    page = sign_in(open_page, connection)
    app.connections.change(connection.id, settings={"client_id": "another"})
    page = looked_again(page)
    assert "AADSTS700016" in page.error[0].value
    assert page.button(key=f"connections_sign_in_{connection.id}")
    assert app.connections.get(connection.id).secrets == frozenset()


def test_a_wait_is_ended_by_a_button(open_page: Open, connection: SavedConnection) -> None:
    page = sign_in(open_page, connection)
    page = settled(page.button(key="connections_sign_in_stop").click().run())
    assert "ABCD-EFGH" not in [shown.value for shown in page.code]


def test_the_part_that_waits_draws_the_page_anew_once_the_wait_was_ended() -> None:
    def page() -> None:
        """As after Cancel: the button's own part of the page is drawn, and what it waited for is gone."""
        import streamlit as st

        from core.ui import connections_teams

        if st.session_state.setdefault("drawn", 0) == 0:
            st.session_state["drawn"] = 1
            connections_teams._wait(None, "any")
        st.text("the whole page")

    drawn = AppTest.from_function(page).run(timeout=60)
    assert not drawn.exception
    assert [text.value for text in drawn.text] == ["the whole page"]


def test_a_workflow_s_connection_asks_for_its_address_and_for_no_token(open_page: Open, app: App) -> None:
    made = app.connections.create("teams", "Flow", {}, {"url": "https://flow.example/sig=s3cret"}, by=app.owner.id)
    page = open_page(PAGE)
    assert not [button for button in page.button if str(button.key).startswith("connections_sign_in")]
    page = open_page(PAGE, connection=made.id)
    assert "s3cret" not in str(page.main)
    assert page.text_input(key="connections_field_url").placeholder.startswith("***")
    assert not [field for field in page.text_input if field.key == "connections_field_refresh_token"]
    page = settled(page.button(key="connections_save").click().run())
    assert app.connections.get(made.id).secrets == {"url"}
