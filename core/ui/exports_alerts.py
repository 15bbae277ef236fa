"""Who hears what becomes of an export, at the end of its form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

import streamlit as st

from core.app import App
from core.connectors import CHANNELS
from core.delivery.exports import SavedExport
from core.model.alerts import AlertKind, AlertSpec, AlertTarget
from core.ui import inputs
from core.ui.text import escape

FAILURES, ALERTS = "exports_alert_failures", "exports_alerts"
KINDS: dict[AlertKind, str] = {
    "failed": "Failed",
    "recovered": "Recovered",
    "disabled": "Switched off",
    "late": "Late",
    "empty": "Nothing to send",
    "succeeded": "Delivered",
}
PERSON, CONNECTION = "person:", "connection:"
"""What choices begin with that are no addresses."""


@dataclass(frozen=True)
class Draft:
    """An alert in the form. key: what the session's keys of its inputs begin with."""

    key: str
    on: tuple[AlertKind, ...] = ()
    to: tuple[AlertTarget, ...] = ()


def fill(export: SavedExport | None) -> None:
    """Give the form its alerts."""
    session = st.session_state
    for name in [name for name in session if str(name).startswith("exports_alert_")]:
        del session[name]
    session[FAILURES] = list(export.spec.failure_recipients) if export else []
    alerts = export.spec.alerts if export else ()
    session[ALERTS] = [Draft(f"exports_alert_{place}", one.on, one.to) for place, one in enumerate(alerts)]


def edit_alerts(app: App, before: SavedExport | None) -> None:
    """Who hears of failures, and of what else. before: the export that is changed."""
    st.session_state.setdefault(FAILURES, [])
    with st.expander("Alerts about this export"):
        for warning in before.warnings if before else ():
            st.warning(escape(warning), icon=":material/group:")
        people = {person.email: f"{person.name} ({person.email})" for person in app.people.all()}
        inputs.multiselect(
            "Hear when it fails, is switched off or recovers, besides its author",
            list(dict.fromkeys([*st.session_state[FAILURES], *people])),
            format_func=lambda one: people.get(one, one),
            key=FAILURES,
            placeholder="Nobody else",
            help="Type an address and press Enter",
            accept_new_options=True,
        )
        names = _names(app)
        for draft in st.session_state[ALERTS]:
            _edit(draft, names)
        st.button("Add an alert", key="exports_alerts_add", icon=":material/add_alert:", on_click=_add)


def failure_recipients() -> tuple[str, ...]:
    """The addresses that hear of failures."""
    return tuple(address.strip() for address in st.session_state.get(FAILURES, ()))


def alerts_of() -> tuple[AlertSpec, ...]:
    """What the inputs say; an alert about nothing, or for nobody, is left out. Raises ValidationError."""
    found = []
    for draft in st.session_state.get(ALERTS, ()):
        _fill(draft)
        on, chosen = st.session_state[f"{draft.key}_on"], st.session_state[f"{draft.key}_to"]
        if on and chosen:
            found.append(AlertSpec(on=tuple(on), to=tuple(_target(one, draft.to) for one in chosen)))
    return tuple(found)


def _add() -> None:
    drafts = st.session_state[ALERTS]
    taken = {draft.key for draft in drafts}
    key = next(f"exports_alert_{number}" for number in count() if f"exports_alert_{number}" not in taken)
    st.session_state[ALERTS] = [*drafts, Draft(key)]


def _remove(key: str) -> None:
    st.session_state[ALERTS] = [draft for draft in st.session_state[ALERTS] if draft.key != key]
    for name in (f"{key}_on", f"{key}_to"):
        st.session_state.pop(name, None)


def _fill(draft: Draft) -> None:
    """Values for inputs that have none: Streamlit forgets those of inputs that were not drawn."""
    st.session_state.setdefault(f"{draft.key}_on", list(draft.on))
    st.session_state.setdefault(f"{draft.key}_to", [_choice(target) for target in draft.to])


def _edit(draft: Draft, names: dict[str, str]) -> None:
    _fill(draft)
    with st.container(border=True, key=f"{draft.key}_box"):
        inputs.pills(
            "Tell when it is", list(KINDS), format_func=KINDS.__getitem__, key=f"{draft.key}_on", selection_mode="multi"
        )
        inputs.multiselect(
            "To",
            list(dict.fromkeys([*names, *st.session_state[f"{draft.key}_to"]])),
            format_func=lambda one: names.get(one, one),
            key=f"{draft.key}_to",
            placeholder="People, addresses, connections",
            help="Type an address and press Enter",
            accept_new_options=True,
        )
        st.button("Remove", key=f"{draft.key}_remove", type="tertiary", on_click=_remove, args=(draft.key,))


def _names(app: App) -> dict[str, str]:
    """What can be chosen: people, and connections that need to be told nothing more."""
    people = {f"{PERSON}{person.id}": f"{person.name} ({person.email})" for person in app.people.all()}
    kinds = app.connections.kinds()
    plain = {
        f"{CONNECTION}{one}": f"{name} ({CHANNELS[kinds[one]].label})"
        for one, name in app.connections.names().items()
        if kinds[one] in CHANNELS and not any(field.is_needed for field in CHANNELS[kinds[one]].destination_fields)
    }
    return people | plain


def _choice(target: AlertTarget) -> str:
    if target.connection is not None:
        return f"{CONNECTION}{target.connection}"
    return f"{PERSON}{target.person}" if target.person is not None else str(target.email)


def _target(choice: str, before: Iterable[AlertTarget]) -> AlertTarget:
    """What a choice stands for; a connection keeps the settings that it had."""
    known = {_choice(target): target for target in before}
    if choice in known:
        return known[choice]
    if choice.startswith(CONNECTION):
        return AlertTarget(connection=choice.removeprefix(CONNECTION))
    return AlertTarget(person=choice.removeprefix(PERSON)) if choice.startswith(PERSON) else AlertTarget(email=choice)
