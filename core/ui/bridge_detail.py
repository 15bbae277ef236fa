"""The card beneath the bridge: a step from the inside, by the segments of a dimension, or the dimension first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.engine.breakdown import OVERLAP_NAME
from core.engine.bridge import Bridge
from core.report.bars import detail_alt, detail_bars
from core.report.chart import NARROW_WIDTH
from core.report.comment_detail import detail_comment, detail_subtitle, detail_title
from core.report.moves import moves_alt, moves_chart, moves_left_out, moves_subtitle
from core.report.printed import PrintedBridge
from core.report.printed_detail import PrintedDetail, print_detail
from core.report.printed_moves import moves_of
from core.ui import bridge_state as keys
from core.ui import frame, inputs
from core.ui.bridge_chart import picked, show_picture, show_waterfall
from core.ui.bridge_downloads import detail_downloads
from core.ui.bridge_first import dimension_first
from core.ui.bridge_keep import keep_buttons
from core.ui.bridge_ranking import ranking_panel
from core.ui.bridge_rows import rows_button
from core.ui.bridge_significance import noise_popover, with_tests
from core.ui.bridge_state import Work, follow, keep_widget, move
from core.ui.bridge_url import Shape
from core.ui.charts import is_phone
from core.ui.tables import P_FORMAT, amount_format
from core.ui.text import escape, markdown, plural

FIRSTS = {"step": "Steps first", "dimension": "Dimension first"}
SHAPES = {"bridge": "Bridge", "moves": "Moves", "table": "Table"}
HEADINGS = {
    "segment": "Segment",
    "total": "Contribution",
    "performance": "Performance",
    "mix": "Mix",
    "is_significant": "Beyond noise",
    "base_rate": "Base",
    "current_rate": "Current",
    "base_share": "Base share",
    "current_share": "Current share",
    "kind": "Kind",
    "t": "t",
    "df": "df",
    "p": "p",
    "q": "q",
}
AMOUNTS = ("Performance", "Mix", "Contribution")
MOST_BARS = 50
TABLE_ROWS, TABLE_HEIGHT = 10, 400
BESIDE_PANEL = 780.0
"""Design width of a chart that stands beside the ranking."""


def step_card(work: Work, printed: PrintedBridge) -> None:
    """The card: which comes first, and what that shows."""
    with st.container(border=True, key="bridge_step_card"):
        row = st.container(horizontal=True, vertical_alignment="center")
        with row:
            _choose_first(work)
        if work.state.first == "dimension":
            dimension_first(work, printed, row)
        else:
            _step_first(work, printed, row)


def _choose_first(work: Work) -> None:
    follow(keys.FIRST, work.state.first)
    inputs.segmented_control(
        "Which comes first",
        list(FIRSTS),
        format_func=FIRSTS.__getitem__,
        key=keys.FIRST,
        required=True,
        on_change=lambda: move(first=st.session_state[keys.FIRST], segment=None),
        label_visibility="collapsed",
    )


def _step_first(work: Work, printed: PrintedBridge, row: DeltaGenerator) -> None:
    """The chosen step, else the main one, by the chosen dimension, else its most telling one."""
    step = chosen_step(work, printed.bridge)
    with row:
        _choose_step(step, printed)
    dimension = chosen_dimension(work, printed.bridge, step)
    if dimension is None:
        st.caption(f"No dimension explains {escape(printed.step(step).label)}.")
        with st.container(horizontal=True):
            noise_popover(printed, step)
            rows_button(work, printed.bridge, None, None)
        return
    shown, panel = st.columns([3, 1], gap="medium")
    with panel:
        ranking_panel(work, printed, step, dimension)
    with shown:
        _show(work, printed, step, dimension)


def chosen_step(work: Work, bridge: Bridge) -> str:
    """The address' step if the bridge has it, else the one with the largest contribution."""
    asked = work.state.step
    return asked if asked is not None and asked in bridge.steps["step"].to_list() else bridge.main_step()


def chosen_dimension(work: Work, bridge: Bridge, step: str) -> str | None:
    """The address' dimension if it can explain the step, else the step's focus or its most interesting one."""
    known = bridge.ranking().filter(pl.col("step") == step)["dimension"].to_list()
    return work.state.dimension if work.state.dimension in known else bridge.best_dimension(step)


def _choose_step(step: str, printed: PrintedBridge) -> None:
    labels = {found.name: found.label for found in printed.steps}
    follow(keys.STEP, step)
    inputs.pills(
        "Step",
        list(labels),
        format_func=lambda name: escape(str(labels.get(name, name))),
        key=keys.STEP,
        required=True,
        on_change=lambda: move(step=st.session_state[keys.STEP], dimension=None),
        label_visibility="collapsed",
    )


def _show(work: Work, printed: PrintedBridge, step: str, dimension: str) -> None:
    detail, shape = print_detail(printed, step, dimension), work.state.shape
    st.markdown(f"#### {markdown(detail_title(detail))}")
    st.caption(escape(moves_subtitle(detail) if shape == "moves" else detail_subtitle(detail)))
    with st.container(horizontal=True, vertical_alignment="center"):
        _choose_shape(work)
        noise_popover(printed, step)
    segment = SHOWN[shape](work, detail)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if segment is not None and segment != OVERLAP_NAME:
            keep_buttons(work, {dimension: segment}, key=keys.DETAIL_CHART)
        rows_button(work, printed.bridge, dimension, segment)
        detail_downloads(work, detail, partial(moves_chart, detail) if shape == "moves" else None)
        if shape == "bridge":
            _choose_bars(work)


def _choose_shape(work: Work) -> None:
    follow(keys.SHAPE, work.state.shape)
    inputs.segmented_control(
        "Shape",
        list(SHAPES),
        format_func=SHAPES.__getitem__,
        key=keys.SHAPE,
        required=True,
        on_change=lambda: move(shape=st.session_state[keys.SHAPE]),
        label_visibility="collapsed",
    )


def _choose_bars(work: Work) -> None:
    follow(keys.BARS, work.spec.max_segments)
    inputs.number_input(
        "Bars before the rest",
        min_value=1,
        max_value=MOST_BARS,
        step=1,
        key=keys.BARS,
        on_change=keep_widget,
        args=(work, "max_segments", keys.BARS),
        width=170,
    )


def _bridge(work: Work, detail: PrintedDetail) -> str | None:
    """Each segment's performance and mix, with the comment; the segment that was clicked."""
    bars, key = detail_bars(detail), _key(work, detail)
    show_waterfall(bars, key=key, alt=detail_alt(detail, bars), width=BESIDE_PANEL)
    for line in detail_comment(detail):
        st.markdown(markdown(line))
    return picked(key, "segment")


def _moves(work: Work, detail: PrintedDetail) -> str | None:
    """Each segment from base to current; the one that was clicked."""
    moves, key = moves_of(detail), f"{_key(work, detail)}_moves"
    if moves.drawn:
        make = partial(moves_chart, detail, theme=frame.theme(), selectable=True)
        narrow, wide = partial(make, width=NARROW_WIDTH, is_narrow=True), partial(make, width=BESIDE_PANEL)
        show_picture(narrow() if is_phone() else wide(), key=key, alt=moves_alt(moves))
    for line in (*detail_comment(detail), *moves_left_out(moves)):
        st.markdown(markdown(line))
    return picked(key, "segment")


def _key(work: Work, detail: PrintedDetail) -> str:
    """Another step, dimension or filter is another chart: nothing of it is picked yet."""
    filters = [f"{name} {condition}" for name, condition in work.spec.where.items()]
    return "_".join([keys.DETAIL_CHART, detail.step.name, detail.dimension, *filters])


def _table(work: Work, detail: PrintedDetail) -> str | None:
    """Every segment, also those that the chart sums up, with its test; the one whose row was chosen."""
    printed, step, dimension = detail.whole, detail.step.name, detail.dimension
    is_rate = printed.numbers.is_rate
    hidden = set() if detail.has_mix else {"performance", "mix"}
    kept = {name: heading for name, heading in HEADINGS.items() if name not in hidden}
    tested = with_tests(printed.bridge.detail(step, dimension), printed.bridge, step, dimension)
    rows = tested.select(list(kept)).rename(kept)
    if is_rate:
        rows = rows.with_columns(pl.col(name) * 100 for name in AMOUNTS if name in rows.columns)
    counted_in = "points" if is_rate else "units"
    st.caption(f"All {plural(rows.height, 'segment')} of {escape(dimension)}, contributions in {counted_in} of the KPI")
    key = f"{_key(work, detail)}_table"
    st.dataframe(
        rows,
        hide_index=True,
        column_config=_formats(amount_format(rows["Contribution"]), is_percent=detail.step.unit == "%"),
        key=key,
        height="auto" if rows.height <= TABLE_ROWS else TABLE_HEIGHT,
        on_select="rerun",
        selection_mode="single-row",
        alt=f"{detail.step.label} by {dimension}, a row a segment",
    )
    chosen = st.session_state.get(key, {}).get("selection", {}).get("rows") or []
    return str(rows["Segment"][chosen[0]]) if chosen else None


SHOWN: dict[Shape, Callable[[Work, PrintedDetail], str | None]] = {"bridge": _bridge, "moves": _moves, "table": _table}


def _formats(amounts: str, *, is_percent: bool) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    share, amount = number(format="percent"), number(format="localized")
    value = share if is_percent else amount
    return {
        "Segment": st.column_config.TextColumn(width="medium"),
        "Base share": share,
        "Current share": share,
        "Base": value,
        "Current": value,
        **dict.fromkeys(AMOUNTS, number(format=amounts)),
        "Beyond noise": st.column_config.CheckboxColumn(help="After Benjamini-Hochberg over all segments: q below 5 %"),
        "t": number(format="%.2f", help="The change of its own value over what days vary anyway"),
        "df": number(format="%.0f", help="Degrees of freedom: days on both sides less 2"),
        "p": number(format=P_FORMAT, help="How often chance alone goes as far"),
        "q": number(format=P_FORMAT, help="p after Benjamini-Hochberg over all segments"),
    }
