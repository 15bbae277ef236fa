"""From a comparison as people write it to two resolved sides: fixed or relative periods, or groups.

A period is full when the data has a row on or after its last day; `newest_is_full` is False where the newest day of
the data may still grow (timestamps), and then counts as not reached.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from core.errors import DataError
from core.model.analysis import ComparisonSpec, Scalar
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.data import Calendar

_DAY = timedelta(days=1)
_WEEKS_OF_A_YEAR = timedelta(weeks=52)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def resolve(
    spec: ComparisonSpec, *, newest: date | None, newest_is_full: bool, calendar: Calendar, is_date_column: bool
) -> Comparison:
    """The comparison with both sides known.

    newest: newest day in the data, None if it has none.
    Raises DataError, naming the field, for a value that is no date, a range that ends before it starts, or a relative
        period without dates.
    """
    if spec.relative is None:
        side = _dates if is_date_column else _group
        return Comparison(spec.by, side(spec.base or (), "base", spec.by), side(spec.current or (), "current", spec.by))
    if not is_date_column:
        raise DataError(
            f"'{spec.relative}' needs a date column, and '{spec.by}' is none. Compare by a date column, "
            "or name the values of base and current.",
            field="comparison.relative",
        )
    if newest is None:
        raise DataError(
            f"Column '{spec.by}' holds no date, so '{spec.relative}' cannot be resolved. Load data with dates.",
            field="comparison.relative",
        )
    last_full_day = newest if newest_is_full else newest - _DAY
    try:
        current, base = _relative(spec.relative, spec.against == "same_last_year", last_full_day, calendar)
    except (OverflowError, ValueError):
        raise DataError(
            f"'{spec.relative}' lies beyond what a calendar holds: the newest day of '{spec.by}' is {newest}. "
            "Take rows with such a date out, or give two fixed periods.",
            field="comparison.relative",
        ) from None
    return Comparison(spec.by, base, current)


def _dates(values: Sequence[Scalar], side: str, by: str) -> DateSide:
    field = f"comparison.{side}"
    if len(values) not in (1, 2):
        raise DataError(
            f"{side.capitalize()} has {len(values)} dates. Give the first and the last day, or one day.", field=field
        )
    first, last = (_date(value, field, by) for value in (values[0], values[-1]))
    if last < first:
        raise DataError(
            f"{side.capitalize()} ends on {last}, before it starts on {first}. Swap the two dates.", field=field
        )
    return DateSide(first, last)


def _date(value: Scalar, field: str, by: str) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip()).date()
        except ValueError:
            pass
    raise DataError(f"'{value}' is no date for '{by}'. Write year-month-day, such as 2026-01-31.", field=field)


def _group(values: Sequence[Scalar], side: str, by: str) -> GroupSide:
    if not values:
        raise DataError(f"{side.capitalize()} names no value of '{by}'. Name at least one.", field=f"comparison.{side}")
    return GroupSide(tuple(dict.fromkeys(values)))


def _relative(name: str, a_year_ago: bool, last_full_day: date, calendar: Calendar) -> tuple[DateSide, DateSide]:
    """Current and base."""
    if name.endswith("_to_date"):
        return _to_date(name.removesuffix("_to_date"), a_year_ago, last_full_day, calendar)
    if name.endswith("_days"):
        return _last_days(int(name.split("_")[1]), a_year_ago, last_full_day)
    unit = name.removeprefix("last_full_")
    if unit == "day":
        return _last_days(1, a_year_ago, last_full_day)
    if unit == "week":
        return _full_week(a_year_ago, last_full_day, calendar)
    return _full_months(_MONTHS[unit], a_year_ago, last_full_day, calendar)


def _last_days(count: int, a_year_ago: bool, last: date) -> tuple[DateSide, DateSide]:
    span = timedelta(days=count - 1)
    before = _months_later(last, -12) if a_year_ago else last - count * _DAY
    return DateSide(last - span, last), DateSide(before - span, before)


def _full_week(a_year_ago: bool, last_full_day: date, calendar: Calendar) -> tuple[DateSide, DateSide]:
    """A year ago means 52 weeks, so that weekdays stay the same."""
    since_end = (last_full_day.weekday() - calendar.first_weekday + 1) % 7
    last = last_full_day - since_end * _DAY
    shift = _WEEKS_OF_A_YEAR if a_year_ago else timedelta(weeks=1)
    return DateSide(last - 6 * _DAY, last), DateSide(last - 6 * _DAY - shift, last - shift)


def _full_months(months: int, a_year_ago: bool, last_full_day: date, calendar: Calendar) -> tuple[DateSide, DateSide]:
    """A month, quarter or year, cut where the fiscal year starts."""
    after = _start(last_full_day + _DAY, months, calendar)
    first = _months_later(after, -months)
    base = _months_later(first, -12 if a_year_ago else -months)
    return DateSide(first, after - _DAY), DateSide(base, _months_later(base, months) - _DAY)


def _to_date(unit: str, a_year_ago: bool, last: date, calendar: Calendar) -> tuple[DateSide, DateSide]:
    """The same number of days from the start of the earlier period, cut at its end."""
    months = _MONTHS[unit]
    first = _start(last, months, calendar)
    base = _months_later(first, -12 if a_year_ago else -months)
    end = _months_later(base, months) - _DAY
    return DateSide(first, last), DateSide(base, min(base + (last - first), end))


def _start(day: date, months: int, calendar: Calendar) -> date:
    """First day of the period of 1, 3 or 12 months that `day` lies in."""
    into = (day.month - calendar.fiscal_year_start) % months
    return _months_later(day.replace(day=1), -into)


def _months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
