"""API tokens on the Settings page: make one, see it once, see when each was used, revoke it."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core.access.api_tokens import KeptToken
from core.access.rights import scopes_of
from core.access.tokens import ALL_SCOPES, Caller
from core.app import App
from core.ui import inputs
from core.ui.identity import acting
from core.ui.notices import attempt
from core.ui.text import ago, escape, moment, zone

NAME, SCOPES, DAYS, MADE = "settings_token_name", "settings_token_scopes", "settings_token_days", "settings_token_made"
PERIODS: dict[int | None, str] = {30: "30 days", 90: "90 days", 365: "1 year", None: "No end"}
MEANS = {"read": "see", "write": "make and change", "run": "start runs", "admin": "people, settings, connections"}


def show_tokens(app: App) -> None:
    """The tokens, and the form that makes one."""
    caller = acting(app, "token.own")
    st.subheader("API tokens", anchor=False)
    st.markdown("Programs send one as `Authorization: Bearer …`.")
    st.link_button("The API, described", _docs(app), icon=":material/open_in_new:", type="tertiary")
    _show_made()
    tokens = app.tokens.all(caller)
    for token in tokens:
        with st.container(horizontal=True, vertical_alignment="center", key=f"settings_token_{token.id}"):
            st.markdown(_line(app, caller, token), width="stretch")
            st.button("Revoke", key=f"settings_revoke_{token.id}", on_click=_revoke, args=(app, token))
    if not tokens:
        st.caption("There is none yet.")
    _make_form(caller, app)


def _docs(app: App) -> str:
    return f"{app.settings.report_base_url}/api/v1/docs"


def _line(app: App, caller: Caller, token: KeptToken) -> str:
    now = app.clock()
    whose = "" if token.person_id == caller.person_id else f" of {escape(token.person)}"
    used = f"used {ago(token.last_used_at, now)}" if token.last_used_at else "never used"
    ended = " :red-badge[Ended]" if token.has_ended(now) else ""
    until = f"until {moment(token.expires_at)} {zone()}" if token.expires_at else "no end"
    return f"**{escape(token.name)}**{whose}{ended}  \n:small[:gray[{', '.join(token.scopes)} · {used} · {until}]]"


def _show_made() -> None:
    """The token that was just made; gone when something else is done."""
    made = st.session_state.pop(MADE, None)
    if made:
        with st.container(border=True, key="settings_token_shown"):
            st.markdown("**Copy the token now.** It is not shown again.")
            st.code(made, language=None, wrap_lines=True)


def _make_form(caller: Caller, app: App) -> None:
    offered = [scope for scope in ALL_SCOPES if scope in scopes_of(caller.role)]
    with st.form("settings_token_form"):
        st.markdown("**New token**")
        places = st.columns([3, 2])
        with places[0]:
            inputs.text_input("Name", key=NAME, placeholder="Nightly job")
        places[1].selectbox("Works for", list(PERIODS), index=1, format_func=PERIODS.__getitem__, key=DAYS)
        # A row of its own: beside others the last scopes would be cut off.
        st.pills(
            "Scopes",
            offered,
            default=["read"],
            selection_mode="multi",
            key=SCOPES,
            format_func=lambda scope: f"{scope}: {MEANS[scope]}",
        )
        st.form_submit_button("Make the token", key="settings_token_now", type="primary", on_click=_make, args=(app,))


def _make(app: App) -> None:
    days = st.session_state[DAYS]
    with attempt("The token is made."):
        expires_at = app.clock() + timedelta(days=days) if days else None
        caller = acting(app, "token.own")
        _, token = app.tokens.make(caller, st.session_state[NAME], st.session_state[SCOPES], expires_at=expires_at)
        st.session_state[MADE], st.session_state[NAME] = token, ""


def _revoke(app: App, token: KeptToken) -> None:
    with attempt(f"'{token.name}' is revoked."):
        app.tokens.revoke(acting(app, "token.own"), token.id)
