"""A side without rows is refused, with what the data covers."""

from __future__ import annotations

from datetime import date

from core.errors import EmptyComparison
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.sums import BASE, CURRENT, NOT_SET, Sums


def refuse_empty(sums: Sums, comparison: Comparison | None, covers: tuple[date, date] | None) -> None:
    """Raises EmptyComparison, naming the side; covers: first and last day of the data. Compared columns share rows."""
    are_the_same = comparison is not None and comparison.metrics
    for position, side in ((CURRENT, "current"),) if are_the_same else ((BASE, "base"), (CURRENT, "current")):
        if sums.rows[position] == 0:
            what = _describe(comparison.base if position == BASE else comparison.current) if comparison else ""
            known = f" The data covers {covers[0]} to {covers[1]}." if covers else ""
            raise EmptyComparison(
                f"There are no rows in {side}{what}.{known} Choose another {side}, or loosen the filters.",
                field=f"comparison.{side}",
            )


def _describe(side: DateSide | GroupSide) -> str:
    if isinstance(side, DateSide):
        return f" ({side.first} to {side.last})"
    return f" ({', '.join(NOT_SET if value is None else str(value) for value in side.values)})"
