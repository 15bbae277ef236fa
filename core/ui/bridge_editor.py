"""The equation: a sentence of chips while it is read, a table of steps while it is edited."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from core.analyses import equation_for
from core.errors import DataError
from core.model.analysis import EquationSpec, StepSpec
from core.ui import bridge_state as keys
from core.ui import frame, inputs
from core.ui.bridge_plan import follow_equation
from core.ui.bridge_settings import edit_settings
from core.ui.bridge_state import Work, as_now, draft_key, follow, keep_draft
from core.ui.bridge_steps import chain_of_ratios, equation_of, rows_of, sum_of
from core.ui.bridge_units import units_of
from core.ui.text import escape

GOOD = {"up": "A rise", "down": "A fall"}
TOTAL_KEYS = {
    "total": keys.TOTAL,
    "unit": keys.TOTAL_UNIT,
    "decimals": keys.TOTAL_DECIMALS,
    "good": keys.TOTAL_GOOD,
    "formula": keys.TOTAL_FORMULA,
    "total_threshold_pct": keys.TOTAL_THRESHOLD,
}
NUMBERS = ("decimals", "total_threshold_pct")
MOST_DECIMALS = 6
UNIT_HELP = (
    "€, kg, … or % for a rate between 0 and 1. Or a pattern with .* for the number: €.* prints it in full, "
    "$.*M in millions (k, M or bn)."
)
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "formula": pl.String,
    "name": pl.String,
    "unit": pl.String,
    "decimals": pl.Int64,
    "threshold_pct": pl.Float64,
    "focus": pl.String,
    "exclude": pl.List(pl.String),
    "good": pl.String,
}


def equation_card(work: Work) -> None:
    """The card: sentence and switch; below it the table while the switch is on."""
    with st.container(border=True, key="bridge_equation"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="top"):
            st.markdown(f"**Equation**\u2003{sentence(work.spec.equation, kpi_label(work))}", width="stretch")
            if keys.EDIT not in st.session_state:
                st.session_state[keys.EDIT] = work.saved is None
            inputs.toggle("Edit", key=keys.EDIT, on_change=_turn, args=(work,), width="content")
        if st.session_state[keys.EDIT]:
            _edit(work)
        elif st.session_state.pop(keys.EDITOR_LEFT, None) == _owner(work):
            _close(work)


def _turn(work: Work) -> None:
    if not st.session_state[keys.EDIT]:
        st.session_state[keys.EDITOR_LEFT] = _owner(work)
    elif st.session_state.pop(keys.EDITOR_LEFT, None) != _owner(work):
        refill()


def _close(work: Work) -> None:
    """Take up what was typed just before the table was closed: Streamlit tells it only to inputs that are drawn."""
    space = st.empty()
    with space.container():
        rows = _fields(work)
    space.empty()
    try:
        _take_up(work, rows)
    finally:
        refill()


def _owner(work: Work) -> str:
    """Whose table it is, where another analysis may have been opened meanwhile."""
    return draft_key(work.saved, work.start)


def kpi_label(work: Work) -> str:
    """The KPI's name; while the equation is wrong and gives it none, just "KPI"."""
    try:
        return equation_for(work.spec.equation, work.version).total
    except DataError:
        return work.spec.equation.total or "KPI"


def sentence(equation: EquationSpec, kpi: str) -> str:
    """The KPI and its steps as chips, in Markdown."""
    total = f":blue-badge[{escape(kpi)}]"
    chips = [_chip(step) for step in equation.steps]
    if equation.formula:
        numbered = "\u2002".join(f"[{number}] {chip}" for number, chip in enumerate(chips, start=1))
        return f"{total} = {escape(equation.formula)}\u2003{numbered}"
    return f"{total} = " + " × ".join(chips)


def _chip(step: StepSpec) -> str:
    if step.name and step.name.lower() == step.formula.replace('"', "").lower():
        return f":gray-badge[{escape(step.name)}]"
    name = f" · {escape(step.name)}" if step.name else ""
    return f":gray-badge[{escape(step.formula)}{name}]"


def _edit(work: Work) -> None:
    """The table, the KPI beside it, and what builds a table quickly. A wrong cell is said and changes nothing."""
    _take_up(work, _fields(work))


def _fields(work: Work) -> list[dict[str, object]]:
    """All that can be edited; the rows of the table as they stand."""
    _starters(work)
    rows = _table(work)
    _total(work)
    edit_settings(work)
    return rows


def _take_up(work: Work, rows: list[dict[str, object]]) -> None:
    with frame.errors():
        equation = equation_of(rows, _total_values())
        if equation != work.spec.equation:
            keep_draft(work, equation=equation)
            follow_equation(work, equation)
            # Save that was pressed right after typing is asked for again by the run that knows what was typed.
            st.session_state[keys.SAVE_ASKED] = _owner(work) if st.session_state.get(keys.SAVE) else None
            st.rerun()


def _starters(work: Work) -> None:
    metrics = {column.name: column.label for column in work.version.metrics}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        inputs.multiselect(
            "Metrics, in their order",
            list(metrics),
            format_func=lambda name: metrics.get(name, name),
            key=keys.METRICS,
            placeholder="visits, orders, revenue …",
        )
        chosen = st.session_state[keys.METRICS]
        st.button(
            "Chain of ratios",
            key="bridge_chain",
            on_click=_start_anew,
            args=(work, "chain"),
            disabled=not chosen,
            help="visits × orders / visits × revenue / orders",
        )
        st.button(
            "Sum", key="bridge_sum", on_click=_start_anew, args=(work, "sum"), disabled=not chosen, help="a + b + c"
        )


def _start_anew(work: Work, kind: str) -> None:
    metrics = st.session_state[keys.METRICS]
    units = units_of(work.version.metrics)
    equation = chain_of_ratios(metrics, units) if kind == "chain" else sum_of(metrics, units)
    keep_draft(work, equation=equation.model_copy(update={"good": as_now(work).spec.equation.good}))
    follow_equation(work, equation)
    refill()


def refill() -> None:
    """Fill the table anew from the equation at the next run."""
    for key in (keys.EDITOR_ROWS, *(f"{key}_was" for key in TOTAL_KEYS.values())):
        st.session_state.pop(key, None)


def _table(work: Work) -> list[dict[str, object]]:
    """The rows as they stand. The table's input stays the same while it is edited, else its edits would be lost."""
    session, owner = st.session_state, _owner(work)
    if session.get(keys.EDITOR_ROWS, (None,))[0] != owner:
        session[keys.EDITOR_ROWS] = owner, pl.DataFrame(rows_of(work.spec.equation), schema=SCHEMA)
        session[keys.EDITOR_TURN] = session.get(keys.EDITOR_TURN, 0) + 1
    edited = st.data_editor(
        session[keys.EDITOR_ROWS][1],
        key=f"{keys.EDITOR}_{session[keys.EDITOR_TURN]}",
        num_rows="dynamic",
        hide_index=True,
        placeholder=" ",
        column_config=_columns(work),
        alt="Steps of the equation",
    )
    rows: list[dict[str, object]] = edited.to_dicts()
    return rows


def _columns(work: Work) -> dict[str, Any]:
    dimensions = list(work.version.dimensions)
    config = st.column_config
    return {
        "formula": config.TextColumn("Formula", width="medium", help="A metric, or numerator / denominator"),
        "name": config.TextColumn("Name", help="What people read; default: the formula"),
        "unit": config.TextColumn("Unit", width="small", help=UNIT_HELP),
        "decimals": config.NumberColumn(
            "Decimals", width="small", min_value=0, max_value=MOST_DECIMALS, step=1, help="Empty: as many as it takes"
        ),
        "threshold_pct": config.NumberColumn("Threshold %", min_value=0.0, help="Alert beyond this change"),
        "focus": config.SelectboxColumn("Focus on", options=dimensions, help="The dimension that opens first"),
        "exclude": config.MultiselectColumn(
            "Leave out", options=dimensions, help="Dimensions that explain nothing here"
        ),
        "good": config.SelectboxColumn("Good is", width="small", options=["up", "down"]),
    }


def _total(work: Work) -> None:
    equation = work.spec.equation
    for field, key in TOTAL_KEYS.items():
        value = getattr(equation, field)
        follow(key, value if value is not None or field in NUMBERS else "")
    name, unit, decimals, good, threshold, formula = st.columns([2.8, 1.2, 1.3, 2, 1.8, 2.8])
    with name:
        inputs.text_input("KPI's name", key=keys.TOTAL, placeholder=kpi_label(work))
    with unit:
        inputs.text_input("Unit", key=keys.TOTAL_UNIT, help=f"{UNIT_HELP} Changes of a rate are points.")
    with decimals:
        inputs.number_input(
            "Decimals", min_value=0, max_value=MOST_DECIMALS, value=None, placeholder="auto", key=keys.TOTAL_DECIMALS
        )
    with good:
        inputs.segmented_control(
            "Good is", list(GOOD), format_func=GOOD.__getitem__, key=keys.TOTAL_GOOD, required=True
        )
    with threshold:
        inputs.number_input(
            "Threshold %",
            min_value=0.0,
            value=None,
            step=1.0,
            format="%g",
            placeholder="none",
            key=keys.TOTAL_THRESHOLD,
        )
    with formula:
        inputs.text_input(
            "Formula",
            key=keys.TOTAL_FORMULA,
            placeholder="product of the steps",
            help="Such as [1] + [2] or ([1] - [2]) / [1]",
        )


def _total_values() -> dict[str, object]:
    return {name: st.session_state[key] for name, key in TOTAL_KEYS.items()}
