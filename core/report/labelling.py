"""Where labels of points go: beside them, never over each other, with a thin line where they had to step aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, floor, log10

from core.report.widths import text_width

Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""
DISTANCES = (9.0, 22.0, 38.0, 56.0, 78.0, 104.0)
SIDES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
NICE = (1.0, 2.0, 5.0, 10.0, 20.0)


@dataclass
class Labelling:
    """What is taken within `bounds`: areas of labels and marks, and lines, which a label crosses only in need."""

    bounds: Area
    areas: list[Area] = field(default_factory=list)
    lines: list[Area] = field(default_factory=list)

    def place(self, x: float, y: float, text: str, size: float, *, bold: bool = False) -> tuple[Area, bool] | None:
        """A free area for the label of a point, taken from now on, and whether it stands apart; None if full."""
        width, height = text_width(text, size, bold=bold), size * 1.15
        for may_cross in (False, True):
            for distance, area in _candidates(x, y, width, height):
                if self._is_free(area, may_cross=may_cross):
                    self.areas.append(area)
                    return area, distance > DISTANCES[0]
        return None

    def _is_free(self, area: Area, *, may_cross: bool) -> bool:
        left, top, right, bottom = self.bounds
        inside = area[0] >= left and area[1] >= top and area[2] <= right and area[3] <= bottom
        if not inside or any(_overlap(area, taken) for taken in self.areas):
            return False
        return may_cross or not any(_crosses(line, area) for line in self.lines)


def _candidates(x: float, y: float, width: float, height: float) -> Iterator[tuple[float, Area]]:
    for distance in DISTANCES:
        for across, down in SIDES:
            reach = distance if not (across and down) else distance * 0.75
            left = x + across * reach - (0 if across > 0 else width if across < 0 else width / 2)
            top = y + down * (reach + (height / 2 if not across else 0)) - height / 2
            yield distance, (left, top, left + width, top + height)


def _overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _crosses(line: Area, area: Area) -> bool:
    """Whether a line from (0, 1) to (2, 3) comes into the area (Liang and Barsky's clipping)."""
    x, y = line[0], line[1]
    dx, dy = line[2] - x, line[3] - y
    first, last = 0.0, 1.0
    for step, room in ((-dx, x - area[0]), (dx, area[2] - x), (-dy, y - area[1]), (dy, area[3] - y)):
        if step == 0:
            if room < 0:
                return False
            continue
        share = room / step
        first, last = (max(first, share), last) if step < 0 else (first, min(last, share))
    return first <= last


def nearest(area: Area, x: float, y: float) -> tuple[float, float]:
    """The point of the area that is nearest to (x, y)."""
    return min(max(x, area[0]), area[2]), min(max(y, area[1]), area[3])


def ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """At most `most` round numbers from low to high, evenly apart."""
    if not low < high:
        return (low,)
    power = 10.0 ** floor(log10((high - low) / most))
    for step in (factor * power for factor in NICE):
        first, last = ceil(low / step), floor(high / step)
        if last - first < most:
            return tuple(number * step for number in range(first, last + 1))
    return ()
