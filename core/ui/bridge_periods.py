"""What is compared, as people choose it: moving periods, fixed dates, two groups, or plan and actual. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from core.comparisons import comparison_for
from core.model.analysis import ComparisonSpec, Scalar
from core.model.comparison import Comparison, DateSide
from core.warehouse import Version

Kind = Literal["relative", "dates", "groups", "metrics"]
Against = Literal["previous", "same_last_year"]
Days = tuple[date, date]
"""First and last day of a period."""
KINDS: dict[Kind, str] = {
    "relative": "Moving periods",
    "dates": "Fixed dates",
    "groups": "Two groups",
    "metrics": "Plan against actual",
}
LAST_DAYS = "last_n_days"
PERIODS = {
    "last_full_day": "Last full day",
    "last_full_week": "Last full week",
    "last_full_month": "Last full month",
    "last_full_quarter": "Last full quarter",
    "last_full_year": "Last full year",
    LAST_DAYS: "Last … days",
    "month_to_date": "Month to date",
    "year_to_date": "Year to date",
}
AGAINST = {"previous": "the one before", "same_last_year": "the same a year ago"}
MONTHS = {1: "last_full_month", 3: "last_full_quarter", 12: "last_full_year"}
# The longest period that the data covers twice opens first.
FIRST_CHOICE = ("last_full_month", "last_full_week", "last_full_day")


def kind_of(comparison: ComparisonSpec, date_columns: tuple[str, ...]) -> Kind:
    """Which of the four ways a comparison is."""
    if comparison.metrics:
        return "metrics"
    if comparison.relative:
        return "relative"
    return "dates" if comparison.by in date_columns else "groups"


def period_of(relative: str) -> tuple[str, int]:
    """The entry of PERIODS and the number of days ("last_7_days" is LAST_DAYS and 7; 28 where it does not matter)."""
    if relative in PERIODS:
        return relative, 28
    return LAST_DAYS, int(relative.removeprefix("last_").removesuffix("_days"))


def relative_of(period: str, days: int) -> str:
    """The specification's word for an entry of PERIODS."""
    return f"last_{days}_days" if period == LAST_DAYS else period


def fixed_dates(by: str, base: Days, current: Days) -> ComparisonSpec:
    """Two date ranges, both ends inclusive."""
    return ComparisonSpec(by=by, base=_iso(base), current=_iso(current))


def as_fixed(resolved: Comparison) -> ComparisonSpec | None:
    """The dates that moving periods stand for today; None for groups and for columns compared over one period."""
    if resolved.metrics:
        return None
    if isinstance(resolved.base, DateSide) and isinstance(resolved.current, DateSide):
        base, current = resolved.base, resolved.current
        return fixed_dates(resolved.by, (base.first, base.last), (current.first, current.last))
    return None


def dates_of(values: tuple[Scalar, ...] | None) -> Days | None:
    """A fixed side as dates; one value is one day. None when it holds no dates."""
    try:
        days = [value if isinstance(value, date) else date.fromisoformat(str(value)) for value in values or ()]
    except ValueError:
        return None
    return (days[0], days[-1]) if days else None


def first_comparison(version: Version) -> ComparisonSpec | None:
    """What a new analysis compares; None when people must choose groups first."""
    if version.date_column is None:
        return None
    choices = [ComparisonSpec(by=version.date_column.name, relative=relative) for relative in FIRST_CHOICE]
    return next((choice for choice in choices if _is_covered(choice, version)), choices[0])


def _is_covered(choice: ComparisonSpec, version: Version) -> bool:
    """Whether the data begins in the first half of the base, or before."""
    if version.newest is None or version.oldest is None:
        return False
    base = comparison_for(choice, version).base
    return isinstance(base, DateSide) and version.oldest <= base.first + (base.last - base.first) / 2


def default_dates(version: Version) -> tuple[Days, Days]:
    """Two fixed ranges to start from: the newest 28 days and the 28 before."""
    newest = version.newest or date(2000, 1, 1)
    span = timedelta(days=27)
    before = newest - span - timedelta(days=1)
    return (before - span, before), (newest - span, newest)


def moving_like(fixed: ComparisonSpec) -> ComparisonSpec:
    """The moving periods closest to fixed dates: a full month, quarter, year or week by its name, else days."""
    base, current = dates_of(fixed.base), dates_of(fixed.current)
    if base is None or current is None:
        return ComparisonSpec(by=fixed.by, relative="last_full_month")
    is_year_ago = 350 <= (current[0] - base[0]).days <= 380 and (current[1] - current[0]).days < 300
    against: Against = "same_last_year" if is_year_ago else "previous"
    return ComparisonSpec(by=fixed.by, relative=_named_period(*current), against=against)


def _named_period(first: date, last: date) -> str:
    following = last + timedelta(days=1)
    months = (following.year - first.year) * 12 + following.month - first.month
    if first.day == following.day == 1 and months in MONTHS:
        return MONTHS[months]
    days = (following - first).days
    return "last_full_week" if days == 7 and first.weekday() == 0 else f"last_{days}_days"


def comparison_label(comparison: ComparisonSpec) -> str:
    """One line for a chip: "last full month with the one before"."""
    period = period_name(comparison.relative) if comparison.relative else ""
    if comparison.metrics:
        return f"plan with actual, {period or 'fixed dates'}"
    if period:
        return f"{period} with {AGAINST[comparison.against]}"
    if dates_of(comparison.base) and dates_of(comparison.current):
        return "fixed dates"
    return f"two groups of {comparison.by}"


def period_name(relative: str) -> str:
    """A moving period inside a sentence: "last full month", "last 28 days"."""
    period, days = period_of(relative)
    name = PERIODS[period].replace("…", str(days))
    return f"{name[0].lower()}{name[1:]}"


def _iso(days: Days) -> tuple[str, str]:
    return days[0].isoformat(), days[1].isoformat()
