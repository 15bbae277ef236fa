"""From a comparison as people write it to two resolved sides: fixed or relative periods, groups, or two columns.

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
    """The comparison with both sides known; two columns are compared over one side.

    newest: newest day in the data, None if it has none.
    Raises DataError, naming the field, for a value that is no date, a range that ends before it starts, or a relative
        period without dates.
    """
    columns = tuple((spec.metrics or {}).items())
    if spec.relative is not None:
        known = _known(spec, newest, is_date_column)
        last, earlier = _relative(spec, known, newest_is_full, calendar)
        return Comparison(spec.by, last if columns else earlier, last, columns)
    side = _dates if is_date_column else _group
    current = side(spec.current or (), "current", spec.by)
    return Comparison(spec.by, current if columns else side(spec.base or (), "base", spec.by), current, columns)


def before(spec: ComparisonSpec, first: Comparison) -> Comparison:
    """The comparison before `first`, which `spec` was resolved to: it ends where `first` begins.

    Relative periods go back by their own length or by a year, as `spec` does; so do fixed ones that lie a year apart,
    all others by the period of the same length right before base, full months before full months. Where two columns
    are compared, they are so over the period before.
    Raises DataError for groups, which have no period before, and beyond what a calendar holds.
    """
    side = first.base
    if not isinstance(side, DateSide):
        raise DataError(
            "Groups have no period before them. Name base and current of the second comparison.", field="comparison"
        )
    try:
        earlier = _one_back(spec, side, first.current)
    except (OverflowError, ValueError):
        raise DataError(
            f"No period lies before {side.first}. Name base and current of the second comparison.", field="comparison"
        ) from None
    return Comparison(first.by, earlier, earlier if first.metrics else side, first.metrics)


def _one_back(spec: ComparisonSpec, side: DateSide, current: DateSide | GroupSide) -> DateSide:
    if spec.relative is not None:
        return _base(spec.relative, spec.against == "same_last_year", side)
    a_year_ago = isinstance(current, DateSide) and not spec.metrics and side == _a_year_before(current)
    return _a_year_before(side) if a_year_ago else _right_before(side)


def _known(spec: ComparisonSpec, newest: date | None, is_date_column: bool) -> date:
    """The newest day. Raises DataError where there is none to count back from."""
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
    return newest


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


def _relative(
    spec: ComparisonSpec, newest: date, newest_is_full: bool, calendar: Calendar
) -> tuple[DateSide, DateSide]:
    """Current and base."""
    name = str(spec.relative)
    try:
        current = _newest(name, newest if newest_is_full else newest - _DAY, calendar)
        return current, _base(name, spec.against == "same_last_year", current)
    except (OverflowError, ValueError):
        raise DataError(
            f"'{name}' lies beyond what a calendar holds: the newest day of '{spec.by}' is {newest}. "
            "Take rows with such a date out, or give two fixed periods.",
            field="comparison.relative",
        ) from None


def _newest(name: str, last_full_day: date, calendar: Calendar) -> DateSide:
    """The newest period of that name."""
    if name.endswith("_to_date"):
        return DateSide(_start(last_full_day, _months_of(name), calendar), last_full_day)
    if days := _days_of(name):
        return DateSide(last_full_day - (days - 1) * _DAY, last_full_day)
    if name == "last_full_week":
        since_end = (last_full_day.weekday() - calendar.first_weekday + 1) % 7
        last = last_full_day - since_end * _DAY
        return DateSide(last - 6 * _DAY, last)
    after = _start(last_full_day + _DAY, _months_of(name), calendar)
    return DateSide(_months_later(after, -_months_of(name)), after - _DAY)


def _base(name: str, a_year_ago: bool, current: DateSide) -> DateSide:
    """The period that `current` is compared with. For weeks a year ago means 52 weeks, so that weekdays stay the same.

    To date means the same number of days from the start of the earlier period, cut at its end.
    """
    if days := _days_of(name):
        last = _months_later(current.last, -12) if a_year_ago else current.last - days * _DAY
        return DateSide(last - (days - 1) * _DAY, last)
    if name == "last_full_week":
        shift = _WEEKS_OF_A_YEAR if a_year_ago else timedelta(weeks=1)
        return DateSide(current.first - shift, current.last - shift)
    months = _months_of(name)
    first = _months_later(current.first, -12 if a_year_ago else -months)
    end = _months_later(first, months) - _DAY
    is_cut = name.endswith("_to_date")
    return DateSide(first, min(first + (current.last - current.first), end) if is_cut else end)


def _days_of(name: str) -> int:
    """How many days the relative period spans; 0 where a calendar says it."""
    if name == "last_full_day":
        return 1
    return int(name.split("_")[1]) if name.endswith("_days") else 0


def _months_of(name: str) -> int:
    return _MONTHS[name.removesuffix("_to_date").removeprefix("last_full_")]


def _a_year_before(side: DateSide) -> DateSide:
    """The same days a year earlier; a month's last day stays one."""
    first, last = _months_later(side.first, -12), _months_later(side.last, -12)
    ends_month = (side.last + _DAY).day == 1
    return DateSide(first, last.replace(day=monthrange(last.year, last.month)[1]) if ends_month else last)


def _right_before(side: DateSide) -> DateSide:
    """As many full months where these are full months, else as many days."""
    if side.first.day == 1 and (side.last + _DAY).day == 1:
        after = side.last + _DAY
        months = (after.year - side.first.year) * 12 + after.month - side.first.month
        return DateSide(_months_later(side.first, -months), side.first - _DAY)
    return DateSide(side.first - side.days * _DAY, side.first - _DAY)


def _start(day: date, months: int, calendar: Calendar) -> date:
    """First day of the period of 1, 3 or 12 months that `day` lies in."""
    into = (day.month - calendar.fiscal_year_start) % months
    return _months_later(day.replace(day=1), -into)


def _months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
