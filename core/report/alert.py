"""The alert: what crossed its threshold, and what drove it; or that nothing did."""

from __future__ import annotations

from core.engine.bridge import Bridge
from core.model.document import Line, Text
from core.report.comment import (
    MOST_NAMED,
    capitalised_step,
    driving_step,
    is_in_time,
    is_planned,
    listed,
    printed_headline,
    text_tone,
    toned,
)
from core.report.messages import joined
from core.report.numbers import percent
from core.report.printed import PrintedBridge, PrintedStep, print_bridge
from core.report.printed import within_sentence as inside


def alert(bridge: Bridge, locale: str) -> tuple[Line, bool]:
    """The alert's text, and whether the KPI or one of its steps crossed its threshold."""
    return printed_alert(print_bridge(bridge, locale))


def has_threshold(bridge: Bridge) -> bool:
    """Whether the KPI or one of its steps has a threshold."""
    limits = [bridge.equation.total_threshold_pct, *(step.threshold_pct for step in bridge.equation.steps)]
    return any(limit is not None for limit in limits)


def printed_alert(printed: PrintedBridge) -> tuple[Line, bool]:
    """The alert of a printed bridge. A KPI that started from 0 is beyond every threshold."""
    words, equation = printed.words, printed.bridge.equation
    crossing = [step for step in printed.steps if _step_crosses(step)]
    whole = equation.total_threshold_pct is not None and _total_crosses(printed, equation.total_threshold_pct)
    first = _total_alert(printed, has_crossed=whole)
    if not has_threshold(printed.bridge):
        return words.phrase("alert_without", headline=printed_headline(printed)), False
    if not whole and not crossing:
        return first, False
    sentences = [first, *(_step_alert(printed, step) for step in crossing)]
    if whole:
        sentences.append(_drivers(printed))
    return _paragraph(sentences), True


def _paragraph(sentences: list[Line]) -> Line:
    parts: list[Text] = []
    for sentence in sentences:
        parts += [*([Text(" ")] if parts and sentence else []), *sentence]
    return joined(parts)


def _total_crosses(printed: PrintedBridge, limit: float) -> bool:
    if printed.bridge.total.change_pct is None:
        return printed.is_defined and printed.change != 0
    return abs(printed.bridge.total.change_pct) >= limit


def _step_crosses(step: PrintedStep) -> bool:
    limit = step.step.threshold_pct if step.step else None
    return limit is not None and step.change_pct is not None and abs(step.change_pct) >= limit


def _total_alert(printed: PrintedBridge, *, has_crossed: bool) -> Line:
    words, equation = printed.words, printed.bridge.equation
    limit = equation.total_threshold_pct
    if limit is None:
        return words.phrase("sentence", clause=printed_headline(printed))
    threshold = _threshold(limit, printed.locale)
    if not has_crossed:
        # The threshold is a percentage, also a rate's: what is held against it has to be one, too.
        return words.phrase("alert_within", headline=printed_headline(printed, in_percent=True), threshold=threshold)
    key = f"alert_crossed_{_way(printed, printed.change)}"
    said = words.text(key, kpi=printed.kpi, size=_size(printed), threshold=threshold)
    return (Text(said, text_tone(printed.tone)),)


def _size(printed: PrintedBridge) -> str:
    """In percent, as the threshold is; a rate's points before it, the change alone where it started from 0."""
    change_pct = printed.bridge.total.change_pct
    if change_pct is None:
        return printed.numbers.amount(printed.change)
    size = percent(abs(change_pct), printed.locale, sign=False)
    return f"{printed.numbers.amount(printed.change)} ({size})" if printed.numbers.is_rate else size


def _threshold(limit: float, locale: str) -> str:
    return percent(limit, locale, decimals=0 if float(limit).is_integer() else 1, sign=False)


def _step_alert(printed: PrintedBridge, step: PrintedStep) -> Line:
    limit = step.step.threshold_pct if step.step else None
    return printed.words.phrase(
        f"alert_step_{_way(printed, step.direction)}",
        step=Text(capitalised_step(step.label), "strong"),
        size=percent(abs(step.change_pct or 0.0), printed.locale, sign=False),
        threshold=_threshold(limit or 0.0, printed.locale),
    )


def _way(printed: PrintedBridge, direction: int) -> str:
    """Which way something went, or lies apart where nothing moved in time."""
    if is_planned(printed.bridge.comparison):
        return "above_plan" if direction > 0 else "below_plan"
    if not is_in_time(printed.bridge.comparison):
        return "differs"
    return "rose" if direction > 0 else "fell"


def _drivers(printed: PrintedBridge) -> Line:
    words, lead = printed.words, driving_step(printed)
    if lead is None:
        return ()
    against = sorted(
        (s for s in printed.steps if s.units * printed.change < 0), key=lambda step: -abs(step.contribution)
    )
    values: dict[str, str | Line | Text] = {
        "step": capitalised_step(lead.label),
        "change": toned(printed.numbers.change(lead.units), lead.tone),
    }
    if not against:
        return words.phrase("alert_main", **values)
    others = listed([_own_change(printed, step) for step in against[:MOST_NAMED]], words)
    return words.phrase("alert_against", **values, others=others)


def _own_change(printed: PrintedBridge, step: PrintedStep) -> Line:
    change = toned(printed.numbers.change(step.units), step.tone)
    return printed.words.phrase("step_and_change", step=inside(step.label, printed.locale), change=change)
