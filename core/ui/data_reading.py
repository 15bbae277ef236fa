"""How the files of a dataset are read where they do not say so themselves: decimal mark, order of day and month."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st

from core.errors import AmbiguousSource
from core.model.data import ReadOptions
from core.ui.text import escape

T = TypeVar("T")
FOUND = "as found in the file"
READINGS = {
    ".": "the dot is the decimal mark",
    ",": "the comma is the decimal mark",
    "day-first": "the day comes first",
    "month-first": "the month comes first",
}


def edit(read: ReadOptions, *, key: str) -> ReadOptions:
    """The settings as somebody left them."""
    places = st.columns(3)
    with places[0]:
        decimal = _choose("Decimal mark", (None, ".", ","), read.decimal, key=f"{key}_decimal")
    with places[1]:
        order = _choose(
            "Dates such as 03/04/2026", (None, "day-first", "month-first"), read.date_format, key=f"{key}_order"
        )
    return ReadOptions.model_validate({**read.model_dump(), "decimal": decimal, "date_format": order})


def explain(question: AmbiguousSource) -> str:
    """Where to answer a question that came up about a dataset that is there already."""
    return (
        f"Column '{escape(question.column)}' can be read in two ways: {' or '.join(question.readings.values())}. "
        "Say which under Columns, 'How the file is read', then load it again."
    )


def _choose(label: str, options: tuple[T, ...], chosen: T, *, key: str) -> T:
    return st.selectbox(
        label,
        options,
        index=options.index(chosen),
        format_func=lambda option: READINGS.get(str(option), FOUND),
        key=key,
    )
