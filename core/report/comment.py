"""Sentences about a Bridge: the headline, and the comment in three depths. Words come from the catalogues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.engine.bridge import Bridge
from core.model.comparison import Comparison
from core.model.document import Line, Text, Tone
from core.report.comment_detail import detail_for, segment_sentence
from core.report.dates import both_labels
from core.report.messages import joined
from core.report.notes import bridge_notes
from core.report.printed import PrintedBridge, PrintedStep, print_bridge
from core.report.printed import within_sentence as inside
from core.report.words import Words

Depth = Literal["low", "medium", "high"]
MOST_NAMED, MOST_STEPS = 3, 4
"""How many steps one line names, without and with their values."""
SEGMENTS: dict[Depth, int] = {"low": 0, "medium": 2, "high": 3}
"""How many segments are named behind a step."""


def headline(bridge: Bridge, locale: str) -> Line:
    """What happened, by how much, and why, in one line."""
    return printed_headline(print_bridge(bridge, locale))


def printed_headline(printed: PrintedBridge, *, in_percent: bool = False) -> Line:
    """The headline of a printed bridge. in_percent: a rate's points with their percentage, as others have it anyway."""
    words = printed.words
    if not printed.is_defined:
        return words.phrase("headline_undefined", kpi=printed.kpi)
    if printed.change == 0:
        return _unchanged(printed)
    if printed.base == 0:
        return _started(printed)
    line = _moved(printed, in_percent=in_percent)
    detail = detail_for(printed, printed.steps[0].name) if len(printed.steps) == 1 else None
    if detail and detail.opposes() and is_in_time(printed.bridge.comparison):
        key = "headline_although_fell" if printed.change > 0 else "headline_although_rose"
        return words.phrase(key, headline=line, dimension=detail.dimension_label)
    driver = driving_step(printed)
    # What may be chance drives nothing: neither that step, nor a smaller one in its place.
    if driver is None or driver.is_usual:
        return line
    return words.phrase("headline_driven", headline=line, step=inside(driver.label, printed.locale))


def driving_step(printed: PrintedBridge) -> PrintedStep | None:
    """The step that moved the KPI furthest in the direction it went; None when there is nothing to choose."""
    along = [step for step in printed.steps if step.units * printed.change > 0]
    return max(along, key=lambda step: abs(step.contribution)) if along and len(printed.steps) > 1 else None


def _moved(printed: PrintedBridge, *, in_percent: bool) -> Line:
    direction = "rose" if printed.change > 0 else "fell"
    amount = Text(_amount(printed, in_percent=in_percent), text_tone(printed.tone))
    if is_in_time(printed.bridge.comparison):
        return printed.words.phrase(f"headline_{direction}", kpi=printed.kpi, amount=amount)
    if is_planned(printed.bridge.comparison):
        key = "headline_above_plan" if printed.change > 0 else "headline_below_plan"
        return printed.words.phrase(key, kpi=printed.kpi, amount=amount)
    base, current = both_labels(printed.bridge.comparison, printed.locale)
    key = "headline_higher" if printed.change > 0 else "headline_lower"
    return printed.words.phrase(key, kpi=printed.kpi, amount=amount, base=base, current=current)


def _amount(printed: PrintedBridge, *, in_percent: bool) -> str:
    size = printed.numbers.amount(printed.change)
    if (printed.numbers.is_rate and not in_percent) or printed.bridge.total.change_pct is None:
        return size
    return f"{size} ({printed.change_percent})"


def _started(printed: PrintedBridge) -> Line:
    value = Text(printed.current_text, text_tone(printed.tone))
    if is_in_time(printed.bridge.comparison):
        return printed.words.phrase("headline_started", kpi=printed.kpi, value=value)
    if is_planned(printed.bridge.comparison):
        return printed.words.phrase("headline_unplanned", kpi=printed.kpi, value=value)
    base, current = both_labels(printed.bridge.comparison, printed.locale)
    return printed.words.phrase("headline_only", kpi=printed.kpi, value=value, current=current, base=base)


def _unchanged(printed: PrintedBridge) -> Line:
    value = printed.current_text
    if is_in_time(printed.bridge.comparison):
        line = printed.words.phrase("headline_unchanged", kpi=printed.kpi, value=value)
    elif is_planned(printed.bridge.comparison):
        line = printed.words.phrase("headline_on_plan", kpi=printed.kpi, value=value)
    else:
        base, current = both_labels(printed.bridge.comparison, printed.locale)
        line = printed.words.phrase("headline_equal", kpi=printed.kpi, value=value, base=base, current=current)
    up = max(printed.steps, key=lambda step: step.units, default=None)
    down = min(printed.steps, key=lambda step: step.units, default=None)
    if up is None or down is None or up.units <= 0 or down.units >= 0:
        return line
    return printed.words.phrase(
        "headline_cancel",
        headline=line,
        up=_named_change(printed, up),
        down=_named_change(printed, down),
    )


@dataclass(frozen=True)
class Comment:
    """What is said about a bridge.

    title: the headline; body: the change with both values; explaining: the steps in the direction of the change, those
    with the largest effect first; compensating: the steps against it; notes: what a reader must know besides.
    """

    title: Line
    body: Line
    explaining: tuple[Line, ...] = ()
    compensating: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The comment below the title; the notes stand apart as the small print."""
        return (self.body, *self.explaining, *self.compensating)


def comment(bridge: Bridge, locale: str, depth: Depth = "medium") -> tuple[Line, ...]:
    """The lines of `tell` for a bridge in the catalogue's own words."""
    return printed_comment(print_bridge(bridge, locale), depth)


def printed_comment(printed: PrintedBridge, depth: Depth) -> tuple[Line, ...]:
    """The lines of `tell`."""
    return tell(printed, depth).lines


def tell(printed: PrintedBridge, depth: Depth) -> Comment:
    """The comment on a printed bridge.

    low: the change, its main step, and what offset it; medium: the steps either way with their values, and the segments
        behind the main one; high: every step with its segments, and those that had no effect.
    """
    title, notes = printed_headline(printed), bridge_notes(printed)
    if not printed.is_defined:
        return Comment(title, title, notes=notes)
    if len(printed.steps) == 1:
        return Comment(title, _alone(printed, depth), notes=notes)
    along, against = _sides(printed)
    explain, compensate = DEPTHS[depth]
    return Comment(
        title,
        _total_line(printed),
        explaining=explain(printed, along) if along else (),
        compensating=compensate(printed, against) if against else (),
        notes=notes,
    )


def _sides(printed: PrintedBridge) -> tuple[list[PrintedStep], list[PrintedStep]]:
    """The steps along the change and against it, by impact; without a change along the step with the largest."""
    ranked = sorted((s for s in printed.steps if s.units), key=lambda step: -abs(step.contribution))
    way = printed.change or (ranked[0].units if ranked else 0)
    along = [step for step in ranked if step.units * way > 0]
    return along, [step for step in ranked if step not in along]


def _alone(printed: PrintedBridge, depth: Depth) -> Line:
    """The change of a KPI of one step, with the segments behind it."""
    body = _total_line(printed)
    return body if depth == "low" or not printed.change else _behind(printed, printed.steps[0], body, depth)


def _explain_in_short(printed: PrintedBridge, steps: list[PrintedStep]) -> tuple[Line, ...]:
    return (_sentence(printed, _step_clause(printed, steps[0])),)


def _offset_in_short(printed: PrintedBridge, steps: list[PrintedStep]) -> tuple[Line, ...]:
    named = [_named_change(printed, step) for step in steps[:MOST_NAMED]]
    key = "offset_by" if printed.change else "cancelled_by"
    return (printed.words.phrase(key, steps=listed(named, printed.words)),)


def _explain(printed: PrintedBridge, steps: list[PrintedStep]) -> tuple[Line, ...]:
    lead, *rest = steps
    main = _with_segments(printed, lead, "medium")
    return (main, printed.words.phrase("also", steps=_step_list(printed, rest))) if rest else (main,)


def _offset(printed: PrintedBridge, steps: list[PrintedStep]) -> tuple[Line, ...]:
    return (_against(printed, _step_list(printed, steps)),)


def _against(printed: PrintedBridge, steps: Line) -> Line:
    """Steps against the change; where nothing is left of it, they cancel the others out."""
    return printed.words.phrase("offset" if printed.change else "cancelled", steps=steps)


def _explain_in_full(printed: PrintedBridge, steps: list[PrintedStep]) -> tuple[Line, ...]:
    still = [inside(step.label, printed.locale) for step in printed.steps if not step.units]
    lines = tuple(_with_segments(printed, step, "high") for step in steps)
    if not still:
        return lines
    names = listed([(Text(name, "strong"),) for name in still], printed.words)
    return (*lines, printed.words.phrase("steps_still", steps=names))


def _offset_in_full(printed: PrintedBridge, steps: list[PrintedStep]) -> tuple[Line, ...]:
    first, *rest = steps
    begun = _against(printed, _step_item(printed, first))
    return (_behind(printed, first, begun, "high"), *(_with_segments(printed, step, "high") for step in rest))


Teller = Callable[[PrintedBridge, list[PrintedStep]], tuple[Line, ...]]
DEPTHS: dict[Depth, tuple[Teller, Teller]] = {
    "low": (_explain_in_short, _offset_in_short),
    "medium": (_explain, _offset),
    "high": (_explain_in_full, _offset_in_full),
}


def _total_line(printed: PrintedBridge) -> Line:
    words, comparison = printed.words, printed.bridge.comparison
    values: dict[str, str | Line | Text] = {
        "kpi": Text(printed.kpi, "strong"),
        "base": printed.base_text,
        "current": printed.current_text,
        "change": toned(_change_text(printed), printed.tone),
    }
    if is_planned(comparison):
        return words.phrase("total_planned" if printed.change else "total_on_plan", **values)
    if printed.change == 0:
        return words.phrase("total_same", **values)
    if not is_in_time(comparison):
        first, last = both_labels(comparison, printed.locale)
        return words.phrase("total_differs", **values, base_label=first, current_label=last)
    return words.phrase("total_rose" if printed.change > 0 else "total_fell", **values)


def _change_text(printed: PrintedBridge) -> str:
    change = printed.change_text
    if printed.numbers.is_rate or printed.bridge.total.change_pct is None:
        return change
    return f"{change} ({printed.change_percent})"


def _step_clause(printed: PrintedBridge, step: PrintedStep) -> Line:
    """A step as a sentence of its own, without its full stop; it says so when the change is noise."""
    clause = _moving_step(printed, step, f"step_{_movement(printed, step)}", capitalised_step(step.label))
    if not step.is_usual:
        return clause
    return printed.words.phrase("step_usual", clause=clause, usual=step.usual_text(printed.words))


def _step_item(printed: PrintedBridge, step: PrintedStep) -> Line:
    """A step as one of a list."""
    return _moving_step(printed, step, f"listed_{_movement(printed, step)}", inside(step.label, printed.locale))


def _movement(printed: PrintedBridge, step: PrintedStep) -> str:
    if step.base is None or step.current is None:
        return "alone"
    if is_planned(printed.bridge.comparison):
        return "planned"
    if not is_in_time(printed.bridge.comparison):
        return "differs"
    return {1: "rose", -1: "fell", 0: "same"}[step.direction]


def _moving_step(printed: PrintedBridge, step: PrintedStep, key: str, name: str) -> Line:
    return printed.words.phrase(
        key,
        step=Text(name, "strong"),
        base=step.from_text,
        current=step.to_text,
        change=toned(printed.numbers.change(step.units), step.tone),
    )


def _step_list(printed: PrintedBridge, steps: list[PrintedStep]) -> Line:
    first, *others = [_step_item(printed, step) for step in steps[:MOST_STEPS]]
    for other in others:
        first = printed.words.phrase("two_clauses", first=first, second=other)
    return first


def _with_segments(printed: PrintedBridge, step: PrintedStep, depth: Depth) -> Line:
    return _behind(printed, step, _sentence(printed, _step_clause(printed, step)), depth)


def _behind(printed: PrintedBridge, step: PrintedStep, line: Line, depth: Depth) -> Line:
    """The line with the segments behind the step after it."""
    said = _segments(printed, step, depth)
    return joined([*line, Text(" "), *said]) if said else line


def _segments(printed: PrintedBridge, step: PrintedStep, depth: Depth) -> Line:
    detail = detail_for(printed, step.name)
    if detail is None or printed.bridge.is_noise(step.name, detail.dimension):
        return ()
    return segment_sentence(detail, SEGMENTS[depth])


def _sentence(printed: PrintedBridge, clause: Line) -> Line:
    return printed.words.phrase("sentence", clause=clause)


def _named_change(printed: PrintedBridge, step: PrintedStep) -> Line:
    name = Text(inside(step.label, printed.locale), "strong")
    change = toned(printed.numbers.change(step.units), step.tone)
    return printed.words.phrase("step_and_change", step=name, change=change)


def listed(items: Sequence[Line], words: Words) -> Line:
    """The items with commas, and an "and" before the last one."""
    *before, last = items
    if not before:
        return last
    parts: list[Text] = [*before[0]]
    for item in before[1:]:
        parts += [Text(", "), *item]
    return joined([*parts, Text(words.text("list_and")), *last])


def is_in_time(comparison: Comparison | None) -> bool:
    """Whether the sides follow each other, so that things rise and fall."""
    return comparison is None or comparison.is_dates


def is_planned(comparison: Comparison | None) -> bool:
    """Whether actuals are compared with their plans, so that things lie above or below."""
    return comparison is not None and comparison.is_planned


def capitalised_step(name: str) -> str:
    """A step's name at the beginning of a sentence; a formula stays as it is."""
    return name if "/" in name else name[:1].upper() + name[1:]


def text_tone(colour: str) -> Tone:
    """The text's tone for a bar's."""
    return "good" if colour == "good" else "bad" if colour == "bad" else "strong"


def toned(printed: str, colour: str) -> Text:
    """A printed change in its tone."""
    return Text(printed, "good" if colour == "good" else "bad" if colour == "bad" else "plain")
