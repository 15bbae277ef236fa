"""How a dataset cuts days, weeks and years: its time zone, first day of the week, start of the fiscal year."""

from __future__ import annotations

from calendar import day_name, month_name
from zoneinfo import available_timezones

import streamlit as st

from core.model.data import Calendar


@st.cache_data(show_spinner=False)
def _zones() -> list[str]:
    return sorted(available_timezones())


def edit(calendar: Calendar, *, key: str) -> Calendar:
    """The calendar as somebody left it."""
    zones, places = _zones(), st.columns(3)
    zone = places[0].selectbox(
        "Time zone of days",
        zones,
        index=zones.index(calendar.time_zone),
        key=f"{key}_zone",
        help="Moments with a time are put into days of this zone.",
    )
    weekday = places[1].selectbox(
        "First day of the week",
        range(7),
        index=calendar.first_weekday,
        format_func=lambda day: day_name[day],
        key=f"{key}_weekday",
    )
    month = places[2].selectbox(
        "Fiscal year starts in",
        range(1, 13),
        index=calendar.fiscal_year_start - 1,
        format_func=lambda month: month_name[month],
        key=f"{key}_month",
    )
    return Calendar(time_zone=zone, first_weekday=weekday, fiscal_year_start=month)
