"""A step from the inside: choose step and dimension, see performance and mix by segment, as chart and as table."""

from __future__ import annotations

import polars as pl
import streamlit as st

from core.engine.bridge import Bridge
from core.report.bars import detail_alt, detail_bars
from core.report.comment_detail import detail_comment, detail_subtitle, detail_title
from core.report.printed import PrintedBridge
from core.report.printed_detail import print_detail
from core.ui import bridge_state as keys
from core.ui.bridge_chart import picked, show_waterfall
from core.ui.bridge_downloads import detail_downloads
from core.ui.bridge_rows import rows_button
from core.ui.bridge_state import Work, follow, keep_widget, move
from core.ui.text import escape, markdown, plural

HEADINGS = {
    "segment": "Segment",
    "kind": "Kind",
    "base_share": "Base share",
    "current_share": "Current share",
    "base_rate": "Base",
    "current_rate": "Current",
    "performance": "Performance",
    "mix": "Mix",
    "total": "Contribution",
}
AMOUNTS = ("Performance", "Mix", "Contribution")
MOST_BARS = 50
TABLE_ROWS, TABLE_HEIGHT = 10, 400


def step_card(work: Work, printed: PrintedBridge) -> None:
    """The card of the chosen step, else of the main one."""
    step = chosen_step(work, printed.bridge)
    with st.container(border=True, key="bridge_step_card"):
        _choose_step(step, printed.bridge)
        dimensions = ranked_dimensions(printed.bridge, step)
        dimension = chosen_dimension(work, printed.bridge, step, dimensions)
        if dimension is None:
            st.caption(f"No dimension explains {escape(step)}.")
            rows_button(work, printed.bridge, None, None)
            return
        _choose_dimension(work, dimension, dimensions)
        _show(work, printed, step, dimension)


def chosen_step(work: Work, bridge: Bridge) -> str:
    """The address' step if the bridge has it, else the one with the largest contribution."""
    asked = work.state.step
    return asked if asked is not None and asked in bridge.steps["step"].to_list() else bridge.main_step()


def ranked_dimensions(bridge: Bridge, step: str) -> list[str]:
    """The dimensions that can explain a step, the most interesting first, without those it leaves out."""
    ranking = bridge.ranking().filter(pl.col("step") == step)["dimension"].to_list()
    left_out = {name for s in bridge.equation.steps if s.name == step for name in s.exclude}
    return [name for name in ranking if name not in left_out]


def chosen_dimension(work: Work, bridge: Bridge, step: str, dimensions: list[str]) -> str | None:
    """The address' dimension if it fits, else the step's focus or its most interesting one."""
    if work.state.dimension in dimensions:
        return work.state.dimension
    return bridge.best_dimension(step)


def _choose_step(step: str, bridge: Bridge) -> None:
    follow(keys.STEP, step)
    st.pills(
        "Step",
        bridge.steps["step"].to_list(),
        format_func=escape,
        key=keys.STEP,
        required=True,
        on_change=lambda: move(step=st.session_state[keys.STEP], dimension=None),
    )


def _choose_dimension(work: Work, dimension: str, dimensions: list[str]) -> None:
    labels = {column.name: column.label for column in work.version.columns}
    offered = dimensions if dimension in dimensions else [dimension, *dimensions]
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        follow(keys.DIMENSION, dimension)
        st.pills(
            "By dimension, the most telling first",
            offered,
            format_func=lambda name: escape(str(labels.get(name, name))),
            key=keys.DIMENSION,
            required=True,
            on_change=lambda: move(step=st.session_state[keys.STEP], dimension=st.session_state[keys.DIMENSION]),
        )
        follow(keys.BARS, work.spec.max_segments)
        st.number_input(
            "Bars before the rest",
            min_value=1,
            max_value=MOST_BARS,
            step=1,
            key=keys.BARS,
            on_change=keep_widget,
            args=(work, "max_segments", keys.BARS),
            width=170,
        )


def _show(work: Work, printed: PrintedBridge, step: str, dimension: str) -> None:
    detail = print_detail(printed, step, dimension)
    title, subtitle = detail_title(detail), detail_subtitle(detail)
    st.markdown(f"#### {markdown(title)}")
    st.caption(escape(subtitle))
    bars = detail_bars(detail)
    # Another step or dimension is another chart: no bar of it is picked yet.
    key = f"{keys.DETAIL_CHART}_{step}_{dimension}"
    show_waterfall(bars, key=key, alt=detail_alt(detail, bars))
    for line in detail_comment(detail):
        st.markdown(markdown(line))
    _table(printed, step, dimension, has_mix=detail.has_mix, unit=detail.step.unit)
    with st.container(horizontal=True):
        rows_button(work, printed.bridge, dimension, picked(key, "segment"))
        detail_downloads(work, detail)


def _table(printed: PrintedBridge, step: str, dimension: str, *, has_mix: bool, unit: str) -> None:
    """Every segment, also those that the chart sums up."""
    is_rate = printed.numbers.is_rate
    kept = HEADINGS if has_mix else {k: v for k, v in HEADINGS.items() if k not in {"performance", "mix"}}
    rows = printed.bridge.detail(step, dimension).select(list(kept)).rename(kept)
    number, percent = (st.column_config.NumberColumn(format=form) for form in ("localized", "percent"))
    value = percent if unit == "%" else number
    name = st.column_config.TextColumn(width="medium")
    formats = {"Segment": name, "Base share": percent, "Current share": percent, "Base": value, "Current": value}
    amounts = dict.fromkeys(AMOUNTS, number)
    if is_rate:
        rows = rows.with_columns(pl.col(name) * 100 for name in AMOUNTS if name in rows.columns)
    counted_in = "points" if is_rate else "units"
    st.caption(f"All {plural(rows.height, 'segment')} of {escape(dimension)}, contributions in {counted_in} of the KPI")
    st.dataframe(
        rows,
        hide_index=True,
        column_config=formats | amounts,
        key="bridge_detail_table",
        height="auto" if rows.height <= TABLE_ROWS else TABLE_HEIGHT,
    )
