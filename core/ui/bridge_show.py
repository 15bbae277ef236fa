"""The bridge itself: headline, waterfall or table, comment, notes."""

from __future__ import annotations

import polars as pl
import streamlit as st

from core.engine.bridge import Bridge
from core.report.bars import bridge_alt, bridge_bars
from core.report.comment import printed_comment, printed_headline
from core.report.notes import note_text
from core.report.printed import PrintedBridge
from core.ui import bridge_state as keys
from core.ui.bridge_chart import picked, show_waterfall
from core.ui.bridge_downloads import bridge_downloads
from core.ui.bridge_state import Work, follow, keep_draft, move
from core.ui.text import LOCALE, escape, markdown

VIEWS = {"waterfall": "Waterfall", "table": "Table"}
MAX_BARS = 12


def bridge_card(work: Work, printed: PrintedBridge) -> None:
    """The card: what happened, the chart or table that proves it, the comment, the small print."""
    with st.container(border=True, key="bridge_card"):
        st.markdown(f"#### {markdown(printed_headline(printed))}")
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            follow(keys.VIEW, work.state.view)
            st.segmented_control(
                "View",
                list(VIEWS),
                format_func=VIEWS.__getitem__,
                key=keys.VIEW,
                required=True,
                on_change=lambda: move(view=st.session_state[keys.VIEW]),
                label_visibility="collapsed",
            )
            bridge_downloads(work, printed)
        if work.state.view == "table":
            show_steps(printed)
        else:
            _waterfall(work, printed)
        show_comment(work, printed)
        show_notes(work, printed.bridge)


def _waterfall(work: Work, printed: PrintedBridge) -> None:
    bars = bridge_bars(printed, MAX_BARS)
    key = _chart_key(work.state.step)
    show_waterfall(bars, key=key, alt=bridge_alt(printed, bars), on_select=lambda: _pick_step(key, printed.bridge))


def _chart_key(step: str | None) -> str:
    """The chart is made anew, without a picked bar, when the address moved away from the step that was picked."""
    turn, picked = st.session_state.get(keys.PICKED, (0, None))
    if picked is not None and picked != step:
        turn += 1
        st.session_state[keys.PICKED] = (turn, None)
    return f"{keys.CHART}_{turn}"


def _pick_step(key: str, bridge: Bridge) -> None:
    step = picked(key, "step")
    if step in bridge.steps["step"].to_list():
        turn, _ = st.session_state.get(keys.PICKED, (0, None))
        st.session_state[keys.PICKED] = (turn, step)
        move(step=step, dimension=None)


def show_steps(printed: PrintedBridge) -> None:
    """The steps as a table: values as printed, contributions as numbers to sort by."""
    rows = [
        {
            "Step": step.name,
            "Base": step.from_text,
            "Current": step.to_text,
            "Contribution": step.contribution,
            "% of base": step.share,
            "Note": step.note,
        }
        for step in printed.steps
    ]
    total = printed.bridge.total
    rows.append(
        {
            "Step": printed.kpi,
            "Base": printed.base_text,
            "Current": printed.current_text,
            "Contribution": total.change,
            "% of base": total.change_pct,
            "Note": "",
        }
    )
    if not any(row["Note"] for row in rows):
        rows = [{name: value for name, value in row.items() if name != "Note"} for row in rows]
    st.dataframe(
        pl.DataFrame(rows, infer_schema_length=None),
        hide_index=True,
        column_config={
            "Contribution": st.column_config.NumberColumn(format="localized"),
            "% of base": st.column_config.NumberColumn(format="%+.1f %%"),
        },
        key="bridge_table",
    )


def show_comment(work: Work, printed: PrintedBridge) -> None:
    """The automatic comment."""
    for line in printed_comment(printed, work.spec.comment_depth):
        st.markdown(markdown(line))


def show_notes(work: Work, bridge: Bridge) -> None:
    """The small print; a switch where the periods differ in length."""
    for note in bridge.notes:
        st.caption(f":material/info: {escape(note_text(note, LOCALE))}")
    if any(note.code == "unequal_periods" for note in bridge.notes):
        st.button(
            "Show the days as a step of their own",
            icon=":material/calendar_month:",
            key="bridge_per_day_on",
            on_click=lambda: keep_draft(work, per_day=True),
        )
    if bridge.badge is not None:
        st.caption(f":material/info: Interaction handed out by size: {bridge.badge:.0%} of the single effects.")
