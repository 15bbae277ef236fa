"""A field of a destination that is chosen among what its service has, asked live: a channel, a person, a team."""

from __future__ import annotations

import json
from collections.abc import Mapping

import streamlit as st

from core.app import App
from core.connections import SavedConnection
from core.connectors.base import Field
from core.errors import BridgecastError, NotFound
from core.ui import inputs
from core.ui.text import escape

FOUND_TTL_S, FOUND_KEPT = 60, 64
MARK = "_set_"


def choose(app: App, field: Field, key: str) -> None:
    """The input. key: of the session, `<destination>_set_<field>`; beside it lie connection and other fields.

    Typing searches in what the service has; what it does not list may be typed.
    """
    label = f"{field.label} (needed)" if field.is_needed else field.label
    destination, session = key.rpartition(MARK)[0], st.session_state
    begins = f"{destination}{MARK}"
    others = {str(name).removeprefix(begins): value for name, value in session.items() if str(name).startswith(begins)}
    found, problem = _offered(app, session.get(f"{destination}_connection"), field.name, others)
    chosen = str(session[key] or "")
    if not found:
        inputs.text_input(label, key=key, placeholder=field.placeholder, help=field.help or None)
        if problem:
            st.caption(f":material/warning: {escape(problem)}")
        return
    offered = list(dict.fromkeys(["", *found, *([chosen] if chosen else [])]))
    inputs.selectbox(
        label,
        offered,
        format_func=lambda one: found.get(one, one) or "Choose one",
        key=key,
        help=field.help or "Type to search",
        accept_new_options=True,
    )


def connection_of(app: App, connection_id: str | None) -> SavedConnection | None:
    """The connection that is chosen; None while there is none, or it is gone."""
    try:
        return app.connections.get(connection_id) if connection_id else None
    except NotFound:
        return None


def _offered(
    app: App, connection_id: str | None, name: str, others: Mapping[str, object]
) -> tuple[Mapping[str, str], str]:
    """What there is to choose, and why there is nothing."""
    if connection_id is None:
        return {}, ""
    own = {field: value for field, value in others.items() if field != name and isinstance(value, str)}
    try:
        return _found(app, connection_id, app.connections.get(connection_id).revision, name, json.dumps(own)), ""
    except BridgecastError as error:
        return {}, str(error)


@st.cache_data(show_spinner="Asking what there is…", max_entries=FOUND_KEPT, ttl=FOUND_TTL_S)
def _found(_app: App, connection_id: str, _revision: int, name: str, others: str) -> dict[str, str]:
    return dict(_app.connections.lookup(connection_id, name, json.loads(others)))
