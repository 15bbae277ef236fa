"""What two comparisons say together: the trend from one to the next, or both figures where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.document import Line, Section, Table, Text
from core.report.comment import Depth, capitalised_step, is_in_time, is_planned, text_tone, toned
from core.report.dates import against_label
from core.report.notes import note_text
from core.report.pair import PrintedPair
from core.report.printed import PrintedBridge, PrintedStep

MOST_STEPS = 3
"""How many steps the medium comment names."""
MONTHS = {1: "month", 3: "quarter", 12: "year"}


@dataclass(frozen=True)
class _Moved:
    """What moved: now and then in printed units; fell and rose may be said of it only where `has_direction`.

    Not of a step whose own value goes the other way, nor of one that moved within its usual variation.
    """

    name: str
    now: int
    then: int
    printed: tuple[Text, Text]
    polarity: int
    has_direction: bool = True

    @property
    def key(self) -> str:
        """The sentence that says how the two hang together."""
        if not self.has_direction:
            return "trend_neutral"
        if self.now == 0 or self.then == 0:
            return "trend_stopped" if self.now == 0 else "trend_started"
        if (self.now > 0) != (self.then > 0):
            return "trend_recovered" if self.now * self.polarity > 0 and self.polarity > 0 else "trend_turned"
        pace = "less" if abs(self.now) < abs(self.then) else "again"
        return f"trend_{'rose' if self.now > 0 else 'fell'}_{pace}"


def pair_comment(pair: PrintedPair, depth: Depth = "medium") -> tuple[Line, ...]:
    """A line on the KPI and one a step, the largest movements first: medium names three steps, low none.

    Nothing where a side has no figure to compare.
    """
    if not (pair.first.is_defined and pair.second.is_defined):
        return ()
    steps = _steps(pair)[: {"low": 0, "medium": MOST_STEPS, "high": len(pair.first.steps)}[depth]]
    order = _in_order(pair)
    if order is None:
        return (_apart(pair), *(_step_apart(pair, *step) for step in steps))
    earlier, later = order
    lines = [_trend(pair, _total(earlier, later), _when(pair, earlier, later))]
    lines += [_trend(pair, _step(pair, one, other, later), "") for one, other in steps]
    return tuple(line for line in lines if line)


def with_second(section: Section, pair: PrintedPair, depth: Depth) -> Section:
    """The section of the first comparison's bridge with what the second one adds: subtitle, comment, table, notes."""
    words, label = pair.first.words, pair.labels[1]
    notes = tuple(f"{pair.headings[1]}: {note_text(note, pair.first.locale)}" for note in pair.second.bridge.notes)
    return replace(
        section,
        subtitle=f"{section.subtitle} · {words.text('pair_subtitle', comparison=label)}",
        comment=section.comment + pair_comment(pair, depth),
        table=_with_column(section.table, pair) if section.table else None,
        notes=section.notes + notes,
    )


def _with_column(table: Table, pair: PrintedPair) -> Table:
    """The table with the second comparison's impact of each row's step as its last column."""
    impacts = {step.name: toned(pair.second.numbers.change(step.units), step.tone) for step in pair.second.steps}
    cells = [impacts.get(step.name, Text("")) for step in pair.first.steps]
    cells.append(Text(pair.second.change_text, text_tone(pair.second.tone)))
    amounts = {step.name: step.contribution for step in pair.second.steps}
    values = [*(amounts.get(step.name) for step in pair.first.steps), None]
    return replace(
        table,
        columns=(*table.columns, pair.headings[1]),
        aligns=(*table.aligns, "right"),
        rows=tuple((*row, cell) for row, cell in zip(table.rows, cells, strict=True)),
        values=tuple((*row, value) for row, value in zip(table.values, values, strict=True)),
    )


def _steps(pair: PrintedPair) -> list[tuple[PrintedStep, PrintedStep]]:
    """Steps of both that moved in one of them, the largest first."""
    others = {step.name: step for step in pair.second.steps}
    both = [(step, others[step.name]) for step in pair.first.steps if step.name in others]
    moved = [(one, other) for one, other in both if one.units or other.units]
    return sorted(moved, key=lambda steps: -max(abs(steps[0].contribution), abs(steps[1].contribution)))


def _in_order(pair: PrintedPair) -> tuple[PrintedBridge, PrintedBridge] | None:
    """The earlier and the later one; None where they do not follow each other in time, or compare different things."""
    comparisons = [printed.bridge.comparison for printed in (pair.first, pair.second)]
    ends = [_last_day(comparison) for comparison in comparisons]
    alike = is_planned(comparisons[0]) == is_planned(comparisons[1])
    if ends[0] is None or ends[1] is None or ends[0] == ends[1] or not alike:
        return None
    return (pair.second, pair.first) if ends[1] < ends[0] else (pair.first, pair.second)


def _last_day(comparison: Comparison | None) -> int | None:
    if comparison is None or not isinstance(comparison.current, DateSide):
        return None
    return comparison.current.last.toordinal()


def _total(earlier: PrintedBridge, later: PrintedBridge) -> _Moved:
    texts = (toned(later.change_text, later.tone), toned(earlier.change_text, earlier.tone))
    has_direction = is_in_time(later.bridge.comparison) and not any(map(_is_one_usual_step, (earlier, later)))
    return _Moved(later.kpi, later.change, earlier.change, texts, later.polarity, has_direction)


def _is_one_usual_step(printed: PrintedBridge) -> bool:
    """Whether the KPI is nothing but a step that moved within its usual variation."""
    return len(printed.steps) == 1 and bool(printed.steps[0].is_usual)


def _step(pair: PrintedPair, one: PrintedStep, other: PrintedStep, later: PrintedBridge) -> _Moved:
    """one: of the first comparison, other: of the second."""
    now, then = (one, other) if later is pair.first else (other, one)
    numbers = later.numbers
    texts = (toned(numbers.change(now.units), now.tone), toned(numbers.change(then.units), then.tone))
    own_way = all(step.direction * step.units >= 0 and not step.is_usual for step in (now, then))
    has_direction = own_way and is_in_time(later.bridge.comparison)
    return _Moved(capitalised_step(now.label), now.units, then.units, texts, now.polarity, has_direction)


def _trend(pair: PrintedPair, moved: _Moved, when: str) -> Line:
    if not moved.now and not moved.then:
        return ()
    words, (now, then) = pair.first.words, moved.printed
    before: Line = (then,)
    if when.startswith("when_"):
        before = words.phrase("trend_when", change=then, when=words.text(when))
    elif when:
        before = words.phrase("trend_elsewhere", change=then, comparison=when)
    return words.phrase(moved.key, name=Text(moved.name, "strong"), now=now, then=before)


def _when(pair: PrintedPair, earlier: PrintedBridge, later: PrintedBridge) -> str:
    """The key of "the month before" where one follows the other so, else what the earlier one compares."""
    first, last = earlier.bridge.comparison, later.bridge.comparison
    rhythm = _rhythm(first.current, last.current) if first and last else None
    if rhythm is None and pair.joint is None:
        return against_label(first, pair.first.locale)
    return f"when_{rhythm or 'period'}"


def _rhythm(base: DateSide | GroupSide, current: DateSide | GroupSide) -> str | None:
    """What lies between two periods: a day, a week, a month, a quarter or a year, None for anything else."""
    if not isinstance(base, DateSide) or not isinstance(current, DateSide):
        return None
    apart = (current.first.year - base.first.year) * 12 + current.first.month - base.first.month
    if current.first.day == base.first.day and apart in MONTHS:
        return MONTHS[apart]
    return {1: "day", 7: "week"}.get((current.first - base.first).days)


def _apart(pair: PrintedPair) -> Line:
    first, second = pair.first, pair.second
    return first.words.phrase(
        "pair_apart",
        name=Text(first.kpi, "strong"),
        first=toned(first.change_text, first.tone),
        first_comparison=pair.labels[0],
        second=toned(second.change_text, second.tone),
        second_comparison=pair.labels[1],
    )


def _step_apart(pair: PrintedPair, one: PrintedStep, other: PrintedStep) -> Line:
    numbers = pair.first.numbers
    return pair.first.words.phrase(
        "pair_apart_step",
        name=Text(capitalised_step(one.label), "strong"),
        first=toned(numbers.change(one.units), one.tone),
        second=toned(numbers.change(other.units), other.tone),
    )
