"""Moves of a volume: a row a segment, with an arrow from its amount in base to its amount in current."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from core.report.bars import arrow, kind_label
from core.report.labelling import ticks
from core.report.layout_moves import DOT, THICK, THIN, draw_arrow, move_said, tick_text
from core.report.numbers import Numbers
from core.report.picture import Mark, Picture, Place, Sheet, Stroke, tone_role
from core.report.printed import tone
from core.report.printed_detail import PrintedSegment
from core.report.printed_moves import Moves
from core.report.shapes import Label
from core.report.theme import LABEL_SIZE, SMALL_SIZE
from core.report.widths import BOLD_FACTOR, shortened, text_width

ROW, NARROW_ROW, BOTTOM, GAP, PAD = 38.0, 54.0, 44.0, 14.0, 12.0
NAMES_SHARE, MOST_TICKS = 0.3, 5


@dataclass(frozen=True)
class _Frame:
    moves: Moves
    width: float
    left: float
    right: float
    low: float
    high: float
    is_narrow: bool

    def x(self, amount: float) -> float:
        reach = self.high - self.low
        share = (amount - self.low) / reach if reach else 0.5
        return self.left + PAD + (self.right - self.left - 2 * PAD) * share


def move_rows_picture(moves: Moves, width: float, *, is_narrow: bool = False) -> Picture:
    """The moves of a volume within `width`."""
    frame = _frame(moves, width, is_narrow=is_narrow)
    sheet = Sheet(width, 4.0)
    for segment in moves.drawn:
        _row(sheet, frame, segment)
    _axis(sheet, frame)
    return sheet.finished("segment")


def _frame(moves: Moves, width: float, *, is_narrow: bool) -> _Frame:
    numbers, drawn = moves.detail.whole.numbers, moves.drawn
    names = max((text_width(s.name, LABEL_SIZE) for s in drawn), default=0.0)
    under = max((text_width(_beneath(s, moves), SMALL_SIZE) for s in drawn), default=0.0)
    figures = max((text_width(numbers.change(s.total), LABEL_SIZE, bold=True) for s in drawn), default=0.0)
    left = 0.0 if is_narrow else min(max(names, under), width * NAMES_SHARE) + GAP
    amounts = [value for s in drawn for value in (s.base, s.current) if value is not None] or [0.0]
    return _Frame(moves, width, left, width - figures - GAP, min(amounts), max(amounts), is_narrow)


def _beneath(segment: PrintedSegment, moves: Moves) -> str:
    kind = kind_label(segment, moves.detail)
    if segment.kind in {"new", "lost"}:
        return f"{segment.to_text if segment.kind == 'new' else segment.from_text} ({kind})"
    return arrow(segment.from_text, segment.to_text) + (f" ({kind})" if kind else "")


def _row(sheet: Sheet, frame: _Frame, segment: PrintedSegment) -> None:
    moves, key = frame.moves, (segment.name,)
    height = NARROW_ROW if frame.is_narrow else ROW
    top, middle = sheet.height, sheet.height + height - ROW / 2
    colour = tone(segment.total, moves.detail.step.polarity)
    _names(sheet, frame, segment, top)
    sheet.strokes.append(Stroke(frame.left, frame.right, middle, middle, "line", 1))
    _arrow(sheet, frame, segment, middle, colour)
    change = moves.detail.whole.numbers.change(segment.total)
    sheet.labels.append(Label(frame.width, middle, change, tone_role(colour), LABEL_SIZE, "right", is_bold=True))
    sheet.height += height
    sheet.places.append(Place(0, frame.width, top, sheet.height, key, move_said(segment, moves.detail)))


def _names(sheet: Sheet, frame: _Frame, segment: PrintedSegment, top: float) -> None:
    under = _beneath(segment, frame.moves)
    if frame.is_narrow:
        room = frame.width - text_width(under, SMALL_SIZE) - GAP
        sheet.labels.append(Label(0, top + 10, shortened(segment.name, LABEL_SIZE, room), "ink", LABEL_SIZE, "left"))
        sheet.labels.append(Label(frame.width, top + 10, under, "muted", SMALL_SIZE, "right"))
        return
    room = frame.left - GAP
    sheet.labels.append(Label(0, top + 11, shortened(segment.name, LABEL_SIZE, room), "ink", LABEL_SIZE, "left"))
    sheet.labels.append(Label(0, top + 27, shortened(under, SMALL_SIZE, room), "muted", SMALL_SIZE, "left"))


def _arrow(sheet: Sheet, frame: _Frame, segment: PrintedSegment, y: float, colour: str) -> None:
    largest = frame.moves.largest
    width = THIN + (THICK - THIN) * sqrt(abs(segment.effect) / largest) if largest else THIN
    ends = [value for value in (segment.base, segment.current) if value is not None]
    if not ends:
        return
    if segment.kind in {"new", "lost"} or len(ends) < 2:
        place = segment.base if segment.kind == "lost" else segment.current
        x = frame.x(ends[-1] if place is None else place)
        is_hollow = segment.kind == "lost"
        sheet.marks.append(Mark(x, y, "circle", colour, DOT + 1.5 * width, (segment.name,), is_hollow=is_hollow))
        return
    draw_arrow(sheet, ((frame.x(ends[0]), y), (frame.x(ends[1]), y)), colour, width, (segment.name,))


def _axis(sheet: Sheet, frame: _Frame) -> None:
    detail, y = frame.moves.detail, sheet.height + 4
    found = ticks(frame.low, frame.high, 3 if frame.is_narrow else MOST_TICKS)
    steps = [found[1] - found[0]] if len(found) > 1 else list(found)
    numbers = Numbers.fitting(detail.whole.locale, detail.step.unit, found, steps)
    sheet.strokes.append(Stroke(frame.left, frame.right, y, y, "line"))
    for tick in found:
        x = frame.x(tick)
        sheet.strokes.append(Stroke(x, x, y, y + 3, "line"))
        sheet.labels.append(Label(x, y + 13, tick_text(numbers, tick), "muted", SMALL_SIZE))
    title = shortened(detail.step.heading, SMALL_SIZE * BOLD_FACTOR, frame.right)
    sheet.labels.append(Label(frame.right, y + 32, title, "muted", SMALL_SIZE, "right", is_bold=True))
    sheet.height = y + BOTTOM
