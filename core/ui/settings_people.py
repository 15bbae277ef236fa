"""People: who is here, as what; invite, change, sign out everywhere, remove."""

from __future__ import annotations

import streamlit as st

from core.access.people import LinkKind
from core.access.rights import ROLES
from core.access.tokens import Caller
from core.app import App
from core.invitations import Invitation
from core.model.access import Person
from core.ui import frame, inputs
from core.ui.identity import acting
from core.ui.notices import attempt, begin_dialog
from core.ui.settings_account import show_sessions
from core.ui.settings_leave import leave_dialog
from core.ui.state import SECTION_PARAM
from core.ui.text import ago, escape

EMAIL, NAME, ROLE = "settings_invite_email", "settings_invite_name", "settings_invite_role"
MADE = "settings_people_link"
MEANS = {
    "owner": "may do everything, also make other owners",
    "admin": "keeps people, connections and settings, and builds",
    "analyst": "loads data, builds bridges, makes exports",
    "viewer": "sees the reports that are shared",
}


def show_people(app: App) -> None:
    """Everybody, and the form that invites."""
    caller = acting(app, "people.read")
    st.subheader("People", anchor=False)
    if caller.session_id is None:
        st.info("Set your own password first: else whoever you invite shuts you out.", icon=":material/lock_open:")
        st.page_link(
            frame.SETTINGS.page, label="Your account", icon=":material/person:", query_params={SECTION_PARAM: "account"}
        )
        return
    people = app.people.all()
    for person in people:
        _show(app, caller, person)
    _show_link(app)
    _invite(app, caller)


def _show(app: App, caller: Caller, person: Person) -> None:
    is_mine = person.role != "owner" or caller.role == "owner"
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"settings_person_{person.id}"):
        you = " :green-badge[You]" if person.id == caller.person_id else ""
        state = "" if person.password_hash else " :orange-badge[No password yet]"
        seen = f", last seen {ago(person.last_seen_at, app.clock())}" if person.last_seen_at else ""
        with st.container(gap=None):
            st.markdown(f"**{escape(person.name)}**{you}{state}")
            # Markdown would make a link of the address.
            st.text(f"{person.email}{seen}")
        key = f"settings_role_{person.id}_{person.role}"
        st.selectbox(
            "Role",
            _roles(caller) if is_mine else [person.role],
            index=_roles(caller).index(person.role) if is_mine else 0,
            key=key,
            disabled=not is_mine,
            label_visibility="collapsed",
            width=130,
            on_change=_change_role,
            args=(app, person, key),
        )
        with st.popover("", icon=":material/more_horiz:", type="tertiary", disabled=not is_mine):
            label = "Reset password…" if person.password_hash else "New invitation…"
            st.button(label, key=f"settings_link_{person.id}", on_click=_make_link, args=(app, person))
            if st.button("Sessions…", key=f"settings_sessions_{person.id}"):
                _sessions_dialog(app, person)
            if st.button("Remove…", key=f"settings_remove_{person.id}"):
                leave_dialog(app, person)


def _invite(app: App, caller: Caller) -> None:
    with st.form("settings_invite"):
        st.markdown("**Invite somebody**")
        places = st.columns([3, 2, 3])
        with places[0]:
            inputs.text_input("E-mail", key=EMAIL, placeholder="ann@example.org")
        with places[1]:
            inputs.text_input("Name", key=NAME)
        with places[2]:
            inputs.selectbox("Role", _roles(caller)[::-1], key=ROLE, format_func=lambda role: f"{role}: {MEANS[role]}")
        st.form_submit_button("Invite", key="settings_invite_now", type="primary", on_click=_invite_now, args=(app,))


def _invite_now(app: App) -> None:
    email, name, role = (st.session_state[key] for key in (EMAIL, NAME, ROLE))
    with attempt(f"{name or email} is invited."):
        person = app.people.add(acting(app, "people.write"), email, name, role)
        _keep_link(app, person, "invite")
        st.session_state[EMAIL] = st.session_state[NAME] = ""


def _make_link(app: App, person: Person) -> None:
    with attempt(f"A new link for {person.name} is made."):
        app.people.require_over(acting(app, "people.write"), person)
        _keep_link(app, person, "reset" if person.password_hash else "invite")


def _keep_link(app: App, person: Person, kind: LinkKind) -> None:
    st.session_state[MADE] = (person.name, app.invitations.send(person, kind))


def _show_link(app: App) -> None:
    """The one-time link that was just made: mailed, or to be handed on; gone when something else is done."""
    made: tuple[str, Invitation] | None = st.session_state.pop(MADE, None)
    if made is None:
        return
    name, invitation = made
    if invitation.is_mailed:
        st.success(f"A link was mailed to {escape(name)}. It works for {invitation.time}.", icon=":material/mail:")
        return
    with st.container(border=True, key="settings_made_link"):
        if invitation.problem:
            st.warning(f"The mail could not be sent: {escape(invitation.problem)}", icon=":material/mail:")
        st.markdown(
            f"Send this link to **{escape(name)}**. It works once, for {invitation.time}; it is shown this once."
        )
        st.code(invitation.url, language=None, wrap_lines=True)
        if app.settings.is_only_local:
            st.caption(":material/info: Other computers cannot open it; set BRIDGECAST_PUBLIC_URL.")


def _change_role(app: App, person: Person, key: str) -> None:
    role = st.session_state[key]
    with attempt(f"{person.name} is {role} now."):
        app.people.change(acting(app, "people.write"), person.id, role=role)
    st.session_state.pop(key, None)


@st.dialog("Sessions")
def _sessions_dialog(app: App, person: Person) -> None:
    begin_dialog()
    st.markdown(f"Where **{escape(person.name)}** is signed in. An ended session is out at its next click.")
    show_sessions(app, person.id, acting(app, "people.read"))


def _roles(caller: Caller) -> list[str]:
    """The roles that the caller may give."""
    return [role for role in ROLES if role != "owner" or caller.role == "owner"]
