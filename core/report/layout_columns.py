"""Standing bars: labels under the axis, shortened, then in two rows; None when even that would collide."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from core.report.shapes import Bar, Drawing, Group, Label, Rect, Rule, Waterfall, beneath_role, span
from core.report.theme import LABEL_SIZE, SMALL_SIZE
from core.report.widths import shortened, text_width

SLOT_SHARE = 0.62
MAX_SLOT = 190.0
PLOT_HEIGHT, FLAT_HEIGHT, FIGURE_ROOM, HEAD_ROOM = 200.0, 40.0, 38.0, 24.0
ROW_HEIGHT = 36.0
KEPT_LETTERS = 10
THINNEST = 2.0


@dataclass(frozen=True)
class _Columns:
    """Measures of one attempt; low and high are the lowest and highest level."""

    waterfall: Waterfall
    width: float
    label_rows: int
    head: float
    low: float
    high: float

    @property
    def slot(self) -> float:
        return min(self.width / max(1, len(self.waterfall.bars)), MAX_SLOT)

    @property
    def left(self) -> float:
        return (self.width - self.slot * len(self.waterfall.bars)) / 2

    @cached_property
    def top(self) -> float:
        """Where the highest level stands: low enough for the figures above bars."""
        over = [self._from_top(max(self._start(bar), bar.end)) for bar in self.waterfall.bars if self.is_above(bar)]
        return self.head + max(THINNEST * 5, FIGURE_ROOM - min(over, default=FIGURE_ROOM))

    def is_above(self, bar: Bar) -> bool:
        """Whether the bar's figures stand above it: it rises, or there is no room below."""
        room = self.plot - self._from_top(bar.end) + (0 if self._stands_on_axis else FIGURE_ROOM)
        return bar.end >= self._start(bar) or room < FIGURE_ROOM - 4

    def _start(self, bar: Bar) -> float:
        return self.waterfall.floor if bar.is_total else bar.start

    def _from_top(self, level: float) -> float:
        reach = self.high - self.low
        return self.plot * (1 - ((level - self.low) / reach if reach else 0.0))

    @property
    def plot(self) -> float:
        """Height of the bars."""
        return PLOT_HEIGHT if self.high > self.low else FLAT_HEIGHT

    @property
    def bottom(self) -> float:
        return self.top + self.plot + (0 if self._stands_on_axis else FIGURE_ROOM)

    @property
    def _stands_on_axis(self) -> bool:
        return self.low == self.waterfall.floor and any(bar.is_total for bar in self.waterfall.bars)

    def centre(self, index: int) -> float:
        return self.left + self.slot * (index + 0.5)

    def y(self, level: float) -> float:
        return self.top + self._from_top(level)

    @property
    def label_room(self) -> float:
        return self.slot * self.label_rows - 12


def columns(waterfall: Waterfall, width: float) -> Drawing | None:
    """Standing bars within `width`, or None when labels would collide or lose too much of their text."""
    low, high = span(waterfall)
    head = HEAD_ROOM if waterfall.groups or waterfall.floor_note else 4.0
    for label_rows in (1, 2):
        plan = _Columns(waterfall, width, label_rows, head, low, high)
        if _fits(plan):
            return _draw(plan)
    return None


def _fits(plan: _Columns) -> bool:
    bars = plan.waterfall.bars
    names = [shortened(bar.label, LABEL_SIZE, plan.label_room) for bar in bars]
    readable = all(
        name == bar.label or (len(name) > KEPT_LETTERS and len(name) >= len(bar.label) / 2)
        for name, bar in zip(names, bars, strict=True)
    )
    apart = all(text_width(bar.printed, LABEL_SIZE, bold=True) <= plan.slot - 4 for bar in bars)
    under = all(text_width(bar.from_to, SMALL_SIZE) <= plan.label_room + 8 for bar in bars)
    small = all(text_width(bar.beneath[-1], SMALL_SIZE) <= plan.slot for bar in bars if bar.beneath)
    heads = all(_head_fits(plan, group) for group in plan.waterfall.groups)
    return readable and apart and under and small and heads


def _head_fits(plan: _Columns, group: Group) -> bool:
    return text_width(group.label, SMALL_SIZE) <= plan.slot * (group.last - group.first + 1) * 1.1


def _draw(plan: _Columns) -> Drawing:
    rects, rules, labels = [], _axis(plan), _heads(plan)[1]
    rules += _heads(plan)[0]
    for index, bar in enumerate(plan.waterfall.bars):
        rect = _rect(plan, index, bar)
        rects.append(rect)
        labels += _figures(plan, rect) + _names(plan, index, bar)
        if index + 1 < len(plan.waterfall.bars):
            rules.append(_connector(plan, index, bar))
    height = plan.bottom + ROW_HEIGHT * plan.label_rows + 6
    return Drawing(plan.width, height, tuple(rects), tuple(rules), tuple(labels))


def _rect(plan: _Columns, index: int, bar: Bar) -> Rect:
    half = plan.slot * SLOT_SHARE / 2
    start = plan.waterfall.floor if bar.is_total else bar.start
    upper, lower = sorted((plan.y(start), plan.y(bar.end)))
    if lower - upper < THINNEST:
        upper, lower = upper - THINNEST / 2, upper + THINNEST / 2
    return Rect(plan.centre(index) - half, plan.centre(index) + half, upper, lower, bar)


def _figures(plan: _Columns, rect: Rect) -> list[Label]:
    bar, middle = rect.bar, (rect.x + rect.x2) / 2
    small = next((text for text in bar.beneath if text_width(text, SMALL_SIZE) <= plan.slot - 4), "")
    small = small or (bar.beneath[-1] if bar.beneath else "")
    first = rect.y - (24 if small else 10) if plan.is_above(bar) else rect.y2 + 12
    figures = [Label(middle, first, bar.printed, "ink", LABEL_SIZE, is_bold=True)]
    return figures + ([Label(middle, first + 15, small, beneath_role(bar), SMALL_SIZE)] if small else [])


def _names(plan: _Columns, index: int, bar: Bar) -> list[Label]:
    top = plan.bottom + 15 + ROW_HEIGHT * (index % plan.label_rows)
    name = shortened(bar.label, LABEL_SIZE, plan.label_room)
    half = max(text_width(name, LABEL_SIZE), text_width(bar.from_to, SMALL_SIZE)) / 2
    middle = min(max(plan.centre(index), half), plan.width - half)
    names = [Label(middle, top, name, "ink", LABEL_SIZE)]
    return names + ([Label(middle, top + 15, bar.from_to, "muted", SMALL_SIZE)] if bar.from_to else [])


def _connector(plan: _Columns, index: int, bar: Bar) -> Rule:
    gap = plan.slot * (1 - SLOT_SHARE) / 2
    edge, y = plan.left + plan.slot * (index + 1), plan.y(bar.end)
    return Rule(edge - gap, edge + gap, y, y, is_dotted=True)


def _axis(plan: _Columns) -> list[Rule]:
    has_totals = any(bar.is_total for bar in plan.waterfall.bars)
    y = plan.y(plan.waterfall.floor) if has_totals else plan.bottom
    return [Rule(plan.left, plan.width - plan.left, y, y)]


def _heads(plan: _Columns) -> tuple[list[Rule], list[Label]]:
    rules, labels = [], []
    if plan.waterfall.floor_note:
        labels.append(Label(plan.width - plan.left, 8, plan.waterfall.floor_note, "muted", SMALL_SIZE, "right"))
    for group in plan.waterfall.groups:
        first, last = plan.left + plan.slot * group.first + 6, plan.left + plan.slot * (group.last + 1) - 6
        rules.append(Rule(first, last, 18, 18))
        labels.append(Label((first + last) / 2, 8, group.label, "muted", SMALL_SIZE))
    return rules, labels
