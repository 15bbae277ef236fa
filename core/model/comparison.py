"""A comparison after relative periods were resolved: base against current."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.model.analysis import Scalar


@dataclass(frozen=True)
class DateSide:
    """A date range, both ends inclusive, in days of the dataset's zone."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Calendar days it spans."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class GroupSide:
    """One or several values of a column; None is (not set)."""

    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Comparison:
    """Two sides of the column `by`, both of one kind.

    metrics: (actual, plan) columns when those are compared: both sides are then the same rows, base counts the plans.
    """

    by: str
    base: DateSide | GroupSide
    current: DateSide | GroupSide
    metrics: tuple[tuple[str, str], ...] = ()

    @property
    def is_planned(self) -> bool:
        """Whether columns are compared with their plans."""
        return bool(self.metrics)

    @property
    def is_dates(self) -> bool:
        """Whether two periods are compared rather than two groups or two columns."""
        return isinstance(self.base, DateSide) and isinstance(self.current, DateSide) and not self.metrics
