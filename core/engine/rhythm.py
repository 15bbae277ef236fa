"""How far apart the dates of the data lie: by the day, the week or the month (docs/formulas.md, F3.8)."""

from __future__ import annotations

from typing import Literal

Rhythm = Literal["day", "week", "month"]
# Days from one date to the next, from and to: weeks of a month are 4 or 5, and months 28 to 31 days.
_GAPS: dict[Rhythm, tuple[float, float]] = {"day": (0, 4), "week": (6, 8), "month": (26, 33)}


def rhythm_of(calendar: tuple[int, int] | None, dates: tuple[int, int]) -> Rhythm | None:
    """The rhythm of both sides together; None for groups, and where dates follow none of these.

    calendar: days that each side spans, None for groups; dates: those of them that have data.
    """
    if calendar is None or not sum(dates):
        return None
    gap = sum(calendar) / sum(dates)
    return next((rhythm for rhythm, (least, most) in _GAPS.items() if least <= gap <= most), None)
