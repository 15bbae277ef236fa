"""What starts an export, in its form: schedules, trigger URLs, and the addresses of new ones, told once."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import streamlit as st
from pydantic import ValidationError

from core.app import App
from core.delivery.exports import SavedExport
from core.delivery.keeping import SavedTrigger
from core.model.analysis import AnalysisSpec
from core.model.data import DATE_TYPES, NUMERIC_TYPES
from core.model.naming import plain_name
from core.model.triggers import DatasetTrigger, Parameter, ScheduleTrigger, TriggerSpec, UrlTrigger
from core.ui import data_schedule, frame, inputs
from core.ui.exports_schedule import default_schedule, edit_schedule, schedule_of
from core.ui.identity import acting
from core.ui.notices import attempt, begin_dialog
from core.ui.text import escape

TRIGGERS, NEW_URLS = "exports_triggers", "exports_new_urls"
SYNC, FOLLOWED = "exports_sync", "exports_followed"
URL_HELP = "Whoever calls this address starts the export. It is shown once, after saving."
SIGNED_HELP = (
    "Only a POST with a signature of Standard Webhooks starts it. The secret is shown with a new address: give "
    "one that is there already a new one."
)
LONGEST_NAME = 50


@dataclass(frozen=True)
class Draft:
    """A trigger in the form. key: what the session's keys of its inputs begin with."""

    key: str
    start: TriggerSpec


def fill(export: SavedExport | None) -> None:
    """Give the form its triggers; a new export starts with weekdays at 09:00."""
    for name in [name for name in st.session_state if str(name).startswith("exports_trigger_")]:
        del st.session_state[name]
    begins = export.spec.triggers if export else (default_schedule(),)
    followed = tuple(trigger for trigger in begins if isinstance(trigger, DatasetTrigger))
    others = [trigger for trigger in begins if not isinstance(trigger, DatasetTrigger)]
    drafts = [*others, *(kept for trigger in followed for kept in trigger.instead_of)]
    st.session_state[TRIGGERS] = [Draft(f"exports_trigger_{place}", spec) for place, spec in enumerate(drafts)]
    st.session_state[FOLLOWED], st.session_state[SYNC] = followed, bool(followed)


def edit_triggers(app: App, analysis: AnalysisSpec | None) -> None:
    """The triggers, one below the other, and the buttons that add some."""
    is_synced = bool(st.session_state[SYNC])
    drafts = [draft for draft in st.session_state[TRIGGERS] if not (is_synced and _is_schedule(draft))]
    if analysis is not None:
        with frame.errors():
            _edit_sync(app, analysis)
    for draft in drafts:
        with st.container(border=True, key=f"{draft.key}_box"), frame.errors():
            _edit(app, draft, analysis)
    if not (drafts or is_synced):
        st.caption("Nothing starts it but you, by Run now.")
    with st.container(horizontal=True):
        if not is_synced:
            _offer("Schedule", ":material/schedule:", "exports_add_schedule", default_schedule())
        _offer("Trigger URL", ":material/bolt:", "exports_add_url", UrlTrigger())


def triggers_of(app: App, analysis: AnalysisSpec) -> tuple[TriggerSpec, ...]:
    """What the inputs say. Raises ValidationError."""
    schedules: list[ScheduleTrigger] = []
    urls: list[TriggerSpec] = []
    for draft in st.session_state[TRIGGERS]:
        if isinstance(draft.start, ScheduleTrigger):
            schedules.append(schedule_of(draft.key, draft.start))
        elif isinstance(draft.start, UrlTrigger):
            urls.append(_url_of(app, draft.key, draft.start, analysis))
    if not st.session_state[SYNC]:
        return (*schedules, *urls)
    first, *others = st.session_state[FOLLOWED] or (DatasetTrigger(dataset=analysis.dataset),)
    kept = [other.model_copy(update={"instead_of": ()}) for other in others]
    return (first.model_copy(update={"instead_of": tuple(schedules)}), *kept, *urls)


def _is_schedule(draft: Draft) -> bool:
    return isinstance(draft.start, ScheduleTrigger)


def _edit_sync(app: App, analysis: AnalysisSpec) -> None:
    """The switch by which the export follows a dataset; offered where the dataset is read again by itself."""
    followed = st.session_state[FOLLOWED]
    slugs = list(dict.fromkeys([trigger.dataset for trigger in followed] or [analysis.dataset]))
    names = ", ".join(escape(app.catalogue.get(slug).name) for slug in slugs)
    has_own = all(app.refreshes.schedule(slug) is not None for slug in slugs)
    if has_own or st.session_state[SYNC]:
        inputs.toggle(f"Start after each refresh of {names}", key=SYNC, on_change=_keep_schedules)
    if st.session_state[SYNC]:
        st.caption(
            "It runs once the refresh has published, with exactly that version. Schedules are off meanwhile, and come "
            "back when this is switched off."
        )
    if not has_own:
        st.caption(f"{names} has no schedule of its own. Give it one, then this export can start after each refresh.")
        data_schedule.link_to(slugs[0], "Data > Schedule")


def _keep_schedules() -> None:
    """Streamlit forgets inputs that are not drawn: what they say is kept as what they begin with."""
    drafts = []
    for draft in st.session_state[TRIGGERS]:
        start = draft.start
        if isinstance(start, ScheduleTrigger):
            with suppress(ValidationError):
                start = schedule_of(draft.key, start)
        drafts.append(Draft(draft.key, start))
    st.session_state[TRIGGERS] = drafts


def keep_new_urls(saved: SavedExport) -> None:
    """Remember the addresses that are told once, until they were seen."""
    told = [trigger for trigger in saved.triggers if trigger.url]
    st.session_state[NEW_URLS] = [*st.session_state.get(NEW_URLS, []), *told]


def show_new_urls() -> None:
    """The addresses that are told once, until somebody says that they are copied."""
    told: list[SavedTrigger] = st.session_state.get(NEW_URLS, [])
    if not told:
        return
    with st.container(border=True, key="exports_new_urls_box"):
        st.markdown("**Copy the trigger URL now: it is not shown again.** Who has it can start the export, so keep it.")
        for trigger in told:
            st.code(str(trigger.url), language=None, wrap_lines=True)
            if trigger.signing_secret is not None:
                st.caption("Calls are signed with this secret, as Standard Webhooks describes it:")
                st.code(trigger.signing_secret, language=None, wrap_lines=True)
            else:
                st.code(f"curl -X POST {trigger.url}", language="bash", wrap_lines=True)
        st.button("I have copied it", key="exports_new_urls_seen", on_click=_forget_urls)


@st.dialog("New trigger URL")
def rotate_dialog(app: App, export: SavedExport) -> None:
    """Give a trigger URL another address, or close it."""
    begin_dialog()
    st.markdown("The new address is shown once. The one before it works for 7 days more, unless you close both.")
    urls = [trigger for trigger in export.triggers if trigger.kind == "url"]
    for number, trigger in enumerate(urls, 1):
        which = f" {number}" if len(urls) > 1 else ""
        with st.container(horizontal=True):
            args = (app, export, trigger.id)
            st.button(
                f"New address{which}", key=f"exports_turl_{trigger.id}", type="primary", on_click=_rotate, args=args
            )
            if trigger.state != "revoked":
                st.button(f"Close it{which}", key=f"exports_turl_close_{trigger.id}", on_click=_revoke, args=args)


def _rotate(app: App, export: SavedExport, trigger_id: str) -> None:
    with attempt("The trigger URL has a new address."):
        acting(app, "export.write")
        st.session_state[NEW_URLS] = [app.exports.rotate_trigger(export.id, trigger_id)]


def _revoke(app: App, export: SavedExport, trigger_id: str) -> None:
    with attempt("The trigger URL is closed. A new address opens it again."):
        acting(app, "export.write")
        app.exports.revoke_trigger(export.id, trigger_id)


def _forget_urls() -> None:
    st.session_state.pop(NEW_URLS, None)


def _offer(label: str, icon: str, key: str, start: TriggerSpec) -> None:
    st.button(label, key=key, icon=icon, on_click=_add, args=(start,), help="Add it")


def _add(start: TriggerSpec) -> None:
    drafts = st.session_state[TRIGGERS]
    taken = {draft.key for draft in drafts}
    key = next(f"exports_trigger_{number}" for number in count() if f"exports_trigger_{number}" not in taken)
    st.session_state[TRIGGERS] = [*drafts, Draft(key, start)]


def _remove(key: str) -> None:
    st.session_state[TRIGGERS] = [draft for draft in st.session_state[TRIGGERS] if draft.key != key]
    for name in [name for name in st.session_state if str(name).startswith(f"{key}_")]:
        del st.session_state[name]


def _edit(app: App, draft: Draft, analysis: AnalysisSpec | None) -> None:
    titles = {"schedule": "Schedule", "url": "Trigger URL"}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{titles[draft.start.kind]}**", width="stretch")
        st.button(
            "Remove",
            key=f"{draft.key}_remove",
            type="tertiary",
            icon=":material/close:",
            on_click=_remove,
            args=(draft.key,),
        )
    if isinstance(draft.start, ScheduleTrigger):
        edit_schedule(app, draft.key, draft.start)
    elif isinstance(draft.start, UrlTrigger):
        _edit_url(app, draft.key, draft.start, analysis)


def _fill_url(key: str, start: UrlTrigger) -> None:
    session = st.session_state
    session.setdefault(f"{key}_post_only", start.post_only)
    session.setdefault(f"{key}_signed", start.is_signed)
    session.setdefault(f"{key}_paused", start.is_paused)
    session.setdefault(f"{key}_columns", [parameter.column for parameter in start.parameters.values()])


def _edit_url(app: App, key: str, start: UrlTrigger, analysis: AnalysisSpec | None) -> None:
    _fill_url(key, start)
    st.caption(URL_HELP if start.id is None else "Its address stays. 'More' in the list gives it a new one.")
    with st.container(horizontal=True):
        inputs.toggle("POST only", key=f"{key}_post_only", help="A browser or a link preview then starts nothing")
        inputs.toggle("Signed calls alone", key=f"{key}_signed", help=SIGNED_HELP)
        inputs.toggle("Paused", key=f"{key}_paused")
    if analysis is not None:
        offered = [*_types(app, analysis), *st.session_state[f"{key}_columns"]]
        inputs.multiselect(
            "Callers may filter by",
            list(dict.fromkeys(offered)),
            key=f"{key}_columns",
            placeholder="Nothing",
        )
        if names := _parameters(app, key, start, analysis):
            st.caption(f"Sent as JSON by these names: {', '.join(names)}")


def _url_of(app: App, key: str, start: UrlTrigger, analysis: AnalysisSpec) -> UrlTrigger:
    _fill_url(key, start)
    said = {
        "post_only": st.session_state[f"{key}_post_only"],
        "is_signed": st.session_state[f"{key}_signed"],
        "is_paused": st.session_state[f"{key}_paused"],
        "parameters": _parameters(app, key, start, analysis),
    }
    return UrlTrigger.model_validate(start.model_dump() | said)


def _parameters(app: App, key: str, start: UrlTrigger, analysis: AnalysisSpec) -> dict[str, Parameter]:
    """One for each chosen column, by its earlier name where it had one."""
    types = _types(app, analysis)
    known = {parameter.column: (name, parameter) for name, parameter in start.parameters.items()}
    found: dict[str, Parameter] = {}
    for column in st.session_state[f"{key}_columns"]:
        new = Parameter.model_validate({"column": column, "type": types.get(column, "text")})
        name, parameter = known.get(column, (_free_name(column, found), new))
        found[name] = parameter
    return found


def _free_name(column: str, taken: dict[str, Parameter]) -> str:
    bare = plain_name(column, longest=LONGEST_NAME - 4, otherwise="").replace("-", "_")
    own = re.sub(r"^(?=\d|$)", "p", bare)
    return next(name for name in (own, *(f"{own}_{n}" for n in range(2, 100))) if name not in taken)


def _types(app: App, analysis: AnalysisSpec) -> dict[str, str]:
    """Columns that callers may filter by, with the type of what they send."""
    columns = [column for column in app.catalogue.get(analysis.dataset).columns if column.role != "ignored"]
    return {column.name: _type_of(column.type) for column in columns}


def _type_of(holds: str) -> str:
    if holds in NUMERIC_TYPES:
        return "number"
    if holds in DATE_TYPES:
        return "date"
    return "boolean" if holds == "boolean" else "text"
