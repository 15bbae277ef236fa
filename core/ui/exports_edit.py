"""Make or change an export: the form to the left, what readers will see to the right."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from pydantic import ValidationError

from core.app import App
from core.connectors import CHANNELS
from core.delivery.exports import SavedExport
from core.errors import BridgecastError, DataError
from core.model.delivery import ChannelDestination, ExportSpec, Layout, ReportContent
from core.ui import exports_access, exports_channels, frame, inputs
from core.ui import exports_form as form
from core.ui.exports_condition import condition_of
from core.ui.exports_deck import show_deck
from core.ui.exports_drawn import made_now
from core.ui.exports_letters import send_test, show_letter
from core.ui.exports_preview import show_preview
from core.ui.exports_triggers import keep_new_urls
from core.ui.exports_words import LAYOUTS
from core.ui.identity import acting, can
from core.ui.notices import attempt, begin_dialog, close_dialog, show_problem
from core.ui.runs_list import KIND_NAMES

EXPORT_PARAM, NEW_PARAM, ANALYSIS_PARAM = "export", "new", "analysis"
FILLED, STARTED = "exports_filled", "exports_started"
ASKED, FIRST_NAME = "exports_name_asked", "exports_first_name"
NEW = "new"
SHOWN, PAGE, DECK = "exports_shown", -1, -2
IN_LAYOUT = "exports_in_layout"
LEAVING = "exports_leaving"


def open_export(export_id: str) -> None:
    """Go to the form of an export."""
    st.query_params.from_dict({EXPORT_PARAM: export_id})


def open_new(analysis: str | None = None) -> None:
    """Go to the form of a new export."""
    st.query_params.from_dict({NEW_PARAM: "1"} | ({ANALYSIS_PARAM: analysis} if analysis else {}))


def ask_name() -> None:
    """Callback: a new export begins with its name."""
    st.session_state[ASKED] = True


def open_name_dialog() -> None:
    """Show the dialog once it was asked for."""
    if st.session_state.pop(ASKED, False):
        st.session_state.pop(FIRST_NAME, None)
        _name_dialog()


@st.dialog("New export")
def _name_dialog() -> None:
    begin_dialog()
    inputs.text_input("Name", key=FIRST_NAME, placeholder="Revenue, every morning", max_chars=200)
    st.caption("It begins with a schedule: Monday to Friday at 09:00. You can change everything before it is saved.")
    st.button("Continue", key="exports_name_done", type="primary", on_click=_begin)


def _begin() -> None:
    """Keep the name, which Streamlit forgets with its input, and go to the form."""
    name = str(st.session_state[FIRST_NAME]).strip()
    open_new()
    st.session_state.pop(FILLED, None)
    st.session_state[f"{FIRST_NAME}_kept"] = name
    close_dialog()


def close() -> None:
    """Back to the list."""
    st.session_state.pop(FILLED, None)
    st.query_params.clear()


def _leave() -> None:
    close()
    close_dialog()


def _cancel(app: App, before: SavedExport | None) -> None:
    """Back to the list; with changes that nobody saved, only after a question."""
    if is_changed(app, before):
        st.session_state[LEAVING] = True
    else:
        close()


def is_changed(app: App, before: SavedExport | None) -> bool:
    """Whether the form says something else than when it was opened."""
    return _said(app, before) != st.session_state.get(STARTED)


def _said(app: App, before: SavedExport | None) -> str:
    """The form in one text; of one that cannot be read, what is wrong with it."""
    try:
        return form.export_of(app, before).model_dump_json()
    except (ValidationError, BridgecastError) as error:
        return str(error)


@st.dialog("Leave without saving?")
def _leave_dialog() -> None:
    begin_dialog()
    st.markdown("What you changed here is not saved.")
    with st.container(horizontal=True):
        st.button("Leave", key="exports_leave", type="primary", on_click=_leave)
        st.button("Stay", key="exports_stay", on_click=close_dialog)


def asked_for() -> str | None:
    """The export the address names, NEW, or None for the list."""
    if EXPORT_PARAM in st.query_params:
        return st.query_params[EXPORT_PARAM]
    return NEW if NEW_PARAM in st.query_params or ANALYSIS_PARAM in st.query_params else None


def edit(app: App, asked: str) -> None:
    """Form and preview. Raises NotFound."""
    before = None if asked == NEW else app.exports.get(asked)
    _fill_once(app, asked, before)
    settings, preview = st.columns([2, 3], gap="large")
    with settings:
        form.edit_export(app, before)
        with st.container(horizontal=True):
            st.button("Save", key="exports_save", type="primary", on_click=_save, args=(app, before))
            st.button("Cancel", key="exports_cancel_edit", on_click=_cancel, args=(app, before))
            if is_changed(app, before):
                st.caption("Not saved yet")
        show_problem(is_long=True)
        _say_what_is_missing(app, before)
    if st.session_state.pop(LEAVING, False):
        _leave_dialog()
    with preview, frame.errors():
        if st.session_state[form.ANALYSIS] is not None:
            _preview(app, before)


def _say_what_is_missing(app: App, before: SavedExport | None) -> None:
    """What a draft lacks before it can be switched on; nothing while the form cannot be read."""
    try:
        spec = form.export_of(app, before)
    except (ValidationError, BridgecastError):
        return
    if lacking := exports_channels.missing(spec.channels, has_trigger=bool(spec.triggers)):
        st.caption(f":orange-badge[Draft] It lacks {' and '.join(lacking)}. You can save it as it is.")


def _preview(app: App, before: SavedExport | None) -> None:
    """What each destination gets: the report's page, or a message with the way to try it."""
    content = form.content_of(before)
    channels = exports_channels.channels_of(content)
    if st.session_state.get(SHOWN) not in range(DECK, len(channels)):
        st.session_state[SHOWN] = PAGE
    names = {PAGE: "Report page", DECK: "Slides (PPTX)"}
    names |= {place: KIND_NAMES.get(one.kind, one.kind) for place, one in enumerate(channels)}
    with st.container(horizontal=True):
        inputs.segmented_control("Preview", list(names), format_func=names.__getitem__, key=SHOWN, required=True)
        layout = inputs.selectbox("In layout", [None, *LAYOUTS], format_func=_layout_name, key=IN_LAYOUT, width=160)
    if layout is not None:
        content, channels = in_layout(content, channels, layout)
    shown = st.session_state[SHOWN]
    st.caption("Preview, as its readers see it now")
    if shown in (PAGE, DECK):
        hidden = tuple(st.session_state[exports_access.HIDDEN])
        made = made_now(app, content, name=_name(before), condition=condition_of(before), hidden=hidden)
        if shown == DECK:
            show_deck(made)
        else:
            show_preview(made, content, is_public=bool(st.session_state[form.PUBLIC]))
        return
    if can(app, "run.start") and channels[shown].kind in CHANNELS:
        to_me = " to me" if channels[shown].kind in {"email", "slack"} else ""
        st.button(
            f"Send a test{to_me}",
            key="exports_test",
            icon=":material/science:",
            on_click=_test,
            args=(app, before),
            help="What the form says now, saved or not, marked as a test",
        )
    show_letter(app, content, channels[shown], before, name=_name(before))


def _layout_name(layout: Layout | None) -> str:
    return LAYOUTS[layout] if layout else "As chosen"


def in_layout(
    content: ReportContent, channels: Sequence[ChannelDestination], layout: Layout
) -> tuple[ReportContent, tuple[ChannelDestination, ...]]:
    """The same in another layout, to be looked at alone."""
    own = {"layout": None}
    changed = (one.model_copy(update={"overrides": one.overrides.model_copy(update=own)}) for one in channels)
    return content.model_copy(update={"layout": layout}), tuple(changed)


def _name(before: SavedExport | None) -> str:
    """What it is called as the form stands."""
    typed = str(st.session_state[form.NAME]).strip()
    return typed or (before.spec.name if before else "New export")


def _test(app: App, before: SavedExport | None) -> None:
    """To the destination that is chosen at the click: the run that drew the button may have shown another."""
    place, kind = st.session_state[SHOWN], _kind_chosen()
    whom = acting(app, "run.start").email if kind == "email" else KIND_NAMES.get(kind, kind)
    with attempt(f"The test is on its way to {whom}. The Runs page tells what became of it."):
        if kind not in CHANNELS:
            raise DataError("No test was sent: the preview shows nothing that is sent. Choose a destination in it.")
        spec = _spec(app, before)
        send_test(app, before, spec, spec.channels[place])


def _kind_chosen() -> str:
    """Of the destination that the preview is to show; "" of the report's page and its slides."""
    place, drafts = st.session_state[SHOWN], st.session_state[exports_channels.CHANNELS_KEY]
    return drafts[place].start.kind if place in range(len(drafts)) else ""


def _fill_once(app: App, asked: str, before: SavedExport | None) -> None:
    """The widgets' values are dropped when the page is left, so they are looked for besides the mark."""
    if st.session_state.get(FILLED) == asked and form.NAME in st.session_state:
        return
    first = next((saved.spec.slug for saved in app.analyses.all()), None)
    form.fill(before, st.query_params.get(ANALYSIS_PARAM, first))
    if before is None:
        st.session_state[form.NAME] = st.session_state.pop(f"{FIRST_NAME}_kept", "")
    st.session_state[FILLED], st.session_state[STARTED] = asked, _said(app, before)


def _save(app: App, before: SavedExport | None) -> None:
    with attempt("The export is saved."):
        me, spec = acting(app, "export.write").person_id, _spec(app, before)
        if before is None:
            saved = app.exports.create(spec, by=me)
        else:
            saved = app.exports.change(before.id, spec, if_revision=before.revision)
        keep_new_urls(saved)
        close()


def _spec(app: App, before: SavedExport | None) -> ExportSpec:
    """Raises DataError with the sentence of the field that is wrong."""
    try:
        return form.export_of(app, before)
    except ValidationError as error:
        raise DataError(str(error.errors()[0]["msg"]).removeprefix("Value error, ") + ".") from None
