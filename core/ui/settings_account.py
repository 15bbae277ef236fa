"""The own account: who one is, the password, the browsers where one is signed in."""

from __future__ import annotations

import time

import streamlit as st

from core.access.tokens import Caller
from core.app import App
from core.errors import Busy, DataError
from core.model.access import SignIn
from core.settings import LOOPBACK
from core.ui import frame, inputs, loaders
from core.ui.identity import acting, caller_address
from core.ui.notices import attempt
from core.ui.text import ago, escape

OLD, NEW = "settings_account_old", "settings_account_new"
LINK = "settings_account_link"
BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
NAMES = {"Edg": "Edge", "OPR": "Opera"}
SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")


def show_account(app: App) -> None:
    """Whoever looks at the page."""
    caller = acting(app, "token.own")
    st.subheader("Your account", anchor=False)
    if caller.session_id is None:
        _show_open(app, caller)
        return
    st.markdown(f"**{escape(caller.name)}** · {caller.role}")
    st.text(caller.email)
    if app.people.get(caller.person_id).password_hash is None:
        st.caption("You sign in with the account of your organisation: there is no password of yours here to change.")
    else:
        _show_password(app)
    st.markdown("**Where you are signed in**")
    show_sessions(app, caller.person_id, caller)


def _show_open(app: App, caller: Caller) -> None:
    """Nobody has a password yet: the way to the first one."""
    st.info(
        "Nobody has a password yet, so Bridgecast opens without one, for this computer only. Set yours, and from then "
        "on everybody signs in.",
        icon=":material/lock_open:",
    )
    st.button("Set a password…", key="settings_account_begin", type="primary", on_click=_begin, args=(app, caller))
    if address := st.session_state.pop(LINK, None):
        frame.plain_link("Continue to the page where you set it", address)


def _begin(app: App, caller: Caller) -> None:
    with attempt("Follow the link to set your password."):
        acting(app, "people.write")
        st.session_state[LINK] = app.invitations.make(app.people.get(caller.person_id), "invite").url


def _show_password(app: App) -> None:
    with st.form("settings_password", width=420):
        inputs.text_input("Present password", type="password", key=OLD)
        inputs.text_input("New password", type="password", key=NEW, help="Your other browsers are signed out.")
        st.form_submit_button("Change password", key="settings_account_change", on_click=_change, args=(app,))


def _change(app: App) -> None:
    with attempt("Your password is changed."):
        _change_counted(app, acting(app, "token.own"))
    st.session_state[OLD] = st.session_state[NEW] = ""


def _change_counted(app: App, caller: Caller) -> None:
    """Guesses at the present password are slowed down and end, as those over the API are. Raises Busy."""
    attempts, visitor, now = loaders.attempts(), caller_address(app) or LOOPBACK[0], app.clock()
    if seconds := attempts.refused_for(visitor, now):
        raise Busy(f"Too many attempts failed from your address. Try again in {-(-seconds // 60)} min.")
    time.sleep(attempts.begin(visitor, caller.person_id, now))
    try:
        app.people.change_password(caller, st.session_state[OLD], st.session_state[NEW])
    except DataError:
        attempts.succeeded(caller.person_id, visitor)
        raise
    attempts.succeeded(caller.person_id, visitor)


def show_sessions(app: App, person_id: str, caller: Caller) -> None:
    """The sessions of a person, each to be ended at once."""
    sessions = app.sessions.all(person_id)
    for session in sessions:
        is_this = session.id == caller.session_id
        with st.container(horizontal=True, vertical_alignment="center"):
            mark = " :green-badge[This one]" if is_this else ""
            seen = f"{escape(session.address)}, last seen {ago(session.seen_at, app.clock())}"
            st.markdown(f"{browser_of(session)}{mark} :small[:gray[{seen}]]", width="stretch")
            if not is_this:
                st.button("End", key=f"settings_end_{session.id}", on_click=_end, args=(app, session))
    if not sessions:
        st.caption("Nowhere.")


def browser_of(session: SignIn) -> str:
    """What the browser calls itself, in two words."""
    browser = next((name for name in BROWSERS if name in session.agent), "")
    system = next((name for name in SYSTEMS if name in session.agent), "")
    return escape(" on ".join(filter(None, (NAMES.get(browser, browser), system))) or "A browser or program")


def _end(app: App, session: SignIn) -> None:
    with attempt("The session is ended."):
        if acting(app, "token.own").person_id != session.person_id:
            app.people.require_over(acting(app, "people.write"), app.people.get(session.person_id))
        app.sessions.end(session.person_id, session.id)
