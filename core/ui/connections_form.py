"""The form of a connection, drawn from the fields that its connector declares."""

from __future__ import annotations

import streamlit as st

from core.connections import SavedConnection
from core.connectors import CONNECTORS
from core.connectors.base import Connector, Field, Value
from core.ui import inputs

KIND, NAME = "connections_kind", "connections_name"
IS_SET = "is set, type to replace it"


def key_of(field: Field) -> str:
    """The session's key of a field's input."""
    return f"connections_field_{field.name}"


def forget_key(field: Field) -> str:
    """The session's key of the box that takes a secret away."""
    return f"connections_forget_{field.name}"


def fill(before: SavedConnection | None, kind: str | None = None) -> None:
    """Give the form its values; called once when it is opened. Secrets start empty: they are never shown again.

    kind: of a new one, the first that is offered unless it is said.
    """
    session = st.session_state
    session[KIND] = before.kind if before else kind or next(iter(CONNECTORS))
    session[NAME] = before.name if before else ""
    _fill_fields(before)


def _fill_fields(before: SavedConnection | None) -> None:
    for field in chosen().fields:
        given = before.settings[field.name] if before and field.kind != "secret" else field.default
        st.session_state[key_of(field)] = "" if given is None else given
        if field.kind == "secret":
            st.session_state[forget_key(field)] = False


def clear() -> None:
    """Forget what was typed, secrets above all."""
    for connector in CONNECTORS.values():
        for field in connector.fields:
            st.session_state.pop(key_of(field), None)


def edit(before: SavedConnection | None) -> None:
    """Draw it."""
    if before is None:
        inputs.selectbox(
            "Kind",
            list(CONNECTORS),
            format_func=lambda kind: CONNECTORS[kind].label,
            key=KIND,
            on_change=_fill_fields,
            args=(None,),
        )
    connector = chosen()
    inputs.text_input("Name", key=NAME, placeholder=connector.label)
    for field in connector.fields:
        if field.is_typed:
            _draw(field, is_set=before is not None and field.name in before.secrets)


def chosen() -> Connector:
    """The connector of the kind that the form is for."""
    return CONNECTORS[st.session_state[KIND]]


def name() -> str:
    """What the connection is called; the kind's label when nothing was typed."""
    return str(st.session_state[NAME]).strip() or chosen().label


def settings() -> dict[str, Value]:
    """What was typed and chosen, secrets aside."""
    return {field.name: st.session_state[key_of(field)] for field in chosen().fields if field.kind != "secret"}


def secrets() -> dict[str, str | None]:
    """The secrets that were typed anew, and those to be forgotten (None)."""
    found: dict[str, str | None] = {}
    for field in chosen().fields:
        if field.kind == "secret" and st.session_state[key_of(field)]:
            found[field.name] = st.session_state[key_of(field)]
        elif field.kind == "secret" and st.session_state.get(forget_key(field)):
            found[field.name] = None
    return found


def _draw(field: Field, *, is_set: bool) -> None:
    label = field.label if not field.is_needed else f"{field.label} (needed)"
    match field.kind:
        case "secret":
            _draw_secret(field, is_set=is_set)
        case "port":
            inputs.number_input(label, 1, 65_535, step=1, key=key_of(field), help=field.help or None, width=180)
        case "choice":
            inputs.segmented_control(
                label,
                list(field.choices),
                format_func=field.choices.__getitem__,
                key=key_of(field),
                required=True,
                help=field.help or None,
            )
        case "switch":
            inputs.checkbox(label, key=key_of(field), help=field.help or None)
        case _:
            inputs.text_input(label, key=key_of(field), placeholder=field.placeholder, help=field.help or None)


def _draw_secret(field: Field, *, is_set: bool) -> None:
    """Browsers are told not to fill in the person's own password."""
    inputs.text_input(
        field.label,
        type="password",
        key=key_of(field),
        placeholder=f"*** {IS_SET}" if is_set else field.placeholder,
        autocomplete="new-password",
        help=field.help or None,
    )
    if is_set:
        inputs.checkbox(f"Forget the {field.label.lower()}", key=forget_key(field))
