"""Where the rows of a funnel stand: name and parts at the left, two bars in the middle, the change at the right.

On a phone the name stands over the bars. Every row has a scale of its own, since every step has a unit of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.report.bars import arrow
from core.report.picture import Box, Picture, Place, Sheet, Stroke, tone_role, turned
from core.report.printed_funnel import Level
from core.report.shapes import Label
from core.report.theme import LABEL_SIZE, SMALL_SIZE
from core.report.widths import BOLD_FACTOR, shortened, text_width

LEGEND, GAP, LINE, PAD = 26.0, 14.0, 16.0, 12.0
BAR, BETWEEN, THINNEST = 14.0, 3.0, 1.5
NAMES_SHARE, MOST_NAMES, LEAST_BARS, SLACK = 0.34, 290.0, 60.0, 1.0


@dataclass(frozen=True)
class _Frame:
    """Where the columns are; is_stacked: names stand over the bars."""

    width: float
    bars: float
    figures: float
    changes: float
    is_stacked: bool

    @property
    def bars_end(self) -> float:
        return self.width - self.changes - self.figures - GAP


def funnel_picture(rows: Sequence[Level], sides: tuple[str, str], width: float, *, is_narrow: bool = False) -> Picture:
    """The funnel within `width`. sides: what base and current are called."""
    frame = _frame(rows, width, is_narrow=is_narrow)
    sheet = Sheet(width)
    _legend(sheet, sides)
    for row in rows:
        if row.is_total and len(rows) > 1:
            sheet.strokes.append(Stroke(0, width, sheet.height, sheet.height, "line"))
        _row(sheet, frame, row)
    return sheet.finished("step")


def _frame(rows: Sequence[Level], width: float, *, is_narrow: bool) -> _Frame:
    figures = max(text_width(text, LABEL_SIZE) for row in rows for text in (row.from_text, row.to_text)) + 8
    changes = max(
        max(text_width(_change(row), LABEL_SIZE, bold=True), text_width(row.points, SMALL_SIZE)) for row in rows
    )
    names = [text_width(row.label, LABEL_SIZE, bold=True) for row in rows]
    names += [text_width(line, SMALL_SIZE) for row in rows for line in _beneath(row)]
    room = min(max(names), width * NAMES_SHARE, MOST_NAMES) + GAP
    bars = 0.0 if is_narrow else room + SLACK
    figures = min(figures, max(0.0, width - bars - changes - 2 * GAP - LEAST_BARS))
    return _Frame(width, bars, figures, changes, is_narrow)


def _legend(sheet: Sheet, sides: tuple[str, str]) -> None:
    x = 0.0
    for name, role in zip(sides, ("rest", "total"), strict=True):
        text = shortened(name, SMALL_SIZE, sheet.width / 2 - 30)
        sheet.boxes.append(Box(x, x + 10, 4, 14, role))
        sheet.labels.append(Label(x + 15, 9.5, text, "muted", SMALL_SIZE, "left"))
        x += 15 + text_width(text, SMALL_SIZE) + 18
    sheet.height = LEGEND


def _row(sheet: Sheet, frame: _Frame, row: Level) -> None:
    top = sheet.height + PAD
    beneath = _beneath(row)
    name_room = frame.width if frame.is_stacked else frame.bars - GAP
    bars_height = 2 * BAR + BETWEEN
    lift = 0.0 if frame.is_stacked else max(0.0, (bars_height - (1 + len(beneath)) * LINE) / 2)
    names_top = top + lift + 7
    sheet.labels.append(
        Label(
            0,
            names_top,
            shortened(row.label, LABEL_SIZE * BOLD_FACTOR, name_room),
            "ink",
            LABEL_SIZE,
            "left",
            is_bold=True,
        )
    )
    for index, line in enumerate(beneath, start=1):
        text = shortened(line, SMALL_SIZE, name_room)
        sheet.labels.append(Label(0, names_top + index * LINE + 1, text, "muted", SMALL_SIZE, "left"))
    names_end = top + (1 + len(beneath)) * LINE
    bars_top = names_end + 4 if frame.is_stacked else top + max(0.0, (names_end - top - bars_height) / 2)
    _bars(sheet, frame, row, bars_top)
    _changes(sheet, frame, row, bars_top + BAR + BETWEEN / 2)
    bottom = max(names_end, bars_top + bars_height) + PAD
    sheet.places.append(Place(0, frame.width, top - PAD, bottom, (row.key,), row.description))
    sheet.height = bottom


def _bars(sheet: Sheet, frame: _Frame, row: Level, top: float) -> None:
    known = [value for value in (row.base, row.current) if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    reach = (high - low) or 1.0

    def x(value: float) -> float:
        return frame.bars + (frame.bars_end - frame.bars) * (value - low) / reach

    sides = ((row.base, row.from_text, "rest"), (row.current, row.to_text, "total"))
    for index, (value, text, role) in enumerate(sides):
        y = top + index * (BAR + BETWEEN)
        end = x(0.0)
        if value is not None:
            left, right = sorted((x(0.0), x(value)))
            end = max(right, left + THINNEST)
            sheet.boxes.append(Box(left, end, y, y + BAR, role, (row.key,)))
        ink = "muted" if value is None or index == 0 else "ink"
        sheet.labels.append(
            Label(end + 6, y + BAR / 2, shortened(text, LABEL_SIZE, frame.figures), ink, LABEL_SIZE, "left")
        )
    zero = x(0.0)
    sheet.strokes.append(Stroke(zero, zero, top - 3, top + 2 * BAR + BETWEEN + 3, "dots"))


def _changes(sheet: Sheet, frame: _Frame, row: Level, middle: float) -> None:
    first = middle - (7 if row.points else 0)
    role = tone_role(row.tone)
    sheet.labels.append(Label(frame.width, first, _change(row), role, LABEL_SIZE, "right", is_bold=True))
    if row.points:
        sheet.labels.append(Label(frame.width, first + 15, row.points, "muted", SMALL_SIZE, "right"))


def _change(row: Level) -> str:
    return turned(row.change_text, row.rise if row.change is not None else None)


def _beneath(row: Level) -> list[str]:
    """Numerator and denominator."""
    return [f"{part.label} {arrow(part.from_text, part.to_text)}" for part in row.parts]
