"""Dimension first: whose own change it is, then the steps inside one segment, then back."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.report.bars import bridge_alt, bridge_bars
from core.report.by_segment import (
    PrintedSegments,
    adds_up,
    inside_segment,
    inside_title,
    print_segments,
    segments_alt,
    segments_bars,
    segments_comment,
    segments_note,
    segments_title,
)
from core.report.comment import printed_comment
from core.report.notes import step_notes
from core.report.printed import PrintedBridge
from core.ui import bridge_state as keys
from core.ui import inputs
from core.ui.bridge_chart import picked, show_waterfall
from core.ui.bridge_keep import keep_buttons
from core.ui.bridge_rows import rows_button
from core.ui.bridge_state import Work, follow, move
from core.ui.text import escape, markdown

MOST_NAMED = 12


def dimension_first(work: Work, printed: PrintedBridge, row: DeltaGenerator) -> None:
    """The segments' own changes, or, where one is opened, its steps. row: where the dimension is chosen."""
    dimensions = list(printed.bridge.dimensions)
    if not dimensions or not adds_up(printed.bridge):
        st.info(_why_not(printed), icon=":material/info:")
        return
    dimension = _chosen(work, printed, dimensions)
    with row:
        _choose_dimension(work, dimension, dimensions)
    segment = work.state.segment
    if segment is not None and segment in printed.bridge.sums.dimensions[dimension].names:
        _inside(work, printed, dimension, segment)
    else:
        _segments(work, print_segments(printed, dimension))


def _why_not(printed: PrintedBridge) -> str:
    if not printed.bridge.dimensions:
        return "There is no dimension to begin with. Give columns that role on the Data page."
    return escape(printed.words.text("own_not_additive", kpi=printed.kpi))


def _chosen(work: Work, printed: PrintedBridge, dimensions: list[str]) -> str:
    """The address' dimension, else the one that says most about the main step."""
    asked = work.state.dimension
    best = printed.bridge.best_dimension(printed.bridge.main_step())
    return next(name for name in (asked, best, dimensions[0]) if name in dimensions)


def _choose_dimension(work: Work, dimension: str, dimensions: list[str]) -> None:
    labels = work.version.labels
    follow(keys.OWN_DIMENSION, dimension)
    inputs.selectbox(
        "Dimension",
        dimensions,
        format_func=lambda name: str(labels.get(name, name)),
        key=keys.OWN_DIMENSION,
        on_change=lambda: move(dimension=st.session_state[keys.OWN_DIMENSION], segment=None),
        width=260,
        label_visibility="collapsed",
    )


def _segments(work: Work, printed: PrintedSegments) -> None:
    dimension = printed.dimension
    st.markdown(f"#### {markdown(segments_title(printed))}")
    st.caption(escape(segments_note(printed)))
    bars, key = segments_bars(printed), _key(work, dimension)
    show_waterfall(bars, key=key, alt=segments_alt(printed, bars), on_select=lambda: _open(key, dimension))
    for line in segments_comment(printed):
        st.markdown(markdown(line))
    _offer_inside(printed)


def _offer_inside(printed: PrintedSegments) -> None:
    """Every segment opens, also those that the chart sums up."""
    known = printed.whole.bridge.sums.dimensions[printed.dimension].names
    named = [segment.name for segment in printed.named if segment.name in known][:MOST_NAMED]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("See the steps inside", width="content")
        for name in named:
            st.button(
                escape(name),
                key=f"{keys.OWN_CHART}_open_{name}",
                on_click=move,
                kwargs={"dimension": printed.dimension, "segment": name},
            )
        if len(known) > len(named):
            key = f"{keys.OWN_CHART}_other"
            st.selectbox(
                "Another segment",
                [name for name in known if name not in named],
                index=None,
                placeholder="another one",
                key=key,
                on_change=lambda: move(dimension=printed.dimension, segment=st.session_state[key]),
                label_visibility="collapsed",
                width=180,
            )


def _key(work: Work, dimension: str) -> str:
    """Another dimension or filter is another chart: nothing of it is picked yet."""
    return "_".join([keys.OWN_CHART, dimension, *(f"{name} {value}" for name, value in work.spec.where.items())])


def _open(key: str, dimension: str) -> None:
    """Callback: go inside the segment that was clicked."""
    segment = picked(key, "segment")
    if segment is not None:
        move(dimension=dimension, segment=segment)


def _inside(work: Work, printed: PrintedBridge, dimension: str, segment: str) -> None:
    inner = inside_segment(printed, dimension, segment)
    st.button(
        f"All of {escape(str(work.version.labels.get(dimension, dimension)))}",
        icon=":material/arrow_back:",
        key=f"{keys.OWN_CHART}_back",
        type="tertiary",
        on_click=lambda: move(segment=None),
    )
    st.markdown(f"#### {markdown(inside_title(inner, segment))}")
    bars = bridge_bars(inner)
    show_waterfall(bars, key=f"{_key(work, dimension)}_{segment}", alt=bridge_alt(inner, bars))
    for line in printed_comment(inner, work.spec.comment_depth):
        st.markdown(markdown(line))
    for note in (note for step in inner.steps for note in step_notes(inner, step)):
        st.caption(f":material/info: {escape(note)}")
    with st.container(horizontal=True):
        keep_buttons(work, {dimension: segment}, key=keys.OWN_CHART)
        rows_button(work, printed.bridge, dimension, segment)
