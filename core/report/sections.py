"""Views of a printed Bridge as sections of a report: title, subtitle, chart, comment, table, notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, Literal

from core.model.analysis import Condition, Scalar
from core.model.document import Chart, ChartBar, Section, Table, Text, plain
from core.model.sums import NOT_SET
from core.report.alert import printed_alert
from core.report.bars import arrow, bridge_alt, bridge_bars, detail_alt, detail_bars, kind_label, segment_label
from core.report.chart import NARROW_WIDTH, PAGE_WIDTH, Form, draw, specification
from core.report.comment import Depth, printed_comment, printed_headline, text_tone
from core.report.comment_detail import detail_comment, detail_for, detail_subtitle, detail_title
from core.report.dates import against_label
from core.report.messages import CATALOGUES, text
from core.report.notes import note_text, step_notes
from core.report.numbers import language
from core.report.pair import PrintedPair, pair_alt, pair_bars
from core.report.pair_comment import with_second
from core.report.printed import PrintedBridge, capitalised, tone
from core.report.printed_detail import PrintedDetail, PrintedSegment
from core.report.shapes import Waterfall

Values = tuple[float | None, ...]
RIGHT: tuple[Literal["right"], ...] = ("right",)
"""How a column of numbers is aligned, to be repeated."""
METHODS = {"shapley": "Shapley", "lmdi": "LMDI", "sequential": "sequential", "covariance": "covariance"}


NAMED_VIEWS = ("funnel", "dimensions", "moves", "tree", "segments")
"""Views whose name says more than their title."""
CHARTED_VIEWS = ("waterfall", "step_detail", *NAMED_VIEWS)


def alert_section(printed: PrintedBridge) -> Section:
    """The alert as a section: text only."""
    spoken = language(printed.locale)
    return Section("alert", (Text(text(spoken, "view_alert")),), comment=(printed_alert(printed)[0],))


def waterfall_section(
    printed: PrintedBridge,
    depth: Depth,
    where: Mapping[str, Condition] | None = None,
    pair: PrintedPair | None = None,
) -> Section:
    """The whole bridge, with the second comparison if there is one."""
    bars = pair_bars(pair) if pair else bridge_bars(printed)
    whole = Section(
        key="waterfall",
        title=printed_headline(printed),
        subtitle=_subtitle(printed, where or {}),
        chart=waterfall_chart(bars, pair_alt(pair) if pair else bridge_alt(printed, bars)),
        comment=printed_comment(printed, depth),
        table=steps_table(printed),
        notes=spoken_notes(printed),
    )
    return with_second(whole, pair, depth) if pair else whole


def step_section(printed: PrintedBridge, step: str, key: str, detail: PrintedDetail | None = None) -> Section:
    """One step by its most telling dimension, or in one sentence where there is none."""
    shown = detail or detail_for(printed, step)
    if shown is None:
        return _undivided(printed, step, key)
    bars = detail_bars(shown)
    return Section(
        key=key,
        title=detail_title(shown),
        subtitle=detail_subtitle(shown),
        chart=waterfall_chart(bars, detail_alt(shown, bars)),
        comment=detail_comment(shown),
        table=detail_table(shown),
    )


def absent_section(printed: PrintedBridge, name: str, key: str) -> Section:
    """A step that this bridge does not have, in a sentence: merged into another one, or no longer there."""
    spoken, positions = (
        language(printed.locale),
        [n for n, s in enumerate(printed.bridge.equation.steps) if s.name == name],
    )
    whole = next((leaf.name for leaf in printed.bridge.plan.leaves if {*positions} & {*leaf.members}), None)
    said = text(spoken, "step_merged", step=name, whole=whole) if whole else text(spoken, "step_gone", step=name)
    return Section(key, (Text(capitalised(name)),), comment=((Text(said),),))


def unsearched_section(printed: PrintedBridge, key: str = "segments") -> Section:
    """Found segments where nobody searched, in a sentence."""
    return Section(key, (), comment=((Text(printed.words.text("segments_unsearched")),),))


def main_detail(printed: PrintedBridge) -> PrintedDetail | None:
    """The step with the largest contribution that a dimension can explain, by its best dimension."""
    ranked = sorted(printed.steps, key=lambda step: -abs(step.contribution))
    details = (detail_for(printed, step.name) for step in ranked)
    return next((detail for detail in details if detail), None)


def _undivided(printed: PrintedBridge, name: str, key: str) -> Section:
    step = printed.step(name)
    change = printed.numbers.change(step.units) if printed.is_defined else printed.change_text
    subtitle = printed.words.text("detail_subtitle", kpi=printed.kpi_inside, change=change)
    moved = (Text(arrow(step.from_text, step.to_text)),) if step.base is not None or step.current is not None else ()
    notes = step_notes(printed, step)
    return Section(key, (Text(capitalised(step.label)),), subtitle, comment=(moved,) if moved else (), notes=notes)


def waterfall_chart(bars: Waterfall, alt: str) -> Chart:
    """The bars as a section's chart, for the page and for a phone."""
    return Chart(
        draw=partial(_drawn, bars),
        alt=alt,
        draw_narrow=partial(_drawn, bars, NARROW_WIDTH, "rows"),
        bars=tuple(_native(bars, index) for index in range(len(bars.bars))),
        redraw=partial(_drawn, bars),
    )


def _drawn(bars: Waterfall, width: float = PAGE_WIDTH, form: Form = "auto") -> dict[str, Any]:
    return specification(draw(bars, width=width, form=form))


def _native(bars: Waterfall, index: int) -> ChartBar:
    bar = bars.bars[index]
    group = next((group.label for group in bars.groups if group.first <= index <= group.last), "")
    return ChartBar(bar.label, bar.start, bar.end, bar.printed, bar.tone, bar.is_total, group)


def against(printed: PrintedBridge) -> str:
    """What is compared: "November 2026 against October 2026"."""
    return against_label(printed.bridge.comparison, printed.locale)


def _subtitle(printed: PrintedBridge, where: Mapping[str, Condition]) -> str:
    spoken = language(printed.locale)
    parts = [capitalised(against(printed))]
    if where:
        parts.append(
            text(spoken, "subtitle_where", conditions=", ".join(_condition(printed, *item) for item in where.items()))
        )
    parts.append(text(spoken, "subtitle_method", method=METHODS[printed.bridge.method]))
    return " · ".join(parts)


def _condition(printed: PrintedBridge, name: str, wanted: Condition) -> str:
    column = printed.label(name)
    signs = wanted if isinstance(wanted, dict) else {"=": wanted}
    return " ".join(f"{column} {sign} {_values(value)}" for sign, value in signs.items())


def _values(value: Scalar | list[Scalar]) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(NOT_SET if value is None else str(value) for value in values)


def spoken_notes(printed: PrintedBridge) -> tuple[str, ...]:
    """The engine's notes in the reader's language."""
    return tuple(note_text(note, printed.locale) for note in printed.bridge.notes)


def steps_table(printed: PrintedBridge) -> Table:
    """Step, from, to, impact, percent of base; the last row is the KPI."""
    spoken, numbers = language(printed.locale), printed.numbers
    names = ("column_step", "column_base", "column_current", "column_impact", "column_percent")
    rows: list[tuple[Text, ...]] = [
        (
            Text(step.heading),
            Text(step.from_text),
            Text(step.to_text),
            Text(numbers.change(step.units), cell_tone(step.units, step.polarity)),
            Text(printed.share_text(step.share), "muted"),
        )
        for step in printed.steps
    ]
    rows.append(
        (
            Text(printed.kpi, "strong"),
            Text(printed.base_text, "strong"),
            Text(printed.current_text, "strong"),
            Text(printed.change_text, text_tone(printed.tone)),
            Text("" if numbers.is_rate else printed.change_percent, "strong"),
        )
    )
    values: list[Values] = [(None, step.base, step.current, step.contribution, step.share) for step in printed.steps]
    return _table([text(spoken, name) for name in names], rows, values, without_last=numbers.is_rate)


def detail_table(detail: PrintedDetail) -> Table:
    """A row a segment; for a ratio with share, own value, performance, mix and total; the last row is the step."""
    spoken = language(detail.whole.locale)
    head = [capitalised(detail.dimension_label)]
    if detail.has_mix:
        head += [text(spoken, "column_share", weight=detail.weight_label), capitalised(detail.step.label)]
        head += [text(spoken, f"column_{part}") for part in ("performance", "mix", "total")]
        rows = [_ratio_row(detail, segment) for segment in detail.segments]
    else:
        head += [text(spoken, name) for name in ("column_base", "column_current", "column_impact")]
        rows = [_volume_row(detail, segment) for segment in detail.segments]
    return _table(head, [*rows, _all_row(detail)], [_segment_values(detail, segment) for segment in detail.segments])


def _segment_values(detail: PrintedDetail, segment: PrintedSegment) -> Values:
    """What a reader sorts by: where two values stand in a cell, the current one."""
    if not detail.has_mix:
        return (None, segment.base, segment.current, segment.effect)
    return (
        None,
        segment.current_share,
        segment.current,
        segment.performance_effect,
        segment.mix_effect,
        segment.effect,
    )


def _ratio_row(detail: PrintedDetail, segment: PrintedSegment) -> tuple[Text, ...]:
    share = arrow(segment.share_from, segment.share_to)
    own = "" if segment.others or segment.kind == "overlap" else arrow(segment.from_text, segment.to_text)
    effects = (segment.performance, segment.mix, segment.total)
    return (_name_cell(detail, segment), Text(share), Text(own), *(_effect(detail, units) for units in effects))


def _volume_row(detail: PrintedDetail, segment: PrintedSegment) -> tuple[Text, ...]:
    values = ("", "") if segment.others else (segment.from_text, segment.to_text)
    return (_name_cell(detail, segment), *map(Text, values), _effect(detail, segment.total))


def _all_row(detail: PrintedDetail) -> tuple[Text, ...]:
    step, name = detail.step, Text(text(language(detail.whole.locale), "row_all"), "strong")
    if not detail.has_mix:
        return (name, Text(step.from_text, "strong"), Text(step.to_text, "strong"), _effect(detail, step.units))
    own = Text(arrow(step.from_text, step.to_text), "strong")
    return (name, Text(""), own, *(_effect(detail, units) for units in (detail.performance, detail.mix, step.units)))


def _name_cell(detail: PrintedDetail, segment: PrintedSegment) -> Text:
    kind = kind_label(segment, detail)
    return Text(segment_label(segment, detail) + (f" ({kind})" if kind else ""))


def _effect(detail: PrintedDetail, units: int) -> Text:
    return Text(detail.whole.numbers.change(units), cell_tone(units, detail.step.polarity))


def cell_tone(units: float, polarity: int) -> Literal["good", "bad", "plain"]:
    """The tone of a printed effect."""
    colour = tone(units, polarity)
    return "good" if colour == "good" else "bad" if colour == "bad" else "plain"


def _table(head: list[str], rows: list[tuple[Text, ...]], values: list[Values], *, without_last: bool = False) -> Table:
    """A table with its last row as total, which has no values to sort by."""
    width = len(head) - (1 if without_last else 0)
    return Table(
        columns=tuple(head[:width]),
        aligns=("left", *RIGHT * (width - 1)),
        rows=tuple(row[:width] for row in rows),
        has_total=True,
        values=tuple(row[:width] for row in [*values, (None,) * width]),
    )


def option_label(section: Section, locale: str) -> str:
    """What a section is called in a list of choices: the same step may be there as a bridge and as moves."""
    label = _own_label(section, language(locale))
    return f"{section.part}: {label}" if section.part and section.part != label else label


def _own_label(section: Section, spoken: str) -> str:
    if section.title:
        named = section.key.partition(".")[0] in NAMED_VIEWS
        return f"{_view_name(section.key, spoken)}: {plain(section.title)}" if named else plain(section.title)
    part = "chart" if section.chart else "table" if section.table else "comment"
    name = section.key.partition(":")[2] or _view_name(section.key, spoken)
    return f"{name}: {text(spoken, f'part_{part}')}"


def _view_name(key: str, spoken: str) -> str:
    view = key.partition(".")[0]
    return text(spoken, f"view_{view}") if f"view_{view}" in CATALOGUES[spoken] else key


def with_own_keys(sections: Iterable[Section]) -> tuple[Section, ...]:
    """The sections with a number behind a key that came before."""
    named: dict[str, Section] = {}
    for section in sections:
        key = next(key for key in _keys(section.key) if key not in named)
        named[key] = section if key == section.key else replace(section, key=key)
    return tuple(named.values())


def _keys(key: str) -> Iterator[str]:
    """The key, and what it may become: "funnel", "funnel.2" and so on."""
    bare, dot, number = key.rpartition(".")
    first = bare if dot and number.isdigit() and bare in CHARTED_VIEWS else key
    yield key
    yield from (f"{first}.{number}" for number in count(2))
