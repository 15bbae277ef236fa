"""Standing bars: labels under the axis, shortened, then in two rows; None when even that would collide."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from core.report.layout_parts import stacked, with_legend
from core.report.shapes import Bar, Drawing, Group, Label, Rect, Rule, Waterfall, beneath_role, span
from core.report.theme import LABEL_SIZE, SMALL_SIZE
from core.report.widths import shortened, text_width

SLOT_SHARE = 0.62
BEHIND_SHARE, BACK_SHARE = 0.44, 0.72
"""Of a bar with a light one behind it, and of the light one."""
LANE, LANE_SHARE = 0.23, 0.36
"""How far paired bars stand from the middle of their slot, and how wide each is."""
MAX_SLOT = 190.0
PLOT_HEIGHT, LOW_PLOT_HEIGHT, FLAT_HEIGHT, FIGURE_ROOM, HEAD_ROOM = 200.0, 150.0, 40.0, 38.0, 24.0
ROW_HEIGHT = 36.0
KEPT_LETTERS = 10
THINNEST = 2.0


@dataclass(frozen=True)
class _Columns:
    """Measures of one attempt; low and high are the lowest and highest level, plot the height of the bars."""

    waterfall: Waterfall
    width: float
    label_rows: int
    low: float
    high: float
    plot: float

    @property
    def head(self) -> float:
        return HEAD_ROOM if self.waterfall.groups or self.waterfall.floor_note else 4.0

    @property
    def slot(self) -> float:
        return min(self.width / max(1, len(self.waterfall.bars)), MAX_SLOT)

    @property
    def left(self) -> float:
        return (self.width - self.slot * len(self.waterfall.bars)) / 2

    @cached_property
    def top(self) -> float:
        """Where the highest level stands: low enough for the figures above bars."""
        over = [
            min(self._from_top(level) for bar in stack for level in (self._start(bar), bar.end))
            for index in range(len(self.waterfall.bars))
            for stack in self.stacks(index)
            if self.is_above(stack)
        ]
        return self.head + max(THINNEST * 5, FIGURE_ROOM - min(over, default=FIGURE_ROOM))

    def stacks(self, index: int) -> list[tuple[Bar, ...]]:
        """Bars that share their figures: a bar and what stands behind it; paired bars have their own."""
        bar, peer = self.waterfall.bars[index], self.waterfall.peer(index)
        if peer is None:
            return [(bar,)]
        return [(bar,), (peer,)] if self.waterfall.is_paired else [(bar, peer)]

    def is_above(self, stack: tuple[Bar, ...]) -> bool:
        """Whether the figures of the first bar stand above it: it rises, or there is no room below."""
        lowest = max(self._from_top(level) for bar in stack for level in (self._start(bar), bar.end))
        room = self.plot - lowest + (0 if self._stands_on_axis else FIGURE_ROOM)
        return stack[0].end >= self._start(stack[0]) or room < FIGURE_ROOM - 4

    def _start(self, bar: Bar) -> float:
        return self.waterfall.floor if bar.is_total else bar.start

    def _from_top(self, level: float) -> float:
        reach = self.high - self.low
        return self.plot * (1 - ((level - self.low) / reach if reach else 0.0))

    @property
    def bottom(self) -> float:
        return self.top + self.plot + (0 if self._stands_on_axis else FIGURE_ROOM)

    @property
    def _stands_on_axis(self) -> bool:
        return self.low == self.waterfall.floor and any(bar.is_total for bar in self.waterfall.bars)

    def centre(self, index: int) -> float:
        return self.left + self.slot * (index + 0.5)

    def lane(self, *, is_peer: bool) -> float:
        """How far a bar stands from the middle of its slot."""
        if not self.waterfall.is_paired:
            return 0.0
        return self.slot * (-LANE if is_peer == (self.waterfall.peers_stand == "left") else LANE)

    def half(self, *, is_peer: bool) -> float:
        """Half a bar's width."""
        if not self.waterfall.peers:
            return self.slot * SLOT_SHARE / 2
        if self.waterfall.is_paired:
            return self.slot * LANE_SHARE / 2
        return self.slot * (BACK_SHARE if is_peer else BEHIND_SHARE) / 2

    def y(self, level: float) -> float:
        return self.top + self._from_top(level)

    @property
    def label_room(self) -> float:
        return self.slot * self.label_rows - 12

    @property
    def figure_room(self) -> float:
        """Width for the figure at a bar."""
        return self.slot * 2 * LANE - 2 if self.waterfall.is_paired else self.slot - 4


def columns(waterfall: Waterfall, width: float) -> Drawing | None:
    """Standing bars within `width`, or None when labels would collide or lose too much of their text."""
    low, high = span(waterfall)
    tall = PLOT_HEIGHT if waterfall.below is None else LOW_PLOT_HEIGHT
    plot = tall if high > low else FLAT_HEIGHT
    for label_rows in (1, 2):
        plans = [_Columns(part, width, label_rows, low, high, plot) for part in waterfall.parts]
        if all(map(_fits, plans)):
            return with_legend(stacked([_draw(plan) for plan in plans]), waterfall.legend)
    return None


def _fits(plan: _Columns) -> bool:
    bars = plan.waterfall.bars
    names = [shortened(bar.label, LABEL_SIZE, plan.label_room) for bar in bars]
    readable = all(
        name == bar.label or (len(name) > KEPT_LETTERS and len(name) >= len(bar.label) / 2)
        for name, bar in zip(names, bars, strict=True)
    )
    figures = plan.waterfall.all_bars if plan.waterfall.is_paired else bars
    apart = all(text_width(bar.printed, LABEL_SIZE, bold=True) <= plan.figure_room for bar in figures)
    under = all(text_width(bar.from_to, SMALL_SIZE) <= plan.label_room + 8 for bar in bars)
    small = all(text_width(bar.beneath[-1], SMALL_SIZE) <= plan.slot for bar in bars if bar.beneath)
    heads = all(_head_fits(plan, group) for group in plan.waterfall.groups)
    return readable and apart and under and small and heads


def _head_fits(plan: _Columns, group: Group) -> bool:
    return text_width(group.label, SMALL_SIZE) <= plan.slot * (group.last - group.first + 1) * 1.1


def _draw(plan: _Columns) -> Drawing:
    rects: list[Rect] = []
    rules, labels = _axis(plan), _heads(plan)[1]
    rules += _heads(plan)[0]
    for index, bar in enumerate(plan.waterfall.bars):
        peer = plan.waterfall.peer(index)
        here = [_rect(plan, index, bar)]
        here += [_rect(plan, index, peer, is_peer=True)] if peer is not None else []
        rects += reversed(here)
        labels += _figures(plan, here) + _names(plan, index, bar)
        if index + 1 < len(plan.waterfall.bars):
            rules.append(_connector(plan, index, bar))
    height = plan.bottom + ROW_HEIGHT * plan.label_rows + 6
    return Drawing(plan.width, height, tuple(rects), tuple(rules), tuple(labels))


def _rect(plan: _Columns, index: int, bar: Bar, *, is_peer: bool = False) -> Rect:
    half, middle = plan.half(is_peer=is_peer), plan.centre(index) + plan.lane(is_peer=is_peer)
    start = plan.waterfall.floor if bar.is_total else bar.start
    upper, lower = sorted((plan.y(start), plan.y(bar.end)))
    if lower - upper < THINNEST:
        upper, lower = upper - THINNEST / 2, upper + THINNEST / 2
    return Rect(middle - half, middle + half, upper, lower, bar)


def _figures(plan: _Columns, rects: list[Rect]) -> list[Label]:
    if plan.waterfall.is_paired:
        return [label for rect in rects for label in _figures_of(plan, [rect])]
    return _figures_of(plan, rects)


def _figures_of(plan: _Columns, rects: list[Rect]) -> list[Label]:
    """The first bar's figures, clear of all of them."""
    bar, middle = rects[0].bar, (rects[0].x + rects[0].x2) / 2
    small = next((text for text in bar.beneath if text_width(text, SMALL_SIZE) <= plan.slot - 4), "")
    small = small or (bar.beneath[-1] if bar.beneath else "")
    is_above = plan.is_above(tuple(rect.bar for rect in rects))
    over, under = min(rect.y for rect in rects), max(rect.y2 for rect in rects)
    first = over - (24 if small else 10) if is_above else under + 12
    role = "muted" if bar.is_light else "ink"
    figures = [Label(middle, first, bar.printed, role, LABEL_SIZE, is_bold=not bar.is_light)]
    role = "muted" if len(rects) > 1 else beneath_role(bar)
    return figures + ([Label(middle, first + 15, small, role, SMALL_SIZE)] if small else [])


def _names(plan: _Columns, index: int, bar: Bar) -> list[Label]:
    top = plan.bottom + 15 + ROW_HEIGHT * (index % plan.label_rows)
    name = shortened(bar.label, LABEL_SIZE, plan.label_room)
    half = max(text_width(name, LABEL_SIZE), text_width(bar.from_to, SMALL_SIZE)) / 2
    middle = min(max(plan.centre(index), half), plan.width - half)
    names = [Label(middle, top, name, "ink", LABEL_SIZE)]
    return names + ([Label(middle, top + 15, bar.from_to, "muted", SMALL_SIZE)] if bar.from_to else [])


def _connector(plan: _Columns, index: int, bar: Bar) -> Rule:
    """From slot to slot: paired bars of a step begin at one level."""
    reach = LANE * plan.slot * plan.waterfall.is_paired + plan.half(is_peer=False)
    y = plan.y(bar.end)
    return Rule(plan.centre(index) + reach, plan.centre(index + 1) - reach, y, y, is_dotted=True)


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
