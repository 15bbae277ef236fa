"""From a printed Bridge to the bars of a waterfall, and the alternative text that carries the same numbers."""

from __future__ import annotations

from math import floor, log10

from core.report.dates import both_labels, side_label
from core.report.messages import text
from core.report.notes import step_notes
from core.report.numbers import MINUS, digits, language
from core.report.printed import PrintedBridge, PrintedStep, capitalised, tone
from core.report.printed import within_sentence as inside
from core.report.printed_detail import PrintedDetail, PrintedSegment, segment_beneath
from core.report.shapes import Bar, Entry, Group, Tone, Waterfall

ABOUT = "≈"
"""Marks a change within the usual variation of its days."""
ROOM_BELOW, LEAST_CUT = 0.6, 0.3
NICE_STEPS = (1.0, 2.5, 5.0, 10.0)


def bridge_bars(printed: PrintedBridge, max_bars: int = 12) -> Waterfall:
    """Base total, the steps, current total. More than `max_bars` steps: the smallest become one bar "n remaining"."""
    total = printed.bridge.total
    steps = _step_bars(printed, max_bars, total.base or 0.0) if printed.is_defined else []
    bars = (_total_bar(printed, is_base=True), *steps, _total_bar(printed, is_base=False))
    return Waterfall(bars, "step", *floor_of(printed, [bar.end for bar in bars]), legend=usual_legend(bars, printed))


def usual_legend(bars: tuple[Bar, ...], printed: PrintedBridge) -> tuple[Entry, ...]:
    """What the mark of a change within usual variation means, where a bar has it."""
    return (Entry(f"{ABOUT} {printed.usual_text}"),) if any(bar.is_usual for bar in bars) else ()


def floor_of(printed: PrintedBridge, levels: list[float]) -> tuple[float, str]:
    """Where the axis starts, and the note that says so where that is not 0."""
    start = axis_floor(levels)
    return start, text(language(printed.locale), "axis_start", value=printed.numbers.rough(start)) if start else ""


def axis_floor(levels: list[float]) -> float:
    """Where the axis starts: 0, or a round number below all levels when they lie close together far from 0."""
    low, high = min(levels), max(levels)
    if high <= 0 and low < 0:
        return -axis_floor([-level for level in levels])
    if low <= 0 or low == high:
        return 0.0
    wanted = low - ROOM_BELOW * (high - low)
    if wanted < LEAST_CUT * high:
        return 0.0
    step = _nice_step((high - low) / 2)
    return floor(wanted / step) * step


def _nice_step(size: float) -> float:
    power = 10.0 ** floor(log10(size))
    return max((nice * power for nice in NICE_STEPS if nice * power <= size), default=power)


def _total_bar(printed: PrintedBridge, *, is_base: bool) -> Bar:
    label, role = _side_texts(printed, is_base=is_base)
    level = printed.base_text if is_base else printed.current_text
    change = () if is_base or not printed.is_defined else _change_texts(printed)
    said = f"{label} ({role}): {level}" + (f", {change[0]}" if change else "")
    value = printed.bridge.total.base if is_base else printed.bridge.total.current
    return Bar("", label, role, 0.0, value or 0.0, level, change, "total", said, is_total=True)


def _side_texts(printed: PrintedBridge, *, is_base: bool) -> tuple[str, str]:
    """What a total is called, and the smaller line under it: which side it is, or for columns over which period."""
    comparison, locale = printed.bridge.comparison, printed.locale
    label = both_labels(comparison, locale)[0 if is_base else 1]
    if comparison is not None and comparison.metrics:
        return capitalised(label), side_label(comparison.current, locale)
    return label, text(language(locale), "base" if is_base else "current")


def _change_texts(printed: PrintedBridge) -> tuple[str, ...]:
    change = printed.change_text
    if printed.numbers.is_rate or printed.bridge.total.change_pct is None:
        return (change,)
    return (f"{change} · {printed.change_percent}", printed.change_percent)


def _step_bars(printed: PrintedBridge, max_bars: int, level: float) -> list[Bar]:
    steps = list(printed.steps)
    dropped: list[PrintedStep] = []
    if len(steps) > max_bars:
        ranked = sorted(steps, key=lambda step: -abs(step.contribution))
        dropped = ranked[max_bars - 1 :]
        steps = [step for step in steps if step not in dropped]
    bars = []
    for step in steps:
        bars.append(_step_bar(printed, step, level))
        level = bars[-1].end
    return [*bars, _remaining_bar(printed, dropped, level)] if dropped else bars


def _step_bar(printed: PrintedBridge, step: PrintedStep, level: float) -> Bar:
    change, share = printed.numbers.change(step.units), printed.share_text(step.share)
    moved = arrow(step.from_text, step.to_text) if step.base is not None or step.current is not None else ""
    usual = step.usual_text(printed.words) if step.is_usual else ""
    notes = step_notes(printed, step)
    pieces = (f"{step.label}: {change}", _of_base(printed, share), moved, usual, *notes)
    said = ", ".join(piece for piece in pieces if piece)
    end, is_usual = level + step.contribution, bool(step.is_usual)
    printed_change = marked(change, is_usual=is_usual)
    return Bar(
        step.name, step.label, moved, level, end, printed_change, _some(share), step.tone, said, is_usual=is_usual
    )


def marked(change: str, *, is_usual: bool) -> str:
    """A printed change, marked where it lies within usual variation."""
    return f"{ABOUT}\u00a0{change}" if is_usual else change


def _remaining_bar(printed: PrintedBridge, dropped: list[PrintedStep], level: float) -> Bar:
    label = text(language(printed.locale), "remaining", count=str(len(dropped)))
    change = printed.numbers.change(sum(step.units for step in dropped))
    shares = [step.share for step in dropped if step.share is not None]
    share = printed.share_text(sum(shares)) if len(shares) == len(dropped) else ""
    said = f"{label}: {change}; " + ", ".join(step.label for step in dropped)
    end = level + sum(step.contribution for step in dropped)
    return Bar("", label, "", level, end, change, _some(share), "rest", said)


def _of_base(printed: PrintedBridge, share: str) -> str:
    return text(language(printed.locale), "part_of_base", percent=share) if share else ""


def detail_bars(detail: PrintedDetail) -> Waterfall:
    """A step by segment: first what each one's own value did, then what its share did; a volume has one part only."""
    parts = ("performance", "mix") if detail.has_mix else ("total",)
    bars: list[Bar] = []
    groups: list[Group] = []
    for part in parts:
        first = len(bars)
        for segment in detail.segments:
            if _belongs(segment, part):
                bars.append(_segment_bar(detail, segment, part, bars[-1].end if bars else 0.0))
        if len(bars) > first and detail.has_mix:
            groups.append(Group(_group_label(detail, part), first, len(bars) - 1))
    return Waterfall(tuple(bars), "segment", groups=tuple(groups))


def _belongs(segment: PrintedSegment, part: str) -> bool:
    """New, lost and orphan segments have no performance of their own."""
    return part != "performance" or segment.kind in {"both", "others"}


def _segment_bar(detail: PrintedDetail, segment: PrintedSegment, part: str, level: float) -> Bar:
    numbers = detail.whole.numbers
    effects = {"performance": segment.performance_effect, "mix": segment.mix_effect, "total": segment.effect}
    units = {"performance": segment.performance, "mix": segment.mix, "total": segment.total}[part]
    label, change = segment_label(segment, detail), numbers.change(units)
    moved = _moved(detail, segment, part)
    beneath = segment_beneath(segment, part, detail.whole.locale)
    said = f"{label}: " + ", ".join(piece for piece in (change, moved, beneath) if piece)
    colour: Tone = "rest" if segment.others else tone(units or effects[part], detail.step.polarity)
    key = "" if segment.others else segment.name
    return Bar(key, label, moved, level, level + effects[part], change, _some(beneath), colour, said)


def segment_label(segment: PrintedSegment, detail: PrintedDetail) -> str:
    """The segment's name; "3 others" for the small ones."""
    if segment.others:
        locale = detail.whole.locale
        return text(language(locale), "others", count=digits(segment.others, 0, locale))
    return segment.name


def kind_label(segment: PrintedSegment, detail: PrintedDetail) -> str:
    """What is special about a segment: new, gone, on one side only, without denominator; nothing for the others."""
    spoken, side = language(detail.whole.locale), detail.only_side(segment)
    if side:
        return text(spoken, "kind_only", side=side)
    if segment.kind not in {"new", "lost", "orphan"}:
        return ""
    return text(spoken, f"kind_{segment.kind}", weight=detail.weight_label)


def _moved(detail: PrintedDetail, segment: PrintedSegment, part: str) -> str:
    if segment.others:
        return ""
    if kind_label(segment, detail):
        return kind_label(segment, detail)
    if part != "mix":
        return arrow(segment.from_text, segment.to_text)
    share = text(language(detail.whole.locale), "share")
    return f"{share} {arrow(segment.share_from, segment.share_to)}"


def _group_label(detail: PrintedDetail, part: str) -> str:
    locale = detail.whole.locale
    return text(
        language(locale),
        f"group_{part}",
        dimension=detail.dimension_label,
        step=inside(detail.step.label, locale),
        weight=detail.weight_label,
    )


def arrow(first: str, second: str) -> str:
    """From one value to another; one unit is enough where both end with the same."""
    for end in ("\u202f%",):
        if first.endswith(end) and second.endswith(end) and MINUS not in first + second:
            first = first.removesuffix(end)
    return f"{first} → {second}"


def bridge_alt(printed: PrintedBridge, waterfall: Waterfall) -> str:
    """Alternative text of the whole bridge."""
    first, last = both_labels(printed.bridge.comparison, printed.locale)
    return text(
        language(printed.locale),
        "alt_bridge",
        kpi=printed.kpi_inside,
        base_label=first,
        base=printed.base_text,
        current_label=last,
        current=printed.current_text,
        bars=", ".join(_bar_said(bar) for bar in waterfall.bars[1:-1]),
    )


def detail_alt(detail: PrintedDetail, waterfall: Waterfall) -> str:
    """Alternative text of a step detail."""
    heads = {group.first: group.label for group in waterfall.groups}
    bars = [(heads[i] + ": " if i in heads else "") + _bar_said(bar) for i, bar in enumerate(waterfall.bars)]
    return text(
        language(detail.whole.locale),
        "alt_detail",
        step=detail.step.label,
        kpi=detail.whole.kpi_inside,
        dimension=detail.dimension_label,
        bars=", ".join(bars),
    )


def _bar_said(bar: Bar) -> str:
    return f"{bar.label} {bar.printed}" + (f" ({bar.beneath[0]})" if bar.beneath else "")


def _some(small: str) -> tuple[str, ...]:
    return (small,) if small else ()
