"""Sharing a result from the Bridge page: a report link made right there, and those that exist."""

from __future__ import annotations

import streamlit as st

from core.analyses import SavedAnalysis
from core.ui import bridge_state as keys
from core.ui import frame
from core.ui.bridge_compare import date_columns
from core.ui.bridge_pairs import moved
from core.ui.bridge_periods import comparison_label, kind_of, moving_like
from core.ui.bridge_state import Work
from core.ui.exports_form import edit_link, link_spec
from core.ui.exports_links import say_when_down, say_where_links_open, show_link
from core.ui.exports_runs import show_channels, show_rhythm
from core.ui.identity import acting
from core.ui.notices import attempt, begin_dialog
from core.ui.text import escape


@st.dialog("Export result", width="large")
def share_dialog(work: Work) -> None:
    """A report URL that is fresh at every load; what is not saved is not in it."""
    begin_dialog()
    saved = work.saved
    if saved is None:
        st.info("A report shows a saved analysis. Save this one first.")
        return
    if work.is_changed:
        st.warning(
            f"The report shows revision {saved.revision}. What you changed since is not in it until you save it."
        )
    say_when_down(work.app)
    _offer_moving(work, saved)
    _existing(work)
    st.markdown("**New report link**")
    edit_link(saved.spec.name)
    st.button("Make the link", key="bridge_share_now", type="primary", on_click=_make, args=(work,))
    st.page_link(
        frame.EXPORTS.page,
        label="Send it by schedule, mail or webhook: choose on Exports",
        icon=frame.EXPORTS.icon,
        query_params={"analysis": saved.spec.slug},
    )


def _existing(work: Work) -> None:
    exports, connections = work.app.exports.of_analysis(work.start.slug), work.app.connections.names()
    for export in exports:
        st.markdown(f"**{escape(export.spec.name)}**" + ("" if export.spec.is_active else " · switched off"))
        show_rhythm(export)
        show_channels(export, connections)
        for link in export.links:
            show_link(link, is_on=export.spec.is_active)
    if exports:
        say_where_links_open(work.app)


def _offer_moving(work: Work, saved: SavedAnalysis) -> None:
    comparison = saved.spec.comparison
    if kind_of(comparison, date_columns(work.version)) != "dates":
        return
    st.info("The saved dates are fixed: newer data will not move this report.")
    label = comparison_label(moving_like(comparison))
    st.button(f"Compare {label} instead", key="bridge_share_move", on_click=_move, args=(work, saved))


def _move(work: Work, saved: SavedAnalysis) -> None:
    with attempt("The report moves with the data now."):
        spec, me = moved(saved.spec, work.version), acting(work.app, "analysis.write").person_id
        note = "Moving periods instead of fixed dates"
        work.app.analyses.revise(spec, by=me, if_revision=saved.revision, note=note)


def _make(work: Work) -> None:
    """The dialog stays open and shows the link among the others."""
    with attempt("The report link is made."):
        work.app.exports.create(link_spec(work.app, work.start.slug), by=acting(work.app, "export.write").person_id)
    for key in (keys.DONE, keys.NOTICE):
        st.session_state.pop(key, None)
