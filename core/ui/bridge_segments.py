"""Find segments: the pieces of a change over several dimensions, searched on demand, and what can be done with one.

A result belongs to what was searched: another period, filter or equation makes it go until somebody asks again.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from functools import partial

import streamlit as st

from core.engine.segments import Found, Piece
from core.report.by_segment import adds_up
from core.report.chart import draw
from core.report.printed import PrintedBridge
from core.report.segments import piece_name, segments_bars, segments_section
from core.report.shapes import Waterfall
from core.segment_search import find_segments
from core.ui import bridge_state as keys
from core.ui import frame, inputs, progress
from core.ui.bridge_chart import picked, show_waterfall
from core.ui.bridge_downloads import Picture, no_picture
from core.ui.bridge_keep import keep_buttons
from core.ui.bridge_state import Work, as_now, move
from core.ui.text import escape, markdown, markdown_table

WHOLE = ""
"""Stands for the KPI where a step could stand."""
LABEL = "Find segments"


def segments_card(work: Work, printed: PrintedBridge) -> Picture:
    """What to search in, the button, and the pieces once they are found; their chart for a file."""
    row = st.container(horizontal=True, vertical_alignment="center")
    with frame.errors():
        done = progress.take(keys.SEARCH)
        if done is not None:
            st.session_state[keys.FOUND] = done
    with row:
        step = _choose_step(work, printed)
        st.button(
            LABEL,
            icon=":material/search:",
            key=keys.SEARCH_NOW,
            on_click=_search,
            args=(work,),
            disabled=progress.is_running(keys.SEARCH),
        )
    found = _found(work, step)
    if found is not None:
        bars = segments_bars(printed, found)
        _show(work, printed, found, bars)
        return partial(draw, bars)
    if not progress.is_running(keys.SEARCH):
        st.caption(_invitation())
    return no_picture


def find_button(work: Work, step: str) -> None:
    """Searches inside one step from where the step is looked at; the pieces are shown above."""
    st.button(
        f"{LABEL}…",
        icon=":material/search:",
        key=f"{keys.SEARCH_NOW}_step",
        on_click=_open,
        args=(work, step),
        width="stretch",
        help="Looks for combinations of up to three dimensions that explain this step",
    )


def _open(work: Work, step: str) -> None:
    st.session_state[keys.SEARCH_FOR] = step
    move(view="segments")
    _start(work, step)


def _search(work: Work) -> None:
    _start(work, st.session_state.get(keys.SEARCH_FOR) or WHOLE)


def _choose_step(work: Work, printed: PrintedBridge) -> str:
    """The KPI, or one of its steps; a ratio's segments do not add up, so there one of the steps."""
    whole = {WHOLE: printed.kpi} if adds_up(printed.bridge) else {}
    offered = whole | {step.name: step.label for step in printed.steps}
    if st.session_state.get(keys.SEARCH_FOR) not in offered:
        st.session_state[keys.SEARCH_FOR] = next(iter(offered))
    # Its key is written at every run, so that the choice lives on while another view is shown.
    st.session_state[keys.SEARCH_FOR] = str(st.session_state[keys.SEARCH_FOR])
    chosen = inputs.pills(
        "Search in",
        list(offered),
        format_func=lambda name: escape(str(offered.get(name, name))),
        key=keys.SEARCH_FOR,
        required=True,
        label_visibility="collapsed",
    )
    return chosen or WHOLE


def _start(work: Work, step: str) -> None:
    """Callback: begin to search."""
    work = as_now(work)
    identity = _identity(work, step)

    def job(report: progress.Report, cancel: threading.Event) -> tuple[Hashable, Found]:
        found = find_segments(
            work.app.warehouse, work.spec, work.version, step=step or None, progress=report, cancel=cancel
        )
        return identity, found

    progress.start(keys.SEARCH, LABEL, job, identity=identity)


def _identity(work: Work, step: str) -> Hashable:
    """All that the pieces depend on."""
    return work.spec.model_dump_json(), work.version.dataset, work.version.number, step


def _found(work: Work, step: str) -> Found | None:
    """The last result, if it is still the answer to what is asked."""
    identity, found = st.session_state.get(keys.FOUND, (None, None))
    return found if identity == _identity(work, step) else None


def _invitation() -> str:
    what = (
        "Looks for the combinations of up to three dimensions that explain the change. They never overlap, and with "
        "everything else they add up to it."
    )
    if keys.FOUND in st.session_state:
        return f"What was found before belongs to other periods, filters or steps. {what}"
    return what


def _show(work: Work, printed: PrintedBridge, found: Found, bars: Waterfall) -> None:
    section = segments_section(printed, found)
    key = f"{keys.SEARCH}_chart_{found.step or ''}"
    st.markdown(f"##### {markdown(section.title)}")
    st.caption(escape(section.subtitle))
    show_waterfall(
        bars, key=key, alt=section.chart.alt if section.chart else "", on_select=lambda: _pick(key, found.pieces)
    )
    for line in section.comment:
        st.markdown(markdown(line))
    if found.pieces:
        _choose_piece(work, printed, found.pieces)
    if section.table is not None:
        with st.expander("Numbers", icon=":material/table_rows:"):
            st.markdown(markdown_table(section.table))
    for note in section.notes:
        st.caption(f":material/info: {escape(note)}")


def _pick(key: str, pieces: tuple[Piece, ...]) -> None:
    """Callback: a click on a bar chooses its piece."""
    chosen = picked(key, "segment")
    if chosen in [piece.segment for piece in pieces]:
        st.session_state[keys.PIECE] = chosen


def _choose_piece(work: Work, printed: PrintedBridge, pieces: tuple[Piece, ...]) -> None:
    """A piece to go on with; filters take the whole segment, also what earlier pieces have taken from it."""
    by_name = {piece.segment: piece for piece in pieces}
    if st.session_state.get(keys.PIECE) not in by_name:
        st.session_state.pop(keys.PIECE, None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = inputs.pills(
            "Go on with a piece",
            list(by_name),
            format_func=lambda name: escape(_name(printed, by_name.get(name))),
            key=keys.PIECE,
        )
        if chosen is not None:
            keep_buttons(work, dict(by_name[chosen].conditions), key=keys.PIECE)


def _name(printed: PrintedBridge, piece: Piece | None) -> str:
    return piece_name(printed, piece.conditions) if piece else ""
