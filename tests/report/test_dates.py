"""Periods and days by locale."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from core.model.comparison import DateSide, GroupSide
from core.report.dates import day_label, moment_label, side_label


def period(first: str, last: str, locale: str = "en") -> str:
    return side_label(DateSide(date.fromisoformat(first), date.fromisoformat(last)), locale)


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [
        ("2026-10-01", "2026-10-31", "October 2026"),
        ("2028-02-01", "2028-02-29", "February 2028"),
        ("2026-02-01", "2026-02-27", "1–27 Feb 2026"),
        ("2026-07-01", "2026-09-30", "Q3 2026"),
        ("2026-06-01", "2026-08-31", "1 Jun – 31 Aug 2026"),
        ("2026-01-01", "2026-12-31", "2026"),
        ("2026-11-02", "2026-11-08", "Week 45 2026"),
        ("2026-11-03", "2026-11-09", "3–9 Nov 2026"),
        ("2026-11-30", "2026-11-30", "30 Nov 2026"),
        ("2025-12-30", "2026-01-02", "30 Dec 2025 – 2 Jan 2026"),
    ],
)
def test_a_period_has_its_shortest_name(first: str, last: str, wanted: str) -> None:
    assert period(first, last) == wanted


@pytest.mark.parametrize(
    ("locale", "wanted"),
    [("fr", "novembre 2026"), ("de", "November 2026"), ("nb", "november 2026"), ("pt", "November 2026")],
)
def test_months_speak_the_readers_language(locale: str, wanted: str) -> None:
    assert period("2026-11-01", "2026-11-30", locale) == wanted


def test_groups_are_listed_with_the_missing_one_named() -> None:
    assert side_label(GroupSide(("FR", None)), "en") == "FR, (not set)"


def test_a_moment_is_printed_in_its_zone() -> None:
    assert moment_label(datetime(2026, 12, 1, 5, 2, tzinfo=UTC), "Europe/Paris", "en") == "1 Dec 2026, 06:02"


def test_a_day_can_leave_out_its_year() -> None:
    assert day_label(date(2026, 11, 30), "en", year=False) == "30 Nov"


@pytest.mark.parametrize(
    ("locale", "label"),
    [("de", "1. Dez. 2026, 06:02"), ("fr", "1 déc. 2026, 06:02"), ("nb", "1. des. 2026, 06:02")],
)
def test_moments_are_written_as_each_language_writes_dates(locale: str, label: str) -> None:
    assert moment_label(datetime(2026, 12, 1, 5, 2, tzinfo=UTC), "Europe/Paris", locale) == label
