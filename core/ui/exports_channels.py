"""Where an export is sent, in its form: a destination for each mail, webhook or inbox, as its connector declares it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import streamlit as st

from core.access.rights import ROLES
from core.app import App
from core.connectors import CHANNELS
from core.connectors.base import Field
from core.delivery.exports import SavedExport
from core.model.delivery import Attachment, ChannelDestination, Overrides, ReportContent
from core.ui import connections_form, exports_lookup, exports_overrides, exports_slack, exports_teams, frame, inputs
from core.ui.exports_elements import offered_elements
from core.ui.identity import acting, can
from core.ui.notices import attempt, begin_dialog
from core.ui.runs_list import KIND_NAMES

CHANNELS_KEY = "exports_channels"
INBOX = "inbox"
ICONS = {
    "email": ":material/mail:",
    "slack": ":material/tag:",
    "teams": ":material/groups:",
    "webhook": ":material/webhook:",
    INBOX: ":material/inbox:",
}
ATTACHMENTS: dict[Attachment, str] = {"png": "PNG", "pdf": "PDF", "pptx": "PPTX", "csv": "CSV", "xlsx": "XLSX"}


@dataclass(frozen=True)
class Draft:
    """A destination in the form. key: what the session's keys of its inputs begin with."""

    key: str
    start: ChannelDestination


def fill(export: SavedExport | None) -> None:
    """Give the form its destinations."""
    for name in [name for name in st.session_state if str(name).startswith("exports_channel_")]:
        del st.session_state[name]
    begins = export.spec.channels if export else ()
    st.session_state[CHANNELS_KEY] = [Draft(f"exports_channel_{place}", one) for place, one in enumerate(begins)]


def edit_channels(app: App, content: ReportContent | None) -> None:
    """The destinations, one below the other, and the buttons that add some. content: as the export says it."""
    drafts: list[Draft] = st.session_state[CHANNELS_KEY]
    for draft in drafts:
        with st.container(border=True, key=f"{draft.key}_box"), frame.errors():
            _edit(app, draft, content)
    with st.container(horizontal=True):
        for kind in (*CHANNELS, INBOX):
            st.button(
                KIND_NAMES[kind],
                key=f"exports_add_{kind}",
                icon=ICONS[kind],
                on_click=_add,
                args=(app, kind),
                help="Add it",
            )


def channels_of(content: ReportContent) -> tuple[ChannelDestination, ...]:
    """What the inputs say. Raises ValidationError."""
    return tuple(_said(draft, content) for draft in st.session_state[CHANNELS_KEY])


def missing(channels: tuple[ChannelDestination, ...], *, has_trigger: bool) -> list[str]:
    """What stands between an export and sending."""
    lacking = [
        f"a connection for {KIND_NAMES[one.kind]}" for one in channels if one.kind != INBOX and one.connection is None
    ]
    if channels and not has_trigger:
        lacking.append("something that starts it")
    return list(dict.fromkeys(lacking))


def has_mail() -> bool:
    """Whether one of the destinations is a mail."""
    return any(draft.start.kind == "email" for draft in st.session_state[CHANNELS_KEY])


def _add(app: App, kind: str) -> None:
    drafts = st.session_state[CHANNELS_KEY]
    taken = {draft.key for draft in drafts}
    key = next(f"exports_channel_{number}" for number in count() if f"exports_channel_{number}" not in taken)
    first = next((one.id for one in app.connections.all() if one.kind == kind), None)
    start = ChannelDestination.model_validate({"kind": kind, "connection": first})
    st.session_state[CHANNELS_KEY] = [*drafts, Draft(key, start)]


def _remove(key: str) -> None:
    st.session_state[CHANNELS_KEY] = [draft for draft in st.session_state[CHANNELS_KEY] if draft.key != key]
    for name in [name for name in st.session_state if str(name).startswith(f"{key}_")]:
        del st.session_state[name]


def _fields(kind: str) -> tuple[Field, ...]:
    return CHANNELS[kind].destination_fields if kind in CHANNELS else ()


def _fill(draft: Draft, content: ReportContent) -> None:
    """Values for inputs that have none: Streamlit forgets those of inputs that were not drawn."""
    key, start, own = draft.key, draft.start, draft.start.overrides
    begins: dict[str, Any] = {
        "connection": start.connection,
        **exports_overrides.begins(own),
        "attachments": list(content.attachments if own.attachments is None else own.attachments),
    }
    for field in _fields(start.kind):
        value = start.settings.get(field.name, field.default)
        begins[f"set_{field.name}"] = (
            list(value or ()) if field.kind == "addresses" else ("" if value is None else value)
        )
    if start.kind == INBOX:
        begins |= {name: list(start.settings.get(name, ())) for name in ("people", "roles")}
    for name, value in begins.items():
        st.session_state.setdefault(f"{key}_{name}", value)


def _said(draft: Draft, content: ReportContent) -> ChannelDestination:
    _fill(draft, content)
    key, start, session = draft.key, draft.start, st.session_state
    settings = {field.name: session[f"{key}_set_{field.name}"] for field in _fields(start.kind)}
    if start.kind == INBOX:
        settings = {name: list(session[f"{key}_{name}"]) for name in ("people", "roles")}
    attachments = tuple(session[f"{key}_attachments"])
    own = {
        **exports_overrides.said(key, start.overrides),
        "attachments": None if attachments == content.attachments else attachments,
    }
    changed = {
        "connection": session[f"{key}_connection"],
        "settings": {**start.settings, **settings},
        "overrides": Overrides.model_validate(start.overrides.model_dump() | own),
    }
    return start.model_copy(update=changed)


def _edit(app: App, draft: Draft, content: ReportContent | None) -> None:
    kind, key = draft.start.kind, draft.key
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{ICONS.get(kind, '')} **{KIND_NAMES.get(kind, kind)}**", width="stretch")
        st.button(
            "Remove", key=f"{key}_remove", type="tertiary", icon=":material/close:", on_click=_remove, args=(key,)
        )
    if content is None:
        return
    _fill(draft, content)
    if kind == INBOX:
        _edit_inbox(app, key)
    else:
        _connection(app, kind, key)
    if kind == "slack":
        exports_slack.tell_limits(app, st.session_state[f"{key}_connection"])
    if kind == "teams":
        exports_teams.tell_limits(app, st.session_state[f"{key}_connection"])
    for field in _fields(kind):
        if kind != "teams" or exports_teams.has_channels(app, st.session_state[f"{key}_connection"]):
            _draw(app, field, f"{key}_set_{field.name}")
    if kind == "email":
        inputs.pills(
            "Attach",
            list(ATTACHMENTS),
            format_func=ATTACHMENTS.__getitem__,
            key=f"{key}_attachments",
            selection_mode="multi",
        )
    with st.expander("Different for this destination"):
        exports_overrides.edit(key, offered_elements(app, content.analyses))


def _connection(app: App, kind: str, key: str) -> None:
    names = {one.id: one.name for one in app.connections.all() if one.kind == kind}
    if names:
        chosen = st.session_state[f"{key}_connection"]
        offered = [*names, *([chosen] if chosen and chosen not in names else [])]
        inputs.selectbox(
            "By connection",
            offered,
            format_func=lambda one: names.get(one, "a connection that is gone"),
            key=f"{key}_connection",
            placeholder="Choose one",
        )
    if not can(app, "connection.write"):
        if not names:
            st.info("There is no connection for it yet. Ask an administrator to add one under Connections.")
        return
    if st.button("Make a connection here…", key=f"{key}_connect", icon=":material/cable:", type="tertiary"):
        connections_form.fill(None, kind)
        _connection_dialog(app, key)


@st.dialog("New connection")
def _connection_dialog(app: App, key: str) -> None:
    begin_dialog()
    connections_form.edit(None)
    st.button("Save", key="exports_connection_save", type="primary", on_click=_connect, args=(app, key))


def _connect(app: App, key: str) -> None:
    with attempt("The connection is saved. Test it under Connections."):
        me, form = acting(app, "connection.write").person_id, connections_form
        saved = app.connections.create(form.chosen().kind, form.name(), form.settings(), form.secrets(), by=me)
        st.session_state[f"{key}_connection"] = saved.id
        form.clear()


def _edit_inbox(app: App, key: str) -> None:
    names = {person.email: f"{person.name} ({person.email})" for person in app.people.all()}
    chosen = st.session_state[f"{key}_people"]
    inputs.multiselect(
        "People",
        list(dict.fromkeys([*names, *chosen])),
        format_func=lambda person: names.get(person, person),
        key=f"{key}_people",
        placeholder="Nobody by name",
    )
    inputs.multiselect("Roles", ROLES, key=f"{key}_roles", placeholder="No role")


def _draw(app: App, field: Field, key: str) -> None:
    label = f"{field.label} (needed)" if field.is_needed else field.label
    match field.kind:
        case "addresses":
            known = [person.email for person in app.people.all()]
            inputs.multiselect(
                label,
                list(dict.fromkeys([*st.session_state[key], *known])),
                key=key,
                placeholder=field.placeholder or "Nobody",
                help=field.help or "Type an address and press Enter",
                accept_new_options=True,
            )
        case "choice":
            inputs.segmented_control(
                label,
                list(field.choices),
                format_func=field.choices.__getitem__,
                key=key,
                required=True,
                help=field.help or None,
            )
        case "switch":
            inputs.checkbox(label, key=key, help=field.help or None)
        case "lookup":
            exports_lookup.choose(app, field, key)
        case _:
            inputs.text_input(label, key=key, placeholder=field.placeholder, help=field.help or None)
