"""Moves over share and own value: an arrow a segment of a ratio, from where it stood in base to where it stands now.

A new segment is a point, one that is gone a ring. Dotted lines are the step's own values on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import atan2, degrees, hypot, sqrt

from core.report.bars import arrow, kind_label
from core.report.labelling import Area, Labelling, nearest, ticks
from core.report.numbers import Numbers, percent
from core.report.picture import Mark, Picture, Place, Sheet, Stroke
from core.report.printed import tone
from core.report.printed_detail import PrintedDetail, PrintedSegment
from core.report.printed_moves import Moves
from core.report.shapes import Label
from core.report.theme import SMALL_SIZE
from core.report.widths import BOLD_FACTOR, shortened, text_width

PLOT, NARROW_PLOT, TOP, BOTTOM, EDGE = 330.0, 300.0, 26.0, 44.0, 8.0
THIN, THICK, HEAD, DOT = 1.8, 6.0, 9.0, 6.0
SHARE_PAD, VALUE_PAD, LEAST_REACH = 0.08, 0.10, 0.1
MOST_TICKS, MOST_LETTERS_ROOM, TOGETHER = 5, 150.0, 14.0
Span = tuple[float, float]


@dataclass(frozen=True)
class _Frame:
    """Scales: shares run to the right, own values upwards."""

    moves: Moves
    width: float
    plot: float
    is_narrow: bool
    left: float = field(default=0.0)
    right: float = field(default=0.0)

    @cached_property
    def shares(self) -> Span:
        known = [s for m in self.moves.drawn for s in (m.base_share, m.current_share) if s is not None and _is_there(m)]
        return _padded(known or [0.0, 1.0], SHARE_PAD)

    @cached_property
    def values(self) -> Span:
        step = self.moves.detail.step
        known = [value for m in self.moves.drawn for value in (m.base, m.current) if value is not None]
        known += [value for value in (step.base, step.current) if value is not None]
        return _padded(known or [0.0, 1.0], VALUE_PAD)

    def x(self, share: float) -> float:
        low, high = self.shares
        return self.left + (self.right - self.left) * (share - low) / (high - low)

    def y(self, value: float) -> float:
        low, high = self.values
        return TOP + self.plot * (1 - (value - low) / (high - low))


def moves_picture(moves: Moves, width: float, *, is_narrow: bool = False) -> Picture:
    """The moves of a ratio within `width`."""
    frame = _frame(moves, width, is_narrow=is_narrow)
    sheet = Sheet(width, TOP + frame.plot + BOTTOM)
    _axes(sheet, frame)
    _whole(sheet, frame)
    labelling = Labelling((frame.left + 2, 18.0, width, TOP + frame.plot - 2))
    for stroke in sheet.strokes:
        if stroke.is_dotted:
            labelling.lines.append((stroke.x, stroke.y, stroke.x2, stroke.y2))
    labelling.areas += [(frame.right + 2, TOP - 6, width, TOP + frame.plot)]
    for segment in reversed(moves.drawn):
        _move(sheet, frame, segment, labelling)
    for segment in moves.drawn:
        _name(sheet, frame, segment, labelling)
    return sheet.finished("segment")


def _is_there(segment: PrintedSegment) -> bool:
    return segment.base is not None or segment.current is not None


def _padded(known: list[float], pad: float) -> Span:
    """The values' range with room around, not beyond 0 where none is, nor beyond 1 for shares."""
    low, high = min(known), max(known)
    room = (high - low) * pad or abs(high) * LEAST_REACH or LEAST_REACH
    start = max(0.0, low - room) if low >= 0 else low - room
    return start, high + room


def _frame(moves: Moves, width: float, *, is_narrow: bool) -> _Frame:
    plot = NARROW_PLOT if is_narrow else PLOT
    bare = _Frame(moves, width, plot, is_narrow)
    left = max(text_width(text, SMALL_SIZE) for _, text in _value_ticks(bare)) + EDGE
    right = max(text_width(text, SMALL_SIZE) for text, _ in _whole_texts(moves.detail)) + EDGE
    return _Frame(moves, width, plot, is_narrow, left, width - right)


def _value_ticks(frame: _Frame) -> list[tuple[float, str]]:
    found = ticks(*frame.values, MOST_TICKS)
    detail = frame.moves.detail
    steps = [found[1] - found[0]] if len(found) > 1 else list(found)
    numbers = Numbers.fitting(detail.whole.locale, detail.step.unit, found, steps)
    return [(tick, tick_text(numbers, tick)) for tick in found]


def tick_text(numbers: Numbers, tick: float) -> str:
    """A number at an axis: nothing is "0", not "0k"."""
    return numbers.rough(tick) if tick else numbers.level(0)


def _share_ticks(frame: _Frame) -> list[tuple[float, str]]:
    found = ticks(*frame.shares, 3 if frame.is_narrow else MOST_TICKS)
    close = len(found) > 1 and found[1] - found[0] < 0.01
    locale = frame.moves.detail.whole.locale
    return [(tick, percent(tick * 100, locale, decimals=1 if close else 0, sign=False)) for tick in found]


def _axes(sheet: Sheet, frame: _Frame) -> None:
    detail, bottom = frame.moves.detail, TOP + frame.plot
    sheet.strokes += [
        Stroke(frame.left, frame.right, bottom, bottom, "line"),
        Stroke(frame.left, frame.left, TOP, bottom, "line"),
    ]
    title = shortened(detail.step.heading, SMALL_SIZE * BOLD_FACTOR, frame.width)
    sheet.labels.append(Label(0, 8, title, "muted", SMALL_SIZE, "left", is_bold=True))
    for value, text in _value_ticks(frame):
        y = frame.y(value)
        sheet.strokes.append(Stroke(frame.left - 3, frame.left, y, y, "line"))
        sheet.labels.append(Label(frame.left - EDGE + 2, y, text, "muted", SMALL_SIZE, "right"))
    for share, text in _share_ticks(frame):
        x = frame.x(share)
        sheet.strokes.append(Stroke(x, x, bottom, bottom + 3, "line"))
        sheet.labels.append(Label(x, bottom + 13, text, "muted", SMALL_SIZE))
    words = detail.whole.words.text("column_share", weight=detail.weight_label)
    under = shortened(words, SMALL_SIZE * BOLD_FACTOR, frame.right)
    sheet.labels.append(Label(frame.right, bottom + 32, under, "muted", SMALL_SIZE, "right", is_bold=True))


def _whole_texts(detail: PrintedDetail) -> list[tuple[str, float | None]]:
    """Labels of the step's own values with the value each stands at."""
    step = detail.step
    return [
        (detail.whole.words.text("moves_all", value=text), value)
        for text, value in ((step.from_text, step.base), (step.to_text, step.current))
    ]


def _whole(sheet: Sheet, frame: _Frame) -> None:
    """The step's own values as dotted lines, named at the right; names that would touch are pushed apart."""
    lines = [(text, frame.y(value)) for text, value in _whole_texts(frame.moves.detail) if value is not None]
    places = [y for _, y in lines]
    if len(places) == 2 and abs(places[0] - places[1]) < TOGETHER:
        middle, upper = sum(places) / 2, 0 if places[0] <= places[1] else 1
        places[upper], places[1 - upper] = middle - TOGETHER / 2, middle + TOGETHER / 2
    for index, ((text, y), place) in enumerate(zip(lines, places, strict=True)):
        sheet.strokes.append(
            Stroke(frame.left, frame.right, y, y, "rest" if index == 0 else "total", 1, is_dotted=True)
        )
        role = "muted" if index == 0 else "ink"
        sheet.labels.append(Label(frame.right + EDGE - 2, place, text, role, SMALL_SIZE, "left"))


def _ends(frame: _Frame, segment: PrintedSegment) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Where the segment stands in base and in current; None where it is not."""
    sides = ((segment.base_share, segment.base), (segment.current_share, segment.current))
    base, current = (None if s is None or v is None else (frame.x(s), frame.y(v)) for s, v in sides)
    return base, current


def _move(sheet: Sheet, frame: _Frame, segment: PrintedSegment, labelling: Labelling) -> None:
    detail = frame.moves.detail
    colour = tone(segment.total, detail.step.polarity)
    base, current = _ends(frame, segment)
    key, said = (segment.name,), move_said(segment, detail)
    width = _thickness(frame, segment)
    here = current or base
    if here is None:
        return
    there = base or here
    if base and current:
        draw_arrow(sheet, (base, current), colour, width, key)
    else:
        sheet.marks.append(Mark(*here, "circle", colour, DOT + 1.5 * width, key, is_hollow=current is None))
    labelling.lines.append((*there, *here))
    labelling.areas.append(_head_area(there, here, (HEAD + 1.4 * width) / 2))
    sheet.places.append(Place(there[0], here[0] + 0.01, there[1], here[1], key, said, is_line=True))


def _head_area(there: tuple[float, float], here: tuple[float, float], half: float) -> Area:
    """What an arrow's head takes; its tip stands `here`."""
    length = hypot(here[0] - there[0], here[1] - there[1]) or 1.0
    x, y = (end - (end - start) / length * half for start, end in zip(there, here, strict=True))
    return x - half, y - half, x + half, y + half


def _thickness(frame: _Frame, segment: PrintedSegment) -> float:
    largest = frame.moves.largest
    return THIN + (THICK - THIN) * sqrt(abs(segment.effect) / largest) if largest else THIN


def draw_arrow(
    sheet: Sheet, ends: tuple[tuple[float, float], tuple[float, float]], role: str, width: float, key: tuple[str, ...]
) -> None:
    """An arrow of that width; where there is no way to go, a point."""
    (x, y), (x2, y2) = ends
    length, head = hypot(x2 - x, y2 - y), HEAD + 1.4 * width
    if length < 1:
        sheet.marks.append(Mark(x2, y2, "circle", role, DOT + width, key))
        return
    across, down = (x2 - x) / length, (y2 - y) / length
    if length > head * 0.8:
        cut = head * 0.7
        sheet.strokes.append(Stroke(x, x2 - across * cut, y, y2 - down * cut, role, width, key))
    angle = degrees(atan2(across, -down))
    sheet.marks.append(Mark(x2 - across * head / 2, y2 - down * head / 2, "head", role, head, key, angle))


def _name(sheet: Sheet, frame: _Frame, segment: PrintedSegment, labelling: Labelling) -> None:
    base, current = _ends(frame, segment)
    point = current or base
    if point is None:
        return
    detail = frame.moves.detail
    name = shortened(segment.name, SMALL_SIZE, MOST_LETTERS_ROOM / (1.6 if frame.is_narrow else 1))
    text = name if frame.is_narrow else f"{name} {detail.whole.numbers.change(segment.total)}"
    placed = labelling.place(*point, text, SMALL_SIZE)
    if placed is None:
        return
    area, is_apart = placed
    if is_apart:
        x, y = nearest(area, *point)
        sheet.strokes.append(Stroke(x, point[0], y, point[1], "line"))
    sheet.labels.append(Label(area[0], (area[1] + area[3]) / 2, text, "ink", SMALL_SIZE, "left"))


def move_said(segment: PrintedSegment, detail: PrintedDetail) -> str:
    """A segment in one line: what it contributed, its share and its own value on both sides."""
    kind = kind_label(segment, detail)
    said = [detail.whole.numbers.change(segment.total), *([kind] if kind else [])]
    if detail.has_mix:
        said.append(f"{detail.whole.words.text('share')} {arrow(segment.share_from, segment.share_to)}")
    said.append(f"{detail.step.label} {arrow(segment.from_text, segment.to_text)}")
    return f"{segment.name}: " + ", ".join(said)
