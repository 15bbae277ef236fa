"""Who may open a report link, how long, and in whose pages: the part of the export's form that says so."""

from __future__ import annotations

import streamlit as st

from core.access.rights import ROLES
from core.app import App
from core.delivery.reports import locked
from core.model.delivery import IS_SET, PUBLIC_DAYS, LinkSettings, ReportContent
from core.ui import inputs

PUBLIC = "exports_public"
DAYS, PASSWORD, NO_PASSWORD = "exports_days", "exports_password", "exports_no_password"
PEOPLE, LINK_ROLES, HOSTS, HIDDEN = "exports_people", "exports_roles", "exports_hosts", "exports_hidden"
WAS_SET = "exports_password_was_set"
WHO = {False: "Login only", True: "Public"}
WHO_HELP = "Public: anybody with the address can open it. Login only: people of your organisation."
PERIODS: dict[int | None, str] = {7: "7 days", 30: "30 days", 90: "90 days", 365: "1 year", None: "No end"}


def fill(settings: LinkSettings | None) -> None:
    """Give the widgets their values."""
    session = st.session_state
    shown = settings or LinkSettings(slug="new")
    session[PUBLIC] = shown.public
    session[DAYS] = shown.expires_days if settings else PUBLIC_DAYS
    session[WAS_SET] = shown.password == IS_SET
    session[PASSWORD], session[NO_PASSWORD] = "", False
    session[PEOPLE], session[LINK_ROLES] = list(shown.people), list(shown.roles)
    session[HOSTS], session[HIDDEN] = ", ".join(shown.embed_hosts), list(shown.hidden_filters)


def who() -> None:
    """The choice between everybody with the address and people who sign in."""
    st.session_state.setdefault(PUBLIC, False)
    inputs.segmented_control(
        "Who may open it", list(WHO), format_func=WHO.__getitem__, key=PUBLIC, required=True, help=WHO_HELP
    )


def edit_access(app: App, content: ReportContent | None) -> None:
    """What belongs to the choice: an end and a password for everybody, names and roles for those who sign in.

    content: as the form says it, None while it shows no analysis.
    """
    if st.session_state[PUBLIC]:
        st.warning("Anybody who has the address can open it, without signing in.", icon=":material/public:")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _period()
            _password()
    else:
        _people(app)
    _frames_and_filters(app, content)


def settings_of(slug: str) -> LinkSettings:
    """What the widgets say. Raises ValidationError."""
    session = st.session_state
    is_public = bool(session[PUBLIC])
    return LinkSettings(
        slug=slug,
        public=is_public,
        expires_days=session[DAYS] if is_public else None,
        password=_password_of(),
        people=() if is_public else tuple(session[PEOPLE]),
        roles=() if is_public else tuple(session[LINK_ROLES]),
        embed_hosts=tuple(host.strip() for host in session[HOSTS].split(",") if host.strip()),
        hidden_filters=tuple(session[HIDDEN]),
    )


def _password_of() -> str | None:
    """A new one, the mark of the one that is set, or none."""
    session = st.session_state
    if not session[PUBLIC] or session[NO_PASSWORD]:
        return None
    return session[PASSWORD] or (IS_SET if session[WAS_SET] else None)


def _period() -> None:
    own = st.session_state[DAYS]
    periods = PERIODS if own in PERIODS else {own: f"{own} days", **PERIODS}
    inputs.selectbox(
        "Opens for",
        list(periods),
        format_func=periods.__getitem__,
        key=DAYS,
        width=150,
        help="Counted from when it is made, made public, renewed or given a new address",
    )


def _password() -> None:
    is_set = bool(st.session_state[WAS_SET])
    inputs.text_input(
        "Password",
        type="password",
        key=PASSWORD,
        placeholder="stays as it is" if is_set else "none",
        disabled=bool(st.session_state[NO_PASSWORD]),
        help="Asked of everybody who is not signed in. It is not shown again: tell it to your readers.",
        autocomplete="new-password",
    )
    if is_set:
        inputs.checkbox("Remove the password", key=NO_PASSWORD)


def _people(app: App) -> None:
    names = {person.id: f"{person.name} ({person.email})" for person in app.people.all()}
    chosen = st.session_state[PEOPLE]
    with st.container(horizontal=True):
        inputs.multiselect(
            "Only these people",
            list(dict.fromkeys([*names, *chosen])),
            format_func=lambda person: names.get(person, person),
            key=PEOPLE,
            placeholder="Everybody who signs in",
        )
        inputs.multiselect("Only these roles", ROLES, key=LINK_ROLES, placeholder="All roles")
    if chosen or st.session_state[LINK_ROLES]:
        st.caption("Owner and administrators see it besides.")


def _frames_and_filters(app: App, content: ReportContent | None) -> None:
    inputs.text_input(
        "May be shown in frames on",
        key=HOSTS,
        placeholder="no other site",
        help="Hosts, separated by commas: intranet.example.org, *.example.org",
    )
    columns = list(dict.fromkeys([*_filtered(app, content), *st.session_state[HIDDEN]]))
    if columns:
        inputs.multiselect(
            "Filters that readers hear nothing of",
            columns,
            key=HIDDEN,
            placeholder="None: all are named",
            help="The filter holds all the same, and nothing is split by that column",
        )


def _filtered(app: App, content: ReportContent | None) -> list[str]:
    """Columns by which the report is filtered, in any of its analyses."""
    reports = content.reports if content else ()
    return [column for own in reports for column in locked(app.analyses.get(str(own.analysis)).spec, own).where]
