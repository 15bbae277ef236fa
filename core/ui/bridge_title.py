"""The title row: name, state, and what can be done with the analysis."""

from __future__ import annotations

import streamlit as st

from core.ui import bridge_state as keys
from core.ui.bridge_editor import kpi_label
from core.ui.bridge_saved import (
    begin_typing,
    delete_dialog,
    discard,
    duplicate_dialog,
    history_dialog,
    name_of_copy,
    rename_dialog,
    save_dialog,
    state_line,
)
from core.ui.bridge_share import share_dialog
from core.ui.bridge_state import Work, draft_key
from core.ui.text import escape

DISCARD, DUPLICATE = "Discard changes", "Duplicate…"
DIALOGS = {
    "Rename…": rename_dialog,
    DUPLICATE: duplicate_dialog,
    "Revisions…": history_dialog,
    "Delete…": delete_dialog,
}


def title_row(work: Work) -> None:
    """Name and state to the left, actions to the right; opens the dialog that was asked for."""
    with st.container(horizontal=True, vertical_alignment="center", key="bridge_title"):
        st.title(escape(work.spec.name), anchor=False, width="content")
        st.caption(state_line(work), width="stretch")
        chosen = st.menu_button("More", _offered(work), key=keys.MORE, on_click=_discard_if_asked, args=(work,))
        wants_link = st.button("Export result…", key=keys.EXPORT)
        wants_saving = st.button("Save", key=keys.SAVE, type="primary", disabled=not work.is_changed)
    if work.spec.description:
        st.markdown(f":gray[{escape(work.spec.description)}]")
    _say_age(work)
    was_asked = st.session_state.pop(keys.SAVE_ASKED, None) == draft_key(work.saved, work.start)
    if was_asked or wants_saving:
        begin_typing(kpi_label(work))
        save_dialog(work)
    elif wants_link:
        share_dialog(work)
    elif chosen in DIALOGS:
        begin_typing(name_of_copy(work) if chosen == DUPLICATE else work.start.name)
        DIALOGS[chosen](work)


def _offered(work: Work) -> list[str]:
    discarding = [DISCARD] if work.is_changed else []
    return [*DIALOGS, *discarding] if work.saved else [DISCARD]


def _discard_if_asked(work: Work) -> None:
    if st.session_state[keys.MORE] == DISCARD:
        discard(work)


def _say_age(work: Work) -> None:
    if work.is_loading:
        st.info("Newer data is being loaded. What you see is the version before.", icon=":material/hourglass_top:")
        st.button("Load the page again", key="bridge_reload", icon=":material/refresh:")
    elif work.stale:
        st.warning(f"The source could not be read, so this may be old: {escape(work.stale)}", icon=":material/warning:")
