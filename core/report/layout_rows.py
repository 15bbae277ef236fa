"""Lying bars, one row each: for many bars, long names and narrow screens.

Names stand beside their bars; where they would have to be cut, each stands in a line of its own above its bar.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.report.shapes import Bar, Drawing, Label, Rect, Rule, Waterfall, beneath_role, span
from core.report.theme import LABEL_SIZE, SMALL_SIZE
from core.report.widths import shortened, text_width

ROW, STACKED_ROW, BAR_HEIGHT, HEAD = 38.0, 54.0, 20.0, 30.0
LABEL_SHARE = 0.36
GAP, THINNEST, STUB = 12.0, 2.0, 6.0


@dataclass(frozen=True)
class _Rows:
    waterfall: Waterfall
    width: float
    labels: float
    figures: float
    low: float
    high: float
    is_stacked: bool

    @property
    def height(self) -> float:
        """Of one row."""
        return STACKED_ROW if self.is_stacked else ROW

    def x(self, level: float) -> float:
        reach = self.high - self.low
        share = (level - self.low) / reach if reach else 0.0
        first, last = self.labels + GAP, self.width - self.figures - GAP
        return first + (last - first) * share

    def row(self, index: int) -> float:
        heads = sum(group.first <= index for group in self.waterfall.groups)
        return self.top + HEAD * heads + self.height * (index + 1) - ROW / 2

    @property
    def top(self) -> float:
        return 20.0 if self.waterfall.floor_note else 2.0


def rows(waterfall: Waterfall, width: float) -> Drawing:
    """Lying bars within `width`; the height follows from their number."""
    bars = waterfall.bars
    names = max((text_width(bar.label, LABEL_SIZE) for bar in bars), default=0.0)
    under = max((text_width(bar.from_to, SMALL_SIZE) for bar in bars), default=0.0)
    figures = max((text_width(bar.printed, LABEL_SIZE, bold=True) for bar in bars), default=0.0)
    small = max((text_width(bar.beneath[-1], SMALL_SIZE) for bar in bars if bar.beneath), default=0.0)
    low, high = span(waterfall)
    room, is_stacked = width * LABEL_SHARE, names > width * LABEL_SHARE
    labels = min(under if is_stacked else max(names, under), room)
    return _draw(_Rows(waterfall, width, labels, max(figures, small), low, high, is_stacked))


def _draw(plan: _Rows) -> Drawing:
    bars = plan.waterfall.bars
    rects = [_rect(plan, index, bar) for index, bar in enumerate(bars)]
    labels = [
        label
        for rect, (index, bar) in zip(rects, enumerate(bars), strict=True)
        for label in _names(plan, index, bar) + _figures(plan, rect)
    ]
    rules = [rule for index, bar in enumerate(bars[:-1]) for rule in _connectors(plan, index, bar)] + _axis(plan)
    heads = _heads(plan)
    height = plan.row(len(bars) - 1) + ROW / 2 + 4 if bars else ROW
    return Drawing(plan.width, height, tuple(rects), tuple(rules + heads[0]), tuple(labels + heads[1]))


def _rect(plan: _Rows, index: int, bar: Bar) -> Rect:
    start = plan.waterfall.floor if bar.is_total else bar.start
    left, right = sorted((plan.x(start), plan.x(bar.end)))
    if right - left < THINNEST:
        left, right = left - THINNEST / 2, left + THINNEST / 2
    middle = plan.row(index)
    return Rect(left, right, middle - BAR_HEIGHT / 2, middle + BAR_HEIGHT / 2, bar)


def _names(plan: _Rows, index: int, bar: Bar) -> list[Label]:
    middle = plan.row(index)
    if plan.is_stacked:
        name = shortened(bar.label, LABEL_SIZE, plan.width)
        return [Label(0, middle - 25, name, "ink", LABEL_SIZE, "left"), *_under(plan, bar, middle)]
    name = shortened(bar.label, LABEL_SIZE, plan.labels)
    offset = 7 if bar.from_to else 0
    return [Label(0, middle - offset, name, "ink", LABEL_SIZE, "left"), *_under(plan, bar, middle + 8)]


def _under(plan: _Rows, bar: Bar, y: float) -> list[Label]:
    text = shortened(bar.from_to, SMALL_SIZE, plan.labels + GAP)
    return [Label(0, y, text, "muted", SMALL_SIZE, "left")] if text else []


def _figures(plan: _Rows, rect: Rect) -> list[Label]:
    bar, middle, x = rect.bar, (rect.y + rect.y2) / 2, rect.x2 + 6
    if not bar.beneath:
        return [Label(x, middle, bar.printed, "ink", LABEL_SIZE, "left", is_bold=True)]
    room = plan.width - x
    small = next((text for text in bar.beneath if text_width(text, SMALL_SIZE) <= room), bar.beneath[-1])
    return [
        Label(x, middle - 7, bar.printed, "ink", LABEL_SIZE, "left", is_bold=True),
        Label(x, middle + 8, small, beneath_role(bar), SMALL_SIZE, "left"),
    ]


def _connectors(plan: _Rows, index: int, bar: Bar) -> list[Rule]:
    """From one bar to the next; between stacked names only its two ends."""
    x, first, last = plan.x(bar.end), plan.row(index) + BAR_HEIGHT / 2, plan.row(index + 1) - BAR_HEIGHT / 2
    if not plan.is_stacked:
        return [Rule(x, x, first, last, is_dotted=True)]
    return [Rule(x, x, first, first + STUB, is_dotted=True), Rule(x, x, last - STUB, last, is_dotted=True)]


def _axis(plan: _Rows) -> list[Rule]:
    if not any(bar.is_total for bar in plan.waterfall.bars):
        return []
    x, rows_drawn = plan.x(plan.waterfall.floor), range(len(plan.waterfall.bars))
    if plan.is_stacked:
        return [
            Rule(x, x, plan.row(i) - BAR_HEIGHT / 2 - STUB, plan.row(i) + BAR_HEIGHT / 2 + STUB) for i in rows_drawn
        ]
    return [Rule(x, x, plan.row(0) - ROW / 2, plan.row(rows_drawn[-1]) + ROW / 2)]


def _heads(plan: _Rows) -> tuple[list[Rule], list[Label]]:
    rules, labels = [], []
    if plan.waterfall.floor_note:
        labels.append(Label(plan.width, 8, plan.waterfall.floor_note, "muted", SMALL_SIZE, "right"))
    for group in plan.waterfall.groups:
        y = plan.row(group.first) + ROW / 2 - plan.height - 4
        rules.append(Rule(0, plan.width, y, y))
        labels.append(Label(0, y - 10, shortened(group.label, SMALL_SIZE, plan.width), "muted", SMALL_SIZE, "left"))
    return rules, labels
