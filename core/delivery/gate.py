"""The gate before sending: a report goes out whole and right, or the run fails with a sentence."""

from __future__ import annotations

from core.delivery.reports import Made
from core.errors import DataError

SUM_TOLERANCE = 1e-6
"""Share of the largest figure by which a bridge may miss its total: far below what is printed."""


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
    if abs(bars - total.change) > SUM_TOLERANCE * size:
        raise DataError(
            f"The bars of '{made.report.name}' add up to {bars:g}, the change is {total.change:g}. Nothing was sent."
        )
