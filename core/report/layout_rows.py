"""Lying bars, one row each: for many bars, long names and narrow screens.

Names stand beside their bars; where they would have to be cut, each stands in a line of its own above its bar.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.report.layout_parts import stacked, with_legend
from core.report.shapes import Bar, Drawing, Label, Rect, Rule, Waterfall, beneath_role, span
from core.report.theme import LABEL_SIZE, SMALL_SIZE
from core.report.widths import shortened, text_width

ROW, PAIR_ROW, NAME_LINE, HEAD = 38.0, 52.0, 16.0, 30.0
BAR_HEIGHT, FRONT_HEIGHT, BACK_HEIGHT, LANE_HEIGHT, LANE = 20.0, 14.0, 26.0, 18.0, 11.0
"""Of a bar alone, before a light one, the light one, paired ones; LANE is how far these stand from the middle."""
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
    def block(self) -> float:
        """Height of one row without a name above it."""
        return PAIR_ROW if self.waterfall.is_paired else ROW

    @property
    def height(self) -> float:
        """Of one row."""
        return self.block + (NAME_LINE if self.is_stacked else 0.0)

    def half(self, *, is_peer: bool) -> float:
        """Half a bar's height."""
        if not self.waterfall.peers:
            return BAR_HEIGHT / 2
        if self.waterfall.is_paired:
            return LANE_HEIGHT / 2
        return (BACK_HEIGHT if is_peer else FRONT_HEIGHT) / 2

    def lane(self, *, is_peer: bool) -> float:
        """How far a bar stands from the middle of its row."""
        if not self.waterfall.is_paired:
            return 0.0
        return -LANE if is_peer == (self.waterfall.peers_stand == "left") else LANE

    @property
    def reach(self) -> float:
        """How far bars reach from the middle of a row, light ones behind not counted."""
        return self.half(is_peer=False) + LANE * self.waterfall.is_paired

    def x(self, level: float) -> float:
        reach = self.high - self.low
        share = (level - self.low) / reach if reach else 0.0
        first, last = self.labels + GAP, self.width - self.figures - GAP
        return first + (last - first) * share

    def row(self, index: int) -> float:
        heads = sum(group.first <= index for group in self.waterfall.groups)
        return self.top + HEAD * heads + self.height * (index + 1) - self.block / 2

    @property
    def top(self) -> float:
        return 20.0 if self.waterfall.floor_note else 2.0


def rows(waterfall: Waterfall, width: float) -> Drawing:
    """Lying bars within `width`; the height follows from their number."""
    bars = [bar for part in waterfall.parts for bar in part.all_bars]
    names = max((text_width(bar.label, LABEL_SIZE) for bar in bars), default=0.0)
    under = max((text_width(bar.from_to, SMALL_SIZE) for bar in bars), default=0.0)
    figures = max((text_width(bar.printed, LABEL_SIZE, bold=True) for bar in bars), default=0.0)
    small = max((text_width(bar.beneath[-1], SMALL_SIZE) for bar in bars if bar.beneath), default=0.0)
    low, high = span(waterfall)
    room, is_stacked = width * LABEL_SHARE, names > width * LABEL_SHARE
    labels = min(under if is_stacked else max(names, under), room)
    plans = [_Rows(part, width, labels, max(figures, small), low, high, is_stacked) for part in waterfall.parts]
    return with_legend(stacked([_draw(plan) for plan in plans]), waterfall.legend)


def _draw(plan: _Rows) -> Drawing:
    bars = plan.waterfall.bars
    rects: list[Rect] = []
    labels: list[Label] = []
    for index, bar in enumerate(bars):
        peer = plan.waterfall.peer(index)
        here = [_rect(plan, index, bar)]
        here += [_rect(plan, index, peer, is_peer=True)] if peer is not None else []
        rects += reversed(here)
        labels += _names(plan, index, bar) + _figures(plan, here)
    rules = [rule for index, bar in enumerate(bars[:-1]) for rule in _connectors(plan, index, bar)] + _axis(plan)
    heads = _heads(plan)
    height = plan.row(len(bars) - 1) + plan.block / 2 + 4 if bars else ROW
    return Drawing(plan.width, height, tuple(rects), tuple(rules + heads[0]), tuple(labels + heads[1]))


def _rect(plan: _Rows, index: int, bar: Bar, *, is_peer: bool = False) -> Rect:
    start = plan.waterfall.floor if bar.is_total else bar.start
    left, right = sorted((plan.x(start), plan.x(bar.end)))
    if right - left < THINNEST:
        left, right = left - THINNEST / 2, left + THINNEST / 2
    half, middle = plan.half(is_peer=is_peer), plan.row(index) + plan.lane(is_peer=is_peer)
    return Rect(left, right, middle - half, middle + half, bar)


def _names(plan: _Rows, index: int, bar: Bar) -> list[Label]:
    middle = plan.row(index)
    if plan.is_stacked:
        name = shortened(bar.label, LABEL_SIZE, plan.width)
        above = middle - (plan.block - ROW) / 2 - 25
        return [Label(0, above, name, "ink", LABEL_SIZE, "left"), *_under(plan, bar, middle)]
    name = shortened(bar.label, LABEL_SIZE, plan.labels)
    offset = 7 if bar.from_to else 0
    return [Label(0, middle - offset, name, "ink", LABEL_SIZE, "left"), *_under(plan, bar, middle + 8)]


def _under(plan: _Rows, bar: Bar, y: float) -> list[Label]:
    text = shortened(bar.from_to, SMALL_SIZE, plan.labels + GAP)
    return [Label(0, y, text, "muted", SMALL_SIZE, "left")] if text else []


def _figures(plan: _Rows, rects: list[Rect]) -> list[Label]:
    if plan.waterfall.is_paired:
        return [label for rect in rects for label in _figures_of(plan, [rect])]
    return _figures_of(plan, rects)


def _figures_of(plan: _Rows, rects: list[Rect]) -> list[Label]:
    """The first bar's figures, to the right of all of them."""
    bar, middle, x = rects[0].bar, (rects[0].y + rects[0].y2) / 2, max(rect.x2 for rect in rects) + 6
    role = "muted" if bar.is_light else "ink"
    if not bar.beneath:
        return [Label(x, middle, bar.printed, role, LABEL_SIZE, "left", is_bold=not bar.is_light)]
    room = plan.width - x
    small = next((text for text in bar.beneath if text_width(text, SMALL_SIZE) <= room), bar.beneath[-1])
    return [
        Label(x, middle - 7, bar.printed, role, LABEL_SIZE, "left", is_bold=not bar.is_light),
        Label(x, middle + 8, small, "muted" if len(rects) > 1 else beneath_role(bar), SMALL_SIZE, "left"),
    ]


def _connectors(plan: _Rows, index: int, bar: Bar) -> list[Rule]:
    """From one bar to the next; between stacked names only its two ends."""
    x, first, last = plan.x(bar.end), plan.row(index) + plan.reach, plan.row(index + 1) - plan.reach
    if not plan.is_stacked:
        return [Rule(x, x, first, last, is_dotted=True)]
    return [Rule(x, x, first, first + STUB, is_dotted=True), Rule(x, x, last - STUB, last, is_dotted=True)]


def _axis(plan: _Rows) -> list[Rule]:
    if not any(bar.is_total for bar in plan.waterfall.bars):
        return []
    x, rows_drawn = plan.x(plan.waterfall.floor), range(len(plan.waterfall.bars))
    if plan.is_stacked or plan.waterfall.groups:
        reach = plan.reach + STUB if plan.is_stacked else plan.block / 2
        return [Rule(x, x, plan.row(i) - reach, plan.row(i) + reach) for i in rows_drawn]
    return [Rule(x, x, plan.row(0) - plan.block / 2, plan.row(rows_drawn[-1]) + plan.block / 2)]


def _heads(plan: _Rows) -> tuple[list[Rule], list[Label]]:
    rules, labels = [], []
    if plan.waterfall.floor_note:
        labels.append(Label(plan.width, 8, plan.waterfall.floor_note, "muted", SMALL_SIZE, "right"))
    for group in plan.waterfall.groups:
        y = plan.row(group.first) + plan.block / 2 - plan.height - 4
        rules.append(Rule(0, plan.width, y, y))
        labels.append(Label(0, y - 10, shortened(group.label, SMALL_SIZE, plan.width), "muted", SMALL_SIZE, "left"))
    return rules, labels
