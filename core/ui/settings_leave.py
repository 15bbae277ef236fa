"""A person leaves: what they made is shown, and handed over or paused in the same click."""

from __future__ import annotations

import streamlit as st

from core.access.leaving import Thing
from core.access.rights import ACTIONS
from core.app import App
from core.model.access import Person
from core.ui import inputs
from core.ui.identity import acting
from core.ui.notices import attempt, begin_dialog
from core.ui.text import escape

HAND_OVER, PAUSE = "hand_over", "pause"
KEPT = ("dataset", "analysis", "export", "connection")
"""What somebody else can answer for."""
TITLES = {
    "dataset": "Datasets",
    "analysis": "Analyses",
    "export": "Exports",
    "connection": "Connections",
    "link": "Links",
    "token": "API tokens, which end",
}


@st.dialog("Remove a person")
def leave_dialog(app: App, person: Person) -> None:
    """Ask what becomes of what they made; nothing is asked of somebody who made nothing."""
    begin_dialog()
    things = app.people.belongings(person.id)
    st.markdown(f"**{escape(person.name)}** can no longer sign in, at once and everywhere.")
    _show(things)
    if any(thing.kind in KEPT for thing in things):
        _choose(app, person, things)
    st.button("Remove", key="settings_remove_now", type="primary", on_click=_leave, args=(app, person))


def _show(things: list[Thing]) -> None:
    for kind, title in TITLES.items():
        named = [_named(thing) for thing in things if thing.kind == kind]
        if named:
            st.markdown(f"**{title}**: {', '.join(named)}")


def _named(thing: Thing) -> str:
    return escape(thing.name) + (" (off)" if thing.is_on is False else "")


def _choose(app: App, person: Person, things: list[Thing]) -> None:
    """What becomes of it."""
    is_sent = any(thing.is_on for thing in things)
    labels = {HAND_OVER: "Hand it over", PAUSE: "Pause the exports" if is_sent else "Leave it as it is"}
    how, to = _keys(person)
    st.session_state.setdefault(how, HAND_OVER)
    inputs.segmented_control("What becomes of it", list(labels), format_func=labels.__getitem__, key=how, required=True)
    if st.session_state[how] == PAUSE:
        if is_sent:
            st.caption("Their links do not open until somebody switches the exports on again.")
        return
    names = {one.id: f"{one.name} ({one.email})" for one in _successors(app, person)}
    st.selectbox(
        "To", list(names), index=None, format_func=names.__getitem__, key=to, placeholder="Who answers for it now"
    )
    st.caption("Everything goes on as it is, under that person's name.")


def _successors(app: App, person: Person) -> list[Person]:
    """Who may make exports, but for whoever leaves."""
    return [one for one in app.people.all() if one.id != person.id and "export.write" in ACTIONS[one.role]]


def _keys(person: Person) -> tuple[str, str]:
    """The choice's and the successor's widgets: of one person, so that nothing is chosen already for the next one."""
    return f"settings_leave_how_{person.id}", f"settings_leave_to_{person.id}"


def _leave(app: App, person: Person) -> None:
    how, to = _keys(person)
    pause = st.session_state.get(how) == PAUSE
    successor = None if pause else st.session_state.get(to)
    with attempt(f"{person.name} was removed."):
        app.people.leave(acting(app, "people.write"), person.id, hand_over_to=successor, pause=pause)
