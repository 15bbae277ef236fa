"""The gate before sending: a report goes out whole and right, or the run fails with a sentence."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.delivery.reports import Made
from core.errors import DataError
from core.warehouse import Version

SUM_TOLERANCE = 1e-6
"""Share of the largest figure by which a bridge may miss its total: far below what is printed."""


def require_fresh(version: Version, max_age: timedelta | None, now: datetime) -> None:
    """Raises DataError for data older than the export allows: since the source was read, and by their newest day."""
    if max_age is None:
        return
    ends = [version.as_of]
    if version.newest is not None and version.newest < date.max:
        after = version.newest + timedelta(days=1)
        ends.append(datetime.combine(after, time(), tzinfo=ZoneInfo(version.calendar.time_zone)))
    if (age := now - min(ends)) > max_age:
        raise DataError(
            f"The data of '{version.dataset}' are {_printed(age)} old, and the export allows {_printed(max_age)}. Load "
            "newer data, or raise the limit. Nothing was sent."
        )


def _printed(age: timedelta) -> str:
    hours = round(age / timedelta(hours=1), 1)
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:g} hours"


def require_sound(made: Made) -> None:
    """Raises DataError for a report whose bars do not add up or that shows nothing."""
    for each in made.each:
        _require_sum(each)
    if not made.report.sections and not made.report.alert:
        raise DataError(f"'{made.report.name}' shows nothing. Choose a view. Nothing was sent.")


def _require_sum(made: Made) -> None:
    total = made.bridge.total
    if total.change is None:
        raise DataError(f"'{made.report.name}' is undefined on one side: the KPI is divided by 0. Nothing was sent.")
    bars = sum(value or 0.0 for value in made.bridge.steps["contribution"])
    size = max(abs(total.base or 0.0), abs(total.current or 0.0), abs(total.change))
    if not abs(bars - total.change) <= SUM_TOLERANCE * size:  # no comparison with a NaN is true
        raise DataError(
            f"The bars of '{made.report.name}' add up to {bars:g}, the change is {total.change:g}. Nothing was sent."
        )
