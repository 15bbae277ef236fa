"""How far apart the dates of the data lie."""

from __future__ import annotations

import pytest

from core.engine.rhythm import rhythm_of


@pytest.mark.parametrize(
    ("calendar", "dates", "rhythm"),
    [
        ((31, 30), (31, 30), "day"),
        ((31, 28), (22, 20), "day"),
        ((31, 30), (5, 5), "week"),
        ((365, 365), (52, 53), "week"),
        ((365, 365), (12, 12), "month"),
        ((365, 365), (30, 30), None),
        ((31, 30), (0, 0), None),
        (None, (31, 30), None),
    ],
)
def test_the_gap_between_dates_tells(
    calendar: tuple[int, int] | None, dates: tuple[int, int], rhythm: str | None
) -> None:
    assert rhythm_of(calendar, dates) == rhythm
