"""The switch that holds all sending: a bar on every page while it is on, and the button that puts it on."""

from __future__ import annotations

import streamlit as st

from core.access.rights import may
from core.access.tokens import Caller
from core.app import App
from core.ui import inputs
from core.ui.identity import acting
from core.ui.notices import attempt, begin_dialog
from core.ui.text import escape, moment, zone

WHY = "sending_why"


def say_when_held(app: App, caller: Caller) -> None:
    """The bar on every page while nothing is sent."""
    held = app.sending.held()
    if held is None:
        return
    since = f" since {moment(held.since)} {zone()}" if held.since else ""
    with st.container(horizontal=True, vertical_alignment="center", key="sending_bar"):
        st.warning(f"**Nothing is sent{since}.** {escape(held.why)}", icon=":material/pause_circle:")
        if held.since and may(caller, "settings.write"):
            st.button("Send again", key="sending_go_on", on_click=_go_on, args=(app,))


def offer_to_hold(app: App, caller: Caller) -> None:
    """The button that holds everything, for whoever may."""
    is_sending = app.sending.held() is None
    if is_sending and may(caller, "settings.write") and st.button("Hold all sending…", key="sending_ask"):
        _dialog(app)


@st.dialog("Hold all sending")
def _dialog(app: App) -> None:
    begin_dialog()
    st.markdown("Exports still run and are made, but nothing leaves. What waits goes when sending goes on.")
    inputs.text_input("Why", key=WHY, placeholder="Wrong numbers in October")
    st.button("Hold all sending", key="sending_hold", type="primary", on_click=_hold, args=(app,))


def _hold(app: App) -> None:
    with attempt("Nothing is sent from now on."):
        acting(app, "settings.write")
        app.sending.hold(str(st.session_state.get(WHY, "")).strip())


def _go_on(app: App) -> None:
    with attempt("Sending goes on."):
        acting(app, "settings.write")
        app.sending.go_on()
