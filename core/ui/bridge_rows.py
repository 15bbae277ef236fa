"""The rows behind a bar: read when the dialog is opened, one side of the comparison at a time."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.engine.breakdown import OVERLAP_NAME
from core.engine.bridge import Bridge
from core.model.analysis import Condition
from core.model.comparison import Comparison
from core.report.dates import both_labels
from core.report.tables import frame_csv
from core.ui import bridge_state as keys
from core.ui import frame, inputs
from core.ui.bridge_compare import group_values, shown
from core.ui.bridge_filters import values_of
from core.ui.bridge_keep import kept
from core.ui.bridge_state import Work
from core.ui.text import LOCALE, counted, escape, plural

MOST_ROWS = 1000
EVERY = ""
"""Stands for all segments where one of them could stand."""
ALL = "All segments"
Side = Literal["base", "current"]


def rows_button(work: Work, bridge: Bridge, dimension: str | None, segment: str | None) -> None:
    """Opens the rows behind the step, or behind the segment that was clicked; the overlap has none of its own."""
    own = segment if segment != OVERLAP_NAME else None
    label = f"Rows behind {escape(own)}…" if own else "Rows…"
    if st.button(label, icon=":material/table_rows:", key=keys.ROWS):
        st.session_state[keys.ROWS_SEGMENT] = own or EVERY
        _dialog(work, bridge, dimension)


@st.dialog("Rows behind it", width="large")
def _dialog(work: Work, bridge: Bridge, dimension: str | None) -> None:
    comparison = bridge.comparison
    if comparison is None:
        return
    with frame.errors():
        with st.container(horizontal=True, vertical_alignment="bottom"):
            side = _choose_side(comparison)
            segment = _choose_segment(work, dimension)
        where = within(work.spec.where, dimension, segment)
        chosen = comparison.base if side == "base" else comparison.current
        rows = work.app.warehouse.rows(work.version, chosen, where, MOST_ROWS, by=comparison.by)
        st.dataframe(rows.to_arrow(), hide_index=True, key="bridge_rows_table", alt="Rows behind it")
        many = f"The first {counted(MOST_ROWS)} rows" if rows.height == MOST_ROWS else plural(rows.height, "row")
        st.caption(f"{many} of data version {work.version.number}, as they were read.")
        st.download_button(
            "Download (CSV)",
            data=lambda: frame_csv(rows),
            file_name=f"{work.spec.slug}-{side}-rows.csv",
            mime="text/csv",
            key="bridge_rows_csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _choose_side(comparison: Comparison) -> Side:
    base, current = both_labels(comparison, LOCALE)
    names: dict[Side, str] = {"base": base, "current": current}
    return st.segmented_control(
        "Side",
        list(names),
        format_func=lambda name: escape(names[name]),
        key=keys.ROWS_SIDE,
        default="current",
        required=True,
    )


def within(where: dict[str, Condition], dimension: str | None, segment: str) -> dict[str, Condition]:
    """The filters, narrowed to one segment."""
    return where if dimension is None or segment == EVERY else kept(where, {dimension: segment})


def _choose_segment(work: Work, dimension: str | None) -> str:
    """One of the dimension's values, of the filtered ones where it is filtered."""
    if dimension is None:
        return EVERY
    own = work.spec.where.get(dimension)
    listed = None if own is None else values_of(own)
    known = group_values(work, dimension) if listed is None else [shown(value) for value in listed]
    chosen = st.session_state.get(keys.ROWS_SEGMENT, EVERY)
    return (
        inputs.selectbox(
            f"Where {escape(str(work.version.labels.get(dimension, dimension)))} is",
            list(dict.fromkeys([EVERY, *known, chosen])),
            format_func=lambda name: name or ALL,
            key=keys.ROWS_SEGMENT,
        )
        or EVERY
    )
