"""Add or change a connection: which one the address names, and what Save does."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.connections import SavedConnection
from core.ui import connections_form as form
from core.ui.connections_slack import show_steps
from core.ui.identity import acting
from core.ui.notices import attempt
from core.ui.state import NEW_PARAM
from core.ui.text import escape

CONNECTION_PARAM = "connection"
FILLED = "connections_filled"
NEW = "new"
LOCAL_NOTE = "Recipients outside this computer cannot open links that are sent; set BRIDGECAST_PUBLIC_URL."


def open_connection(connection_id: str) -> None:
    """Go to the form of a connection."""
    st.query_params.from_dict({CONNECTION_PARAM: connection_id})


def open_new() -> None:
    """Go to the form of a new connection."""
    st.query_params.from_dict({NEW_PARAM: "1"})


def close() -> None:
    """Back to the list."""
    st.session_state.pop(FILLED, None)
    form.clear()
    st.query_params.clear()


def asked_for() -> str | None:
    """The connection the address names, NEW, or None for the list."""
    if CONNECTION_PARAM in st.query_params:
        return st.query_params[CONNECTION_PARAM]
    return NEW if NEW_PARAM in st.query_params else None


def edit(app: App, asked: str) -> None:
    """The form. Raises NotFound, and AccessDenied for whoever may only look."""
    acting(app, "connection.write")
    before = None if asked == NEW else app.connections.get(asked)
    if st.session_state.get(FILLED) != asked or form.NAME not in st.session_state:
        form.fill(before)
        st.session_state[FILLED] = asked
    with st.container(width=560):
        if before is not None and before.problem:
            st.warning(escape(before.problem), icon=":material/key_off:")
        if before is None and form.chosen().kind == "slack":
            show_steps(app)
        form.edit(before)
        with st.container(horizontal=True):
            st.button("Save", key="connections_save", type="primary", on_click=_save, args=(app, before))
            st.button("Cancel", key="connections_cancel_edit", on_click=close)
        if app.settings.is_public_url_local:
            st.caption(f":material/info: {LOCAL_NOTE}")


def _save(app: App, before: SavedConnection | None) -> None:
    with attempt("The connection is saved. Test it."):
        me = acting(app, "connection.write").person_id
        name, settings, secrets = form.name(), form.settings(), form.secrets()
        if before is None:
            app.connections.create(form.chosen().kind, name, settings, secrets, by=me)
        else:
            app.connections.change(
                before.id, name=name, settings=settings, secrets=secrets, if_revision=before.revision
            )
        close()
