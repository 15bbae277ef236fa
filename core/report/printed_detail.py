"""A step of a printed Bridge by one dimension: its segments' figures, which add up to the step's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.report.dates import one_side
from core.report.numbers import largest_remainder, pair, percent, points
from core.report.printed import PrintedBridge, PrintedStep, relative

SHARE_PLACES = 1


@dataclass(frozen=True)
class PrintedSegment:
    """One segment of a step; units of performance and mix add up to its total. others: how many it stands for, or 0."""

    name: str
    kind: str
    base: float | None
    current: float | None
    from_text: str
    to_text: str
    base_share: float | None
    current_share: float | None
    share_from: str
    share_to: str
    performance: int
    mix: int
    performance_effect: float
    mix_effect: float
    others: int = 0

    @property
    def effect(self) -> float:
        """Its whole contribution in KPI units."""
        return self.performance_effect + self.mix_effect

    @property
    def total(self) -> int:
        """Its whole contribution."""
        return self.performance + self.mix

    @property
    def share_change(self) -> float | None:
        """Change of its weight, as a share."""
        if self.base_share is None or self.current_share is None:
            return None
        return self.current_share - self.base_share

    @property
    def printed_share_change(self) -> float | None:
        """The same between the printed shares, so that readers who subtract them find it."""
        if self.base_share is None or self.current_share is None:
            return None
        return (round(self.current_share * 100, SHARE_PLACES) - round(self.base_share * 100, SHARE_PLACES)) / 100

    @property
    def direction(self) -> int:
        """1 if its own value rose, -1 if it fell, else 0."""
        if self.base is None or self.current is None:
            return 0
        return (self.current > self.base) - (self.current < self.base)


@dataclass(frozen=True)
class PrintedDetail:
    """A step by the values of one dimension, in the order of the Bridge."""

    whole: PrintedBridge
    step: PrintedStep
    dimension: str
    segments: tuple[PrintedSegment, ...]

    @property
    def dimension_label(self) -> str:
        """What the dimension is called inside a sentence."""
        return self.whole.label(self.dimension)

    @property
    def weight_label(self) -> str:
        """What segments are weighed by, inside a sentence."""
        return self.whole.label(self.step.weight)

    @property
    def has_mix(self) -> bool:
        """Whether the step is a ratio, so that its effect splits into performance and mix."""
        return bool(self.step.weight)

    @property
    def performance(self) -> int:
        """Printed performance of all segments."""
        return sum(segment.performance for segment in self.segments)

    @property
    def mix(self) -> int:
        """Printed mix of all segments."""
        return sum(segment.mix for segment in self.segments)

    @property
    def leading(self) -> PrintedSegment | None:
        """The named segment with the largest effect."""
        named = [segment for segment in self.segments if not segment.others]
        return max(named, key=lambda segment: abs(segment.effect), default=None)

    def only_side(self, segment: PrintedSegment) -> str:
        """What the one side is called on which a segment stands; nothing where time says that it is new or gone."""
        comparison = self.whole.bridge.comparison
        if comparison is None or comparison.is_dates or segment.kind not in {"new", "lost"}:
            return ""
        return one_side(comparison, self.whole.locale, is_current=segment.kind == "new")

    def opposes(self) -> bool:
        """Whether the step moved one way although every segment moved the other: only the mix changed it."""
        directions = {segment.direction for segment in self.segments if not segment.others}
        return self.has_mix and self.step.direction != 0 and directions == {-self.step.direction}


def print_detail(whole: PrintedBridge, step: str, dimension: str, *, is_folded: bool = True) -> PrintedDetail:
    """The step by the dimension; `is_folded` sums small segments into one, where there are more than bars for them."""
    bridge, printed = whole.bridge, whole.step(step)
    full, frame = bridge.detail(step, dimension), bridge.fold(step, dimension)
    if not is_folded or full.height <= bridge.max_segments or frame.height == full.height:
        frame = full
    rows = list(frame.iter_rows(named=True))
    cells = [whole.numbers.units(float(row[name])) for row in rows for name in ("performance", "mix")]
    units = largest_remainder(cells, printed.units)
    segments = tuple(
        print_segment(printed, row, units[2 * index], units[2 * index + 1], full.height - len(rows) + 1, whole.locale)
        for index, row in enumerate(rows)
    )
    return PrintedDetail(whole, printed, dimension, segments)


def print_segment(
    step: PrintedStep, row: dict[str, Any], performance: int, mix: int, folded: int, locale: str
) -> PrintedSegment:
    """A row of `Bridge.detail` or its fold; performance, mix: smallest printed steps; folded: what others stand for."""
    base, current = row["base_rate"], row["current_rate"]
    base_share, current_share = row["base_share"], row["current_share"]
    from_text, to_text = pair(base, current, step.unit, locale, decimals=step.decimals)
    share_from, share_to = (
        percent(None if share is None else share * 100, locale, decimals=SHARE_PLACES, sign=False)
        for share in (base_share, current_share)
    )
    return PrintedSegment(
        name=row["segment"],
        kind=row["kind"],
        base=base,
        current=current,
        from_text=from_text,
        to_text=to_text,
        base_share=base_share,
        current_share=current_share,
        share_from=share_from,
        share_to=share_to,
        performance=performance,
        mix=mix,
        performance_effect=row["performance"],
        mix_effect=row["mix"],
        others=folded if row["kind"] == "others" else 0,
    )


def segment_beneath(segment: PrintedSegment, part: str, locale: str) -> str:
    """The smaller figure at a segment's bar: how its own value moved, or its share."""
    if segment.others:
        return ""
    if part == "mix":
        return points(segment.printed_share_change, locale)
    change = relative(segment.base, segment.current)
    return "" if change is None else percent(change, locale)
