"""Sentences about a Bridge: the headline, and the comment in three depths. Words come from the catalogues."""

from __future__ import annotations

from typing import Literal

from core.engine.bridge import Bridge
from core.model.comparison import Comparison
from core.model.document import Line, Text, Tone
from core.report.comment_detail import detail_for, segment_sentence
from core.report.dates import both_labels
from core.report.messages import joined
from core.report.printed import PrintedBridge, PrintedStep, print_bridge
from core.report.printed import within_sentence as inside

Depth = Literal["low", "medium", "high"]
MOST_STEPS = 4
"""How many steps a line of the medium comment names."""


def headline(bridge: Bridge, locale: str) -> Line:
    """What happened, by how much, and why, in one line."""
    return printed_headline(print_bridge(bridge, locale))


def printed_headline(printed: PrintedBridge) -> Line:
    """The headline of a printed bridge."""
    words = printed.words
    if not printed.is_defined:
        return words.phrase("headline_undefined", kpi=printed.kpi)
    if printed.change == 0:
        return _unchanged(printed)
    if printed.base == 0:
        return _started(printed)
    line = _moved(printed)
    detail = detail_for(printed, printed.steps[0].name) if len(printed.steps) == 1 else None
    if detail and detail.opposes() and is_in_time(printed.bridge.comparison):
        key = "headline_although_fell" if printed.change > 0 else "headline_although_rose"
        return words.phrase(key, headline=line, dimension=detail.dimension_label)
    driver = driving_step(printed)
    return words.phrase("headline_driven", headline=line, step=inside(driver.label, printed.locale)) if driver else line


def driving_step(printed: PrintedBridge) -> PrintedStep | None:
    """The step that moved the KPI furthest in the direction it went; None when there is nothing to choose."""
    along = [step for step in printed.steps if step.units * printed.change > 0]
    return max(along, key=lambda step: abs(step.contribution)) if along and len(printed.steps) > 1 else None


def _moved(printed: PrintedBridge) -> Line:
    direction = "rose" if printed.change > 0 else "fell"
    amount = Text(_amount(printed), text_tone(printed.tone))
    if is_in_time(printed.bridge.comparison):
        return printed.words.phrase(f"headline_{direction}", kpi=printed.kpi, amount=amount)
    base, current = both_labels(printed.bridge.comparison, printed.locale)
    key = "headline_higher" if printed.change > 0 else "headline_lower"
    return printed.words.phrase(key, kpi=printed.kpi, amount=amount, base=base, current=current)


def _amount(printed: PrintedBridge) -> str:
    size = printed.numbers.amount(printed.change)
    if printed.numbers.is_rate or printed.bridge.total.change_pct is None:
        return size
    return f"{size} ({printed.change_percent})"


def _started(printed: PrintedBridge) -> Line:
    value = Text(printed.current_text, text_tone(printed.tone))
    if is_in_time(printed.bridge.comparison):
        return printed.words.phrase("headline_started", kpi=printed.kpi, value=value)
    base, current = both_labels(printed.bridge.comparison, printed.locale)
    return printed.words.phrase("headline_only", kpi=printed.kpi, value=value, current=current, base=base)


def _unchanged(printed: PrintedBridge) -> Line:
    value = printed.current_text
    if is_in_time(printed.bridge.comparison):
        line = printed.words.phrase("headline_unchanged", kpi=printed.kpi, value=value)
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


def comment(bridge: Bridge, locale: str, depth: Depth = "medium") -> tuple[Line, ...]:
    """The change, its steps in order of impact, the segments behind them.

    low: the change and its main step; medium: the main steps either way, segments of the first; high: every step with
        its segments.
    """
    return printed_comment(print_bridge(bridge, locale), depth)


def printed_comment(printed: PrintedBridge, depth: Depth) -> tuple[Line, ...]:
    """The comment on a printed bridge."""
    if not printed.is_defined:
        return (printed_headline(printed),)
    lines = [_total_line(printed)]
    ranked = sorted((s for s in printed.steps if s.units), key=lambda step: -abs(step.contribution))
    lead = driving_step(printed) or next(iter(ranked), None)
    if lead is None:
        return tuple(lines)
    rest = [step for step in ranked if step is not lead]
    if depth == "low":
        return (*lines, _sentence(printed, [_step_clause(printed, lead)]))
    if len(printed.steps) == 1:
        return (_behind(printed, lead, _total_line(printed)),)
    lines.append(_with_segments(printed, lead))
    if depth == "high":
        return (*lines, *(_with_segments(printed, step) for step in rest))
    along = [step for step in rest if step.units * printed.change > 0]
    against = [step for step in rest if step not in along]
    return (*lines, *(_steps_line(printed, steps[:MOST_STEPS]) for steps in (along, against) if steps))


def _steps_line(printed: PrintedBridge, steps: list[PrintedStep]) -> Line:
    first, *others = steps
    return _sentence(
        printed,
        [_step_clause(printed, first), *(_step_clause(printed, step, is_first=False) for step in others)],
    )


def _total_line(printed: PrintedBridge) -> Line:
    words, comparison = printed.words, printed.bridge.comparison
    values: dict[str, str | Line | Text] = {
        "kpi": Text(printed.kpi, "strong"),
        "base": printed.base_text,
        "current": printed.current_text,
        "change": toned(_change_text(printed), printed.tone),
    }
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


def _step_clause(printed: PrintedBridge, step: PrintedStep, *, is_first: bool = True) -> Line:
    if step.base is None or step.current is None:
        key = "step_alone"
    elif not is_in_time(printed.bridge.comparison):
        key = "step_differs"
    else:
        key = {1: "step_rose", -1: "step_fell", 0: "step_same"}[step.direction]
    name = capitalised_step(step.label) if is_first else inside(step.label, printed.locale)
    return printed.words.phrase(
        key,
        step=Text(name, "strong"),
        base=step.from_text,
        current=step.to_text,
        change=toned(printed.numbers.change(step.units), step.tone),
    )


def _with_segments(printed: PrintedBridge, step: PrintedStep) -> Line:
    return _behind(printed, step, _sentence(printed, [_step_clause(printed, step)]))


def _behind(printed: PrintedBridge, step: PrintedStep, line: Line) -> Line:
    """The line with the segments behind the step after it."""
    detail = detail_for(printed, step.name)
    said = segment_sentence(detail) if detail else ()
    return joined([*line, Text(" "), *said]) if said else line


def _sentence(printed: PrintedBridge, clauses: list[Line]) -> Line:
    whole = clauses[0]
    for clause in clauses[1:]:
        whole = printed.words.phrase("two_clauses", first=whole, second=clause)
    return printed.words.phrase("sentence", clause=whole)


def _named_change(printed: PrintedBridge, step: PrintedStep) -> Line:
    name = inside(step.label, printed.locale)
    change = toned(printed.numbers.change(step.units), step.tone)
    return printed.words.phrase("step_and_change", step=name, change=change)


def is_in_time(comparison: Comparison | None) -> bool:
    """Whether the sides follow each other, so that things rise and fall."""
    return comparison is None or comparison.is_dates


def capitalised_step(name: str) -> str:
    """A step's name at the beginning of a sentence; a formula stays as it is."""
    return name if "/" in name else name[:1].upper() + name[1:]


def text_tone(colour: str) -> Tone:
    """The text's tone for a bar's."""
    return "good" if colour == "good" else "bad" if colour == "bad" else "strong"


def toned(printed: str, colour: str) -> Text:
    """A printed change in its tone."""
    return Text(printed, "good" if colour == "good" else "bad" if colour == "bad" else "plain")
