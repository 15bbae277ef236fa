"""Inputs of periods that several forms share: a moving period, and a first and last day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import streamlit as st

from core.ui import inputs
from core.ui.bridge_periods import LAST_DAYS, PERIODS, Days, period_of, relative_of
from core.ui.bridge_state import follow_closed, seen

MOST_DAYS = 9999


def choose_period(relative: str, period_key: str, days_key: str, change: Callable[[str], None]) -> None:
    """A moving period, with its number of days where it is counted in days."""
    period, days = period_of(relative)
    inputs.selectbox(
        "Period",
        list(PERIODS),
        format_func=PERIODS.__getitem__,
        key=follow_closed(period_key, period),
        on_change=lambda: change(relative_of(seen(period_key), days)),
    )
    if period == LAST_DAYS:
        inputs.number_input(
            "Days",
            min_value=1,
            max_value=MOST_DAYS,
            step=1,
            key=follow_closed(days_key, days),
            on_change=lambda: change(relative_of(seen(period_key), seen(days_key) or days)),
        )


def days_input(label: str, key: str, days: Days, change: Callable[[Days], None]) -> None:
    """First and last day of one side."""
    # A range must be given as the default, so another range is another widget.
    own = f"{key}_{days[0]}_{days[1]}"
    st.date_input(
        f"{label}, first and last day",
        value=days,
        key=own,
        on_change=lambda: _take(st.session_state[own], change),
        format="YYYY-MM-DD",
    )


def _take(chosen: object, change: Callable[[Days], None]) -> None:
    """Both ends; while only the first was clicked nothing changes."""
    if isinstance(chosen, tuple | list) and len(chosen) == 2:
        first, last = chosen
        if isinstance(first, date) and isinstance(last, date):
            change((first, last))
