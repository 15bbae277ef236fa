"""Which dimension? The dimensions of a step by interest, with their parts; looked at, focused on or left out here."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from core.engine.bridge import Bridge
from core.report.printed import PrintedBridge
from core.report.ranking import interest_said, mark_of, why_dimension
from core.ui import bridge_state as keys
from core.ui.bridge_segments import find_button
from core.ui.bridge_state import Work, as_now, is_here, keep_draft, move
from core.ui.bridge_steps import Choice, with_choice
from core.ui.tables import amount_format
from core.ui.text import escape, markdown, plural

MOST_ROWS = 6
FULL_BAR = 0.25
"""An interest that fills its bar, where none is higher."""
OPEN_FIRST, LEAVE_OUT, BACK = "Always open first", "Leave out for this step", "Back to the ranking"
CHOICES: dict[str, Choice] = {OPEN_FIRST: "focus", LEAVE_OUT: "exclude", BACK: "back"}
CHANGED = "The steps of the equation have changed meanwhile. Choose again."
HOW = (
    "Interest is what segments do beyond moving alike, less noise, against that and the step’s own change: "
    "0 says nothing, 1 says all. Signal is the share of the spread that is not noise."
)


def ranking_panel(work: Work, printed: PrintedBridge, step: str, dimension: str) -> None:
    """The panel of one step; `dimension` is the one that is looked at."""
    rows = printed.bridge.ranking_parts(step).to_dicts()
    with st.container(key="bridge_ranking", gap="small"):
        st.markdown("**Which dimension?**")
        st.caption(f"For {escape(printed.step(step).label)}, noise removed", help=HOW)
        full = max(FULL_BAR, *(row["interest"] for row in rows))
        for row in _shown(rows, dimension):
            _row(work, printed, row, full, is_chosen=row["dimension"] == dimension)
        st.markdown(markdown(why_dimension(printed, step, dimension)))
        with st.popover(f"Parts of {plural(len(rows), 'dimension')}", key="bridge_parts", width="stretch"):
            _parts(work, printed, step)
        find_button(work, step)


def _shown(rows: list[dict[str, Any]], dimension: str) -> list[dict[str, Any]]:
    """The first ones, and the one that is looked at."""
    return rows[:MOST_ROWS] + [row for row in rows[MOST_ROWS:] if row["dimension"] == dimension]


def _row(work: Work, printed: PrintedBridge, row: dict[str, Any], full: float, *, is_chosen: bool) -> None:
    step, name = row["step"], row["dimension"]
    with st.container(gap=None, key=f"bridge_rank_row_{name}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            st.button(
                escape(_label(work, name)),
                key=f"{keys.RANK}_{name}",
                type="secondary" if is_chosen else "tertiary",
                icon=_icon(row),
                on_click=lambda: move(step=step, dimension=name),
            )
            said = interest_said(row, printed.words)
            st.markdown(f":gray[{said}]" if mark_of(row) else said, text_alignment="right", width="stretch")
            key = f"{keys.RANK}_menu_{name}"
            st.menu_button(
                "",
                _offered(row),
                icon=":material/more_vert:",
                key=key,
                type="tertiary",
                help=f"What to do with {escape(_label(work, name))}",
                on_click=lambda: _choose(work, printed.bridge, step, name, CHOICES[st.session_state[key]]),
            )
        st.progress(row["interest"] / full)


def _icon(row: dict[str, Any]) -> str | None:
    if row["is_focus"]:
        return ":material/push_pin:"
    return ":material/visibility_off:" if row["is_excluded"] else None


def _offered(row: dict[str, Any]) -> list[str]:
    if row["is_focus"] or row["is_excluded"]:
        return [BACK]
    return [OPEN_FIRST, LEAVE_OUT]


def _choose(work: Work, bridge: Bridge, step: str, dimension: str, choice: Choice) -> None:
    """Callback: kept as a draft; the dimension that now comes first is shown."""
    if not is_here(work):
        return
    members = next(leaf.members for leaf in bridge.plan.leaves if leaf.name == step)
    now = as_now(work)
    if _formulas(now) != _formulas(work):
        st.session_state[keys.PROBLEM] = CHANGED
        return
    keep_draft(work, equation=with_choice(now.spec.equation, members, dimension, choice))
    # The table alone is filled anew: a name that was just typed beside it stays.
    st.session_state.pop(keys.EDITOR_ROWS, None)
    move(step=step, dimension=None if now.state.dimension == dimension else now.state.dimension)


def _formulas(work: Work) -> list[str]:
    return [step.formula for step in work.spec.equation.steps]


def _label(work: Work, dimension: str) -> str:
    return str(work.version.labels.get(dimension, dimension))


def _parts(work: Work, printed: PrintedBridge, step: str) -> None:
    """Every dimension with what its interest is made of; choosing a row looks at it."""
    parts = printed.bridge.ranking_parts(step)
    factor = 100.0 if printed.numbers.is_rate else 1.0
    marks = [_mark(row, printed) for row in parts.iter_rows(named=True)]
    table = parts.select(
        pl.col("dimension").replace(work.version.labels).alias("Dimension"),
        pl.col("interest").alias("Interest"),
        (pl.col("excess") * factor).alias("Excess"),
        (pl.col("noise") * factor).alias("Noise"),
        pl.col("signal").alias("Signal"),
        pl.col("segments").alias("Segments"),
        pl.Series("Mark", marks, dtype=pl.String),
    )
    amounts = amount_format(table["Excess"], sign="")
    column, unit = st.column_config, "points" if printed.numbers.is_rate else "units"
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Interest": column.ProgressColumn(format="%.2f", min_value=0.0, max_value=1.0),
            "Excess": column.NumberColumn(
                format=amounts, help=f"Half of what segments do beyond moving alike, in {unit} of the KPI"
            ),
            "Noise": column.NumberColumn(format=amounts, help="The part of the excess within 1.96 standard errors"),
            "Signal": column.NumberColumn(format="percent", help="Share of the spread that is not noise"),
        },
        key=f"{keys.RANK}_table",
        on_select=lambda: _look_at(parts, step),
        selection_mode="single-row",
        alt=f"Dimensions of {step} by interest",
    )
    st.caption(HOW)


def _mark(row: dict[str, Any], printed: PrintedBridge) -> str:
    """What stands in the table beside the figures."""
    key = mark_of(row)
    return "always first" if row["is_focus"] else printed.words.text(key) if key else ""


def _look_at(parts: pl.DataFrame, step: str) -> None:
    rows = st.session_state[f"{keys.RANK}_table"]["selection"]["rows"]
    if rows:
        move(step=step, dimension=parts["dimension"][rows[0]])
