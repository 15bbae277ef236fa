"""What is different for one destination of an export, in its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import DataError
from core.model.analysis import Condition, Scalar
from core.model.delivery import ALL_VIEWS, Overrides, SendCondition
from core.ui import inputs
from core.ui.exports_elements import element_key, element_label, element_of
from core.ui.exports_words import LAYOUTS, LOCALES, VIEW_NAMES

AS_ABOVE = "As above"
SENDS = {None: AS_ABOVE, "alert": "On alert only"}


def begins(own: Overrides) -> dict[str, Any]:
    """The values of the inputs, by name."""
    return {
        "layout": own.layout,
        "views": list(own.views or ()),
        "locale": own.locale,
        "elements": [element_key(element) for element in own.elements or ()],
        "send": "alert" if own.condition and own.condition.kind == "alert" else None,
        "where": [f"{column} = {value}" for column, values in _lists(own.where).items() for value in values],
    }


def edit(key: str, offered: Sequence[str]) -> None:
    """The inputs. key: what their keys begin with; offered: elements of the report."""
    with st.container(horizontal=True):
        for name, words, width in (("layout", LAYOUTS, 150), ("locale", LOCALES, 180)):
            _choice(key, name, words, width)
        inputs.selectbox("Send", list(SENDS), format_func=SENDS.__getitem__, key=f"{key}_send", width=170)
    inputs.pills(
        "Views (none: as above)",
        ALL_VIEWS,
        format_func=VIEW_NAMES.__getitem__,
        key=f"{key}_views",
        selection_mode="multi",
    )
    inputs.multiselect(
        "Elements (none: as above)",
        list(dict.fromkeys([*offered, *st.session_state[f"{key}_elements"]])),
        format_func=element_label,
        key=f"{key}_elements",
        placeholder="All of the views",
        help="Of the layouts list and dropdown",
    )
    inputs.multiselect(
        "Only where",
        st.session_state[f"{key}_where"],
        key=f"{key}_where",
        accept_new_options=True,
        placeholder="country = FR, then Enter",
        help="Filters for this destination alone. Several values of a column: one entry each.",
    )


def said(key: str, start: Overrides) -> dict[str, Any]:
    """What the inputs say. Raises DataError for a filter that is none. Filters by operators, set by the API, stay."""
    session = st.session_state
    alert = start.condition if start.condition and start.condition.kind == "alert" else SendCondition(kind="alert")
    kept = {column: wanted for column, wanted in start.where.items() if column not in _lists(start.where)}
    return {
        "layout": session[f"{key}_layout"],
        "views": tuple(session[f"{key}_views"]) or None,
        "locale": session[f"{key}_locale"],
        "elements": tuple(map(element_of, session[f"{key}_elements"])) or None,
        "condition": alert if session[f"{key}_send"] == "alert" else None,
        "where": {**kept, **_filters(session[f"{key}_where"], _lists(start.where))},
    }


def _choice(key: str, name: str, words: Mapping[Any, str], width: int) -> None:
    labels = {None: AS_ABOVE, **words}
    inputs.selectbox(
        {"layout": "Layout", "locale": "Language"}[name],
        list(labels),
        format_func=labels.__getitem__,
        key=f"{key}_{name}",
        width=width,
    )


def _lists(where: Mapping[str, Condition]) -> dict[str, list[Scalar]]:
    """Filters that are values."""
    return {
        column: wanted if isinstance(wanted, list) else [wanted]
        for column, wanted in where.items()
        if not isinstance(wanted, dict)
    }


def _filters(entries: Sequence[str], before: Mapping[str, list[Scalar]]) -> dict[str, list[Scalar]]:
    """Entries such as "country = FR" by column; a value that was there before keeps its type."""
    found: dict[str, list[Scalar]] = {}
    for entry in entries:
        column, sign, typed = (part.strip() for part in entry.partition("="))
        if not (column and sign and typed):
            raise DataError(f"'{entry}' is no filter. Write it like country = FR.", field="destinations")
        known = next((value for value in before.get(column, ()) if str(value) == typed), typed)
        found.setdefault(column, []).append(known)
    return found
