"""Sign-in to Microsoft for a Teams connection: a code to type at Microsoft's own page, and the wait until it was."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.connections import SavedConnection
from core.connectors import CHANNELS
from core.connectors.base import Account
from core.connectors.teams import BY_GRAPH, DeviceCode, Teams
from core.errors import BridgecastError
from core.ui import frame
from core.ui.identity import acting, can
from core.ui.notices import attempt
from core.ui.text import escape

WAITING = "connections_teams_waiting"
LEAST_WAIT_S = 3


def show_sign_in(app: App, connection: SavedConnection) -> None:
    """The way in, for a connection by Microsoft Graph."""
    if connection.settings.get("way") != BY_GRAPH or not can(app, "connection.write"):
        return
    asked, code = st.session_state.get(WAITING, ("", None))
    if asked == connection.id:
        st.fragment(_wait, run_every=max(LEAST_WAIT_S, code.interval_s + 1))(app, connection.id)
        return
    again = " again" if "refresh_token" in connection.secrets else ""
    st.button(
        f"Sign in to Microsoft{again}",
        key=f"connections_sign_in_{connection.id}",
        icon=":material/login:",
        on_click=_begin,
        args=(app, connection.id),
        help="Messages then go out in the name of whoever signs in",
    )


def _begin(app: App, connection_id: str) -> None:
    with attempt("Type the code at Microsoft."):
        acting(app, "connection.write")
        teams, account = _teams(app, connection_id)
        st.session_state[WAITING] = (connection_id, teams.begin_sign_in(account, app.connections.outside))


def _wait(app: App, connection_id: str) -> None:
    """The code, until it was used or it is over. A click on Cancel draws this part of the page alone."""
    if WAITING not in st.session_state:
        st.rerun()
    code: DeviceCode = st.session_state[WAITING][1]
    with frame.errors():
        if _is_pending(app, connection_id, code):
            _show(code)
            return
        _stop()
        st.rerun()


def _is_pending(app: App, connection_id: str, code: DeviceCode) -> bool:
    """Whether the code was not used yet; what came of it else is kept, and told at the page's beginning."""
    found, problem = None, None
    try:
        acting(app, "connection.write")
        teams, account = _teams(app, connection_id)
        found = teams.signed_in(account, app.connections.outside, code)
    except BridgecastError as error:
        problem = error
    if found is None and problem is None:
        return True
    with attempt("You are signed in. Test the connection."):
        if problem is not None:
            raise problem
        if found is not None:
            changed = {"user": found.user}
            app.connections.change(connection_id, settings=changed, secrets={"refresh_token": found.refresh_token})
    return False


def _show(code: DeviceCode) -> None:
    with st.container(border=True):
        st.markdown(f"Open **[{escape(code.address)}]({code.address})**, sign in, and type this code:")
        st.code(code.user_code, language=None)
        st.caption("Waiting for Microsoft. This page notices by itself.")
        st.button("Cancel", key="connections_sign_in_stop", on_click=_stop)


def _stop() -> None:
    st.session_state.pop(WAITING, None)


def _teams(app: App, connection_id: str) -> tuple[Teams, Account]:
    _, account = app.connections.channel(Teams.kind, connection_id)
    teams = CHANNELS[Teams.kind]
    if not isinstance(teams, Teams):
        raise TypeError(f"{teams} is no connector of Teams")
    return teams, account
