"""Dates and periods by locale: "October 2026", "1–30 Nov 2026", "Week 45 2026", "1 Dec 2026, 06:02 Europe/Paris"."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_interval, format_skeleton

from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.sums import NOT_SET
from core.report.messages import text
from core.report.numbers import language

WEEK_DAYS = 7
MOST_LETTERS = 24


def side_label(side: DateSide | GroupSide, locale: str) -> str:
    """What a side of a comparison is called: its period, or its groups."""
    if isinstance(side, DateSide):
        return period_label(side, locale)
    return ", ".join(NOT_SET if value is None else str(value) for value in side.values)


def both_labels(comparison: Comparison | None, locale: str) -> tuple[str, str]:
    """Labels of base and current: plan and actual for columns, bare names where nothing says what was compared."""
    if comparison is None:
        return text(language(locale), "base"), text(language(locale), "current")
    if comparison.metrics:
        return text(language(locale), "plan"), text(language(locale), "actual")
    return side_label(comparison.base, locale), side_label(comparison.current, locale)


def one_side(comparison: Comparison, locale: str, *, is_current: bool) -> str:
    """What one side is called beside a figure: "DE", "plan"; base or current where its groups are too many to name."""
    label = both_labels(comparison, locale)[is_current]
    return label if len(label) <= MOST_LETTERS else text(language(locale), "current" if is_current else "base")


def against_label(comparison: Comparison | None, locale: str) -> str:
    """What is compared: "November 2026 against October 2026", "actual against plan, November 2026"."""
    base, current = both_labels(comparison, locale)
    if comparison is None or not comparison.metrics:
        return text(language(locale), "subtitle", current=current, base=base)
    return text(language(locale), "subtitle_columns", period=side_label(comparison.current, locale))


def period_label(side: DateSide, locale: str) -> str:
    """A full year, quarter, month or ISO week by its name, one day as a date, anything else as a range."""
    first, last = side.first, side.last
    if first == last:
        return day_label(first, locale)
    if first.day == 1 and last.day == monthrange(last.year, last.month)[1] and first.year == last.year:
        named = _months_label(first, last, locale)
        if named:
            return named
    if side.days == WEEK_DAYS and first.isoweekday() == 1:
        iso = first.isocalendar()
        return text(language(locale), "week", week=str(iso.week), year=str(iso.year))
    return _plain_spaces(format_interval(first, last, "yMMMd", locale=_date_locale(locale)))


def _months_label(first: date, last: date, locale: str) -> str | None:
    months = last.month - first.month + 1
    if months == 1:
        return format_skeleton("yMMMM", first, locale=_date_locale(locale))
    if months == 3 and first.month % 3 == 1:
        return format_skeleton("yQQQ", first, locale=_date_locale(locale))
    return str(first.year) if months == 12 else None


def day_label(day: date, locale: str, *, year: bool = True) -> str:
    """One day: "30 Nov 2026", or "30 Nov" without its year."""
    return format_skeleton("yMMMd" if year else "MMMd", day, locale=_date_locale(locale))


def moment_label(moment: datetime, zone: str, locale: str) -> str:
    """A moment in a zone, without the zone's name: "1 Dec 2026, 06:02"."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day_label(local, locale)}, {local:%H:%M}"


def _date_locale(locale: str) -> Locale:
    spoken = language(locale)
    return Locale("en", "GB") if spoken == "en" else Locale(spoken)


def _plain_spaces(label: str) -> str:
    return label.replace("\u2009", " ")
