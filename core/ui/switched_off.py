"""Destinations that nothing is sent to any more: listed where people look, with the button that switches them on."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.delivery.switched_off import Off, SwitchedOff
from core.ui import frame
from core.ui.identity import acting, can
from core.ui.notices import attempt
from core.ui.runs_list import KIND_NAMES, seen
from core.ui.text import escape, moment, plural, zone


def show_switched_off(app: App) -> None:
    """A red card each; nothing while all are on."""
    with st.container():  # For what stands below to keep its place.
        for one in _known(app).all():
            with st.container(border=True, key=f"off_{one.id}"):
                _show(app, one)


def _show(app: App, one: Off) -> None:
    kind, since = KIND_NAMES.get(one.kind, one.kind), f"{moment(one.since)} {zone()}"
    if not one.export_id:
        st.error(
            f"**{kind}: {escape(one.name)} was refused on {since} and sends nothing.** {escape(one.reason)}",
            icon=":material/key_off:",
        )
        st.page_link(frame.CONNECTIONS.page, label="Correct the connection", icon=frame.CONNECTIONS.icon)
        return
    st.error(
        f"**{kind}: {escape(one.name)} of {escape(one.export)} was switched off on {since}.** {escape(one.reason)}",
        icon=":material/link_off:",
    )
    if not can(app, "run.start"):
        return
    with st.container(horizontal=True):
        st.button("Switch on", key=f"off_on_{one.id}", on_click=_switch_on, args=(app, one.id, False))
        if one.missed:
            st.button(
                f"Switch on and send what was missed ({plural(one.missed, 'run')})",
                key=f"off_replay_{one.id}",
                type="primary",
                on_click=_switch_on,
                args=(app, one.id, True),
            )


def _switch_on(app: App, circuit_id: str, replay: bool) -> None:
    with attempt("It is switched on."):
        acting(app, "run.start")
        _known(app).switch_on(circuit_id, replay=replay)


def _known(app: App) -> SwitchedOff:
    return SwitchedOff(app.store, app.connections, app.exports, seen(app))
