"""All connections: what each is, what its last test found, and what can be done with it."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.connections import SavedConnection
from core.ui import frame
from core.ui.connections_edit import open_connection
from core.ui.connections_teams import show_sign_in
from core.ui.identity import acting, can
from core.ui.notices import attempt, begin_dialog
from core.ui.text import ago, escape

NOT_TESTED, WORKS, FAILED = ":gray-badge[Not tested yet]", ":green-badge[Works]", ":red-badge[Does not work]"
SHOWN = ("host", "user", "from")


def show_empty(app: App) -> None:
    """The page while there is no connection."""
    st.info(
        "There is no connection yet. A mail server lets Bridgecast send invitations and password resets.",
        icon=frame.CONNECTIONS.icon,
    )
    if not can(app, "connection.write"):
        st.caption("Administrators add connections.")


def show_connections(app: App, connections: list[SavedConnection]) -> None:
    """A card a connection, the oldest first."""
    for connection in connections:
        with st.container(border=True, key=f"connections_card_{connection.id}"):
            _show(app, connection)


def _show(app: App, connection: SavedConnection) -> None:
    is_tested = False
    with st.container(horizontal=True, vertical_alignment="center"):
        title = st.container(width="stretch")
        if can(app, "connection.write"):
            is_tested = _actions(app, connection)
    if is_tested:
        connection = _test(app, connection)
    with title:
        st.markdown(f"#### {escape(connection.name)}", width="stretch")
    _describe(app, connection)
    show_sign_in(app, connection)


def _actions(app: App, connection: SavedConnection) -> bool:
    """The buttons; whether the test was pressed."""
    is_tested = st.button("Test connection", key=f"connections_test_{connection.id}", icon=":material/network_check:")
    st.button(
        "Edit",
        key=f"connections_edit_{connection.id}",
        icon=":material/edit:",
        on_click=open_connection,
        args=(connection.id,),
    )
    if st.button("Delete…", key=f"connections_delete_{connection.id}", type="tertiary"):
        _delete_dialog(app, connection)
    return is_tested


def _test(app: App, connection: SavedConnection) -> SavedConnection:
    """Try it and read what was found."""
    with frame.errors(), st.spinner(f"Calling {escape(connection.name)}…"):
        acting(app, "connection.write")
        app.connections.check(connection.id)
        return app.connections.get(connection.id)
    return connection


def _describe(app: App, connection: SavedConnection) -> None:
    settings = [str(connection.settings[name]) for name in SHOWN if connection.settings.get(name)]
    # Markdown would make links of the addresses in it.
    st.text(" · ".join([connection.connector.label, *settings]))
    if connection.problem:
        st.warning(escape(connection.problem), icon=":material/key_off:")
    if connection.settings.get("is_default"):
        st.markdown(":blue-badge[Sends invitations and password resets]")
    check = connection.last_check
    if check is None or connection.checked_at is None:
        st.markdown(NOT_TESTED)
        return
    st.markdown(f"{WORKS if check.ok else FAILED} :small[:gray[tested {ago(connection.checked_at, app.clock())}]]")
    st.text(check.text)


@st.dialog("Delete the connection")
def _delete_dialog(app: App, connection: SavedConnection) -> None:
    begin_dialog()
    st.markdown(f"**{escape(connection.name)}** and its secrets will be gone for good.")
    st.button("Delete", key="connections_delete_now", type="primary", on_click=_delete, args=(app, connection))


def _delete(app: App, connection: SavedConnection) -> None:
    with attempt(f"'{connection.name}' was deleted."):
        acting(app, "connection.write")
        app.connections.delete(connection.id)
