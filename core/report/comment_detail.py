"""Sentences about a step by a dimension: its title, its subtitle, what its main segments did."""

from __future__ import annotations

from core.model.document import Line, Text
from core.report.messages import joined
from core.report.numbers import points, unsigned
from core.report.printed import PrintedBridge, capitalised, tone
from core.report.printed_detail import PrintedDetail, PrintedSegment, print_detail
from core.report.words import Words

CLEAR = 0.25
"""From which part of a segment's effect on the smaller of performance and mix is named beside the larger."""
MOST_SEGMENTS = 3
"""How many segments a detail's own comment names."""


def detail_for(printed: PrintedBridge, step: str) -> PrintedDetail | None:
    """The step by its most telling dimension, or None when there is none."""
    dimension = printed.bridge.best_dimension(step)
    return print_detail(printed, step, dimension) if dimension else None


def detail_title(detail: PrintedDetail) -> Line:
    """What the detail shows and what it says: "Conversion by device: mobile fell and weighs more"."""
    words = detail.whole.words
    title = words.text("detail_title", step=capitalised(detail.step.label), dimension=detail.dimension_label)
    if not _is_in_time(detail):
        return (Text(title),)
    if detail.opposes():
        key = "detail_although_fell" if detail.step.direction > 0 else "detail_although_rose"
        return words.phrase(key, step=capitalised(detail.step.label), dimension=detail.dimension_label)
    story = _story(detail)
    return words.phrase("detail_story", title=title, story=story) if story else (Text(title),)


def _story(detail: PrintedDetail) -> str:
    segment = detail.leading
    if segment is None or segment.total == 0:
        return ""
    key = _story_key(segment, has_mix=detail.has_mix)
    return detail.whole.words.text(key, segment=segment.name) if key else ""


def _story_key(segment: PrintedSegment, *, has_mix: bool) -> str:
    if segment.kind in {"new", "lost"}:
        return f"story_{segment.kind}"
    own = {1: "rose", -1: "fell", 0: ""}[segment.direction]
    if not has_mix:
        return f"story_{own}" if own else ""
    weight = "more" if (segment.share_change or 0) > 0 else "less"
    sizes = abs(segment.performance), abs(segment.mix)
    if not own or sizes[0] < CLEAR * sizes[1]:
        return f"story_{weight}" if sizes[1] else ""
    return f"story_{own}_{weight}" if sizes[1] >= CLEAR * sizes[0] else f"story_{own}"


def detail_subtitle(detail: PrintedDetail) -> str:
    """The step's whole contribution, and how it splits."""
    words, numbers = detail.whole.words, detail.whole.numbers
    change = numbers.change(detail.step.units)
    said = words.text("detail_subtitle", kpi=detail.whole.kpi_inside, change=change)
    if not detail.has_mix:
        return said
    parts = {"performance": numbers.change(detail.performance), "mix": numbers.change(detail.mix)}
    return f"{said} · {words.text('detail_parts', **parts)}"


def segment_sentence(detail: PrintedDetail, most: int) -> Line:
    """What the `most` segments with the largest effects did, as one sentence; empty when nothing shows.

    A dimension of one segment says what the step has said.
    """
    if len(detail.segments) < 2:
        return ()
    clauses = [clause for segment in _telling(detail)[:most] for clause in _clauses(detail, segment)]
    if not clauses:
        return ()
    words = detail.whole.words
    return words.phrase("best_dimension", dimension=detail.dimension_label, segments=_chained(clauses, words))


def detail_comment(detail: PrintedDetail) -> tuple[Line, ...]:
    """One line for each of the main segments."""
    words = detail.whole.words
    lines = [_chained(_clauses(detail, segment), words) for segment in _telling(detail)[:MOST_SEGMENTS]]
    return tuple(words.phrase("sentence", clause=_capital(line)) for line in lines if line)


def _telling(detail: PrintedDetail) -> list[PrintedSegment]:
    """The named segments worth a word, largest effect first; small ones have a bar at most."""
    named = [segment for segment in detail.segments if not segment.others]
    least = sum(abs(s.effect) for s in detail.segments) * detail.whole.bridge.other_below_pct / 100
    return sorted((s for s in named if abs(s.effect) >= least), key=lambda segment: -abs(segment.effect))


def _clauses(detail: PrintedDetail, segment: PrintedSegment) -> list[Line]:
    if segment.kind in {"new", "lost", "orphan"}:
        return [_clause(detail, segment, f"segment_{segment.kind}", segment.total)] if segment.total else []
    clauses = []
    if segment.performance and segment.direction and abs(segment.performance) >= CLEAR * abs(segment.mix):
        values = (segment.from_text, segment.to_text)
        key = _moving(detail, "segment", segment.direction)
        clauses.append(_clause(detail, segment, key, segment.performance, values))
    share = segment.printed_share_change or 0.0
    if segment.mix and share and abs(segment.mix) >= CLEAR * abs(segment.performance):
        values = (segment.share_from, segment.share_to)
        key = _moving(detail, "share", share)
        clauses.append(_clause(detail, segment, key, segment.mix, values, unsigned(points(share, detail.whole.locale))))
    return clauses


def _moving(detail: PrintedDetail, subject: str, direction: float) -> str:
    if not _is_in_time(detail):
        comparison = detail.whole.bridge.comparison
        return f"{subject}_planned" if comparison and comparison.is_planned else f"{subject}_differs"
    return f"{subject}_rose" if direction > 0 else f"{subject}_fell"


def _is_in_time(detail: PrintedDetail) -> bool:
    comparison = detail.whole.bridge.comparison
    return comparison is None or comparison.is_dates


def _clause(
    detail: PrintedDetail,
    segment: PrintedSegment,
    key: str,
    units: int,
    values: tuple[str, str] = ("", ""),
    size: str = "",
) -> Line:
    colour = tone(units, detail.step.polarity)
    change = Text(detail.whole.numbers.change(units), "good" if colour == "good" else "bad")
    return detail.whole.words.phrase(
        key,
        segment=Text(segment.name, "strong"),
        base=values[0],
        current=values[1],
        change=change,
        points=size,
        weight=detail.weight_label,
    )


def _chained(clauses: list[Line], words: Words) -> Line:
    whole: Line = ()
    for clause in clauses:
        whole = words.phrase("clauses_and", first=whole, second=clause) if whole else clause
    return joined(list(whole))


def _capital(line: Line) -> Line:
    if not line or line[0].tone == "strong":
        return line
    return (Text(capitalised(line[0].text), line[0].tone), *line[1:])
