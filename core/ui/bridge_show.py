"""The bridge itself: headline, one of its views, comment, notes."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import streamlit as st

from core.engine.bridge import Bridge
from core.report.comment import printed_comment, printed_headline
from core.report.notes import note_text, step_notes
from core.report.printed import PrintedBridge, PrintedStep
from core.ui import bridge_state as keys
from core.ui import inputs
from core.ui.bridge_chart import picked
from core.ui.bridge_downloads import Picture, bridge_downloads, no_picture
from core.ui.bridge_reconcile import reconcile_view, show_covariance
from core.ui.bridge_segments import segments_card
from core.ui.bridge_state import Work, follow, keep_draft, move
from core.ui.bridge_url import View
from core.ui.bridge_views import (
    Drawn,
    dimensions_view,
    funnel_view,
    pickable,
    show_chart,
    show_words,
    tree_view,
    waterfall_view,
)
from core.ui.tables import amount_format
from core.ui.text import LOCALE, escape, markdown

VIEWS: dict[View, str] = {
    "waterfall": "Waterfall",
    "funnel": "Funnel",
    "dimensions": "Dimensions",
    "tree": "KPI tree",
    "segments": "Segments",
    "reconcile": "Reconcile",
    "table": "Table",
}
MADE: dict[View, Callable[[PrintedBridge], Drawn]] = {
    "funnel": funnel_view,
    "dimensions": dimensions_view,
    "tree": tree_view,
}
STEP_COLUMNS: dict[str, type[pl.DataType]] = {
    "Step": pl.String,
    "Base": pl.String,
    "Current": pl.String,
    "Contribution": pl.Float64,
    "% of base": pl.Float64,
    "Note": pl.String,
}


def bridge_card(work: Work, printed: PrintedBridge, second: PrintedBridge | None) -> None:
    """The card: what happened, the view that proves it, the comment, the small print."""
    with st.container(border=True, key="bridge_card"):
        st.markdown(f"#### {markdown(printed_headline(printed))}")
        # To the left: the chart's own tools float above its right corner and would cover them.
        row = st.container(horizontal=True, vertical_alignment="center", key="bridge_views")
        with row:
            _choose_view(work)
        picture = _show_view(work, printed, second)
        with row:
            bridge_downloads(work, printed, picture)
        show_notes(work, printed.bridge)


def _show_view(work: Work, printed: PrintedBridge, second: PrintedBridge | None) -> Picture:
    """The view, and its chart for a file; the waterfall's where it has none."""
    drawn = _drawn(work, printed, second)
    if drawn is not None:
        key = _chart_key(work)
        show_chart(drawn, key=key, on_select=lambda: _pick(key, drawn, printed))
        show_words(drawn)
        return drawn.picture
    if work.state.view == "segments":
        return segments_card(work, printed)
    if work.state.view == "reconcile":
        return reconcile_view(work, printed)
    show_steps(printed)
    show_comment(work, printed)
    return no_picture


def _choose_view(work: Work) -> None:
    follow(keys.VIEW, work.state.view)
    inputs.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        key=keys.VIEW,
        required=True,
        on_change=lambda: move(view=st.session_state[keys.VIEW]),
        label_visibility="collapsed",
    )


def _drawn(work: Work, printed: PrintedBridge, second: PrintedBridge | None) -> Drawn | None:
    """The view that the address asks for; None for those without a chart of their own."""
    if work.state.view == "waterfall":
        return waterfall_view(work, printed, second)
    made = MADE.get(work.state.view)
    return made(printed) if made else None


def _chart_key(work: Work) -> str:
    """The chart is made anew, without a picked bar, when the address moved away from the step that was picked."""
    turn, picked = st.session_state.get(keys.PICKED, (0, None))
    if picked is not None and picked != work.state.step:
        turn += 1
        st.session_state[keys.PICKED] = (turn, None)
    return f"{keys.CHART}_{work.state.view}_{turn}"


def _pick(key: str, drawn: Drawn, printed: PrintedBridge) -> None:
    """Open what was clicked in the card beneath."""
    found = {field: picked(key, field) for field in drawn.picks}
    if pickable(printed, found["step"]):
        turn, _ = st.session_state.get(keys.PICKED, (0, None))
        st.session_state[keys.PICKED] = (turn, found["step"])
        move(step=found["step"], dimension=found.get("dimension"))


def show_steps(printed: PrintedBridge) -> None:
    """The steps as a table: values as printed, contributions as numbers to sort by, of a rate in points."""
    total, is_rate = printed.bridge.total, printed.numbers.is_rate
    lines = [
        *(_step_line(printed, step) for step in printed.steps),
        (printed.kpi, printed.base_text, printed.current_text, total.change, total.change_pct, ""),
    ]
    table = pl.DataFrame(lines, schema=STEP_COLUMNS, orient="row")
    if is_rate:
        table = table.with_columns(pl.col("Contribution") * 100).drop("% of base")
    if not any(line[-1] for line in lines):
        table = table.drop("Note")
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Contribution": st.column_config.NumberColumn(
                _contribution_heading(printed), format=amount_format(table["Contribution"])
            ),
            "Base": st.column_config.TextColumn(alignment="right"),
            "Current": st.column_config.TextColumn(alignment="right"),
            "% of base": st.column_config.NumberColumn(format="%+.1f %%"),
        },
        key="bridge_table",
        alt=f"Steps of {printed.kpi}, a row a step",
    )


def _step_line(printed: PrintedBridge, step: PrintedStep) -> tuple[str, str, str, float, float | None, str]:
    note = " ".join(step_notes(printed, step))
    return step.label, step.from_text, step.to_text, step.contribution, step.share, note


def _contribution_heading(printed: PrintedBridge) -> str:
    """What a column of contributions is counted in, where its name does not say so."""
    return "Contribution (points)" if printed.numbers.is_rate else "Contribution"


def show_comment(work: Work, printed: PrintedBridge) -> None:
    """The automatic comment."""
    for line in printed_comment(printed, work.spec.comment_depth):
        st.markdown(markdown(line))


def show_notes(work: Work, bridge: Bridge) -> None:
    """The small print; a switch where the periods differ in length."""
    for note in bridge.notes:
        if note.code == "large_covariance":
            continue  # The badge says it.
        st.caption(f":material/info: {escape(note_text(note, LOCALE))}")
    if any(note.code == "unequal_periods" for note in bridge.notes):
        st.button(
            "Show the days as a step of their own",
            icon=":material/calendar_month:",
            key="bridge_per_day_on",
            on_click=lambda: keep_draft(work, per_day=True),
        )
    if bridge.badge is not None and work.state.view != "reconcile":
        show_covariance(bridge.badge)
