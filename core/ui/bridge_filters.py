"""Filters: one condition a column: one of some values, none of them, or a comparison. Each change moves the address."""

from __future__ import annotations

import streamlit as st

from core.model.analysis import Condition, Scalar
from core.model.data import NUMERIC_TYPES, ColumnSpec
from core.ui import bridge_state as keys
from core.ui import frame, inputs
from core.ui.bridge_compare import group_values, meant, shown
from core.ui.bridge_state import Work, as_now, filter_by, follow_closed, seen
from core.ui.text import escape
from core.warehouse import Version

SIGNS = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most", "=": "equal to", "!=": "not equal to"}
TEXT_SIGNS = {"contains": "contains", "starts_with": "starts with"}
EXCEPT = "not in"
KINDS = {False: "is one of", True: "is none of"}


def filters_label(where: dict[str, Condition], version: Version) -> str:
    """What the chip says."""
    if not where:
        return "none"
    first, *others = [_condition_label(_label(version, column), condition) for column, condition in where.items()]
    return f"{first} + {len(others)} more" if others else first


def edit_filters(work: Work) -> None:
    """All filters, each with what removes it, and a place to add one."""
    where, columns = work.spec.where, [column.name for column in work.version.columns if column.role != "ignored"]
    opened = st.session_state.get(keys.FILTER_OPEN)
    waiting = [opened] if opened in columns and opened not in where else []
    for column in [*where, *waiting]:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _edit_one(work, column, where.get(column))
            st.button(
                "Remove",
                icon=":material/close:",
                key=f"{keys.FILTER}_remove_{column}",
                type="tertiary",
                on_click=_remove,
                args=(work, column),
            )
    st.selectbox(
        "Add a filter on",
        [name for name in columns if name not in {*where, *waiting}],
        index=None,
        format_func=lambda name: _label(work.version, name),
        key=keys.FILTER_ADD,
        placeholder="Choose a column",
        on_change=_open,
    )


def values_of(condition: Condition) -> list[Scalar] | None:
    """The values a condition lists; None when it compares."""
    if isinstance(condition, dict):
        return None
    return list(condition) if isinstance(condition, list) else [condition]


def left_out_of(condition: Condition) -> list[Scalar]:
    """The values a condition leaves out by name."""
    if not isinstance(condition, dict):
        return []
    named = condition.get(EXCEPT, [])
    return [*(named if isinstance(named, list) else [named]), *_single(condition, "!=")]


def _single(condition: dict[str, Scalar | list[Scalar]], sign: str) -> list[Scalar]:
    value = condition.get(sign, [])
    return [] if isinstance(value, list) else [value]


def _edit_one(work: Work, name: str, condition: Condition) -> None:
    column = next((c for c in work.version.columns if c.name == name), None)
    listed = None if condition is None else values_of(condition)
    if column is None:
        st.warning(f"{escape(name)} is not in this version of the data.")
    elif isinstance(condition, dict) and condition.keys() <= {EXCEPT, "!="} and not _is_number(column):
        _edit_values(work, column, left_out_of(condition), is_except=True)
    elif isinstance(condition, dict) or (condition is None and _is_number(column)):
        _edit_comparison(work, column, condition if isinstance(condition, dict) else {})
    else:
        _edit_values(work, column, listed or [], is_except=False)


def _edit_values(work: Work, column: ColumnSpec, chosen: list[Scalar], *, is_except: bool) -> None:
    key, kind = f"{keys.FILTER}_{column.name}", f"{keys.FILTER}_kind_{column.name}"
    name = follow_closed(key, [shown(value) for value in chosen])
    known: list[str] = []
    with frame.errors():
        known = group_values(work, column.name)
    arguments = (work, column.name, key, kind)
    inputs.selectbox(
        escape(column.label),
        list(KINDS),
        format_func=KINDS.__getitem__,
        key=follow_closed(kind, is_except),
        on_change=_keep_values,
        args=arguments,
        width=130,
    )
    inputs.multiselect(
        "Values",
        list(dict.fromkeys([*known, *st.session_state[name]])),
        key=name,
        on_change=_keep_values,
        args=arguments,
        accept_new_options=True,
    )


def _edit_comparison(work: Work, column: ColumnSpec, condition: dict[str, Scalar | list[Scalar]]) -> None:
    """One sign and its number; a second one of the saved filter is shown and kept."""
    singles: list[tuple[str, Scalar]] = [(s, v) for s, v in condition.items() if not isinstance(v, list)]
    pairs = singles or [(">", None)]
    for position, (sign, value) in enumerate(pairs):
        sign_key, value_key = (f"{keys.FILTER}_{part}_{position}_{column.name}" for part in ("sign", "value"))
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        arguments = (work, column.name, len(pairs))
        inputs.selectbox(
            escape(column.label),
            [*SIGNS, *TEXT_SIGNS] if sign in TEXT_SIGNS else list(SIGNS),
            format_func=lambda name: (SIGNS | TEXT_SIGNS)[name],
            key=follow_closed(sign_key, sign),
            on_change=_keep_comparison,
            args=arguments,
        )
        if value is None or is_number:
            number = None if value is None else float(str(value))
            inputs.number_input(
                "Value", value=None, key=follow_closed(value_key, number), on_change=_keep_comparison, args=arguments
            )
        else:
            inputs.text_input(
                "Value", key=follow_closed(value_key, shown(value)), on_change=_keep_comparison, args=arguments
            )


def _keep_values(work: Work, column: str, key: str, kind: str) -> None:
    listed: list[Scalar] = [meant(value) for value in seen(key)]
    if listed:
        where = as_now(work).spec.where
        filter_by(work, {**where, column: {EXCEPT: listed} if seen(kind) else listed})
    else:
        _empty(work, column)


def _keep_comparison(work: Work, column: str, count: int) -> None:
    where = as_now(work).spec.where
    before = where.get(column)
    excepted = before.get(EXCEPT) if isinstance(before, dict) else None
    condition: dict[str, Scalar | list[Scalar]] = {EXCEPT: excepted} if excepted is not None else {}
    for position in range(count):
        value = seen(f"{keys.FILTER}_value_{position}_{column}")
        if value not in (None, ""):
            condition[seen(f"{keys.FILTER}_sign_{position}_{column}")] = value
    if condition:
        filter_by(work, {**where, column: condition})
    else:
        _empty(work, column)


def _empty(work: Work, column: str) -> None:
    """What asks for nothing filters nothing; its inputs stay to be filled again."""
    if column in as_now(work).spec.where:
        _remove(work, column)
        st.session_state[keys.FILTER_OPEN] = column


def _open() -> None:
    st.session_state[keys.FILTER_OPEN] = st.session_state[keys.FILTER_ADD]
    st.session_state[keys.FILTER_ADD] = None


def _remove(work: Work, column: str) -> None:
    st.session_state.pop(keys.FILTER_OPEN, None)
    where = as_now(work).spec.where
    filter_by(work, {name: condition for name, condition in where.items() if name != column})


def _is_number(column: ColumnSpec) -> bool:
    return column.type in NUMERIC_TYPES and column.role == "metric"


def _label(version: Version, name: str) -> str:
    return next((column.label for column in version.columns if column.name == name), name)


def _condition_label(label: str, condition: Condition) -> str:
    values = values_of(condition)
    if values is not None:
        return f"{label}: {_listed(values)}"
    pairs = condition.items() if isinstance(condition, dict) else ()
    return f"{label} " + " and ".join(_operation_label(sign, value) for sign, value in pairs)


def _operation_label(sign: str, value: Scalar | list[Scalar]) -> str:
    if sign == EXCEPT:
        return f"not {_listed(value if isinstance(value, list) else [value])}"
    return f"{(SIGNS | TEXT_SIGNS).get(sign, sign)} {_listed(value if isinstance(value, list) else [value])}"


def _listed(values: list[Scalar]) -> str:
    more = f" + {len(values) - 2} more" if len(values) > 2 else ""
    return ", ".join(map(shown, values[:2])) + more
