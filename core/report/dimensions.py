"""Dimensions compared: which one splits a step most, by the range of its segments' own effects and by the mix."""

from __future__ import annotations

import altair as alt

from core.model.document import Line, Section, Table, Text
from core.report.chart import NARROW_WIDTH, PAGE_WIDTH
from core.report.dates import both_labels
from core.report.drawn import drawn, section_chart
from core.report.layout_dimensions import dimensions_picture, spread_said
from core.report.numbers import digits
from core.report.printed import PrintedBridge, capitalised, within_sentence
from core.report.printed_detail import PrintedSegment
from core.report.printed_dimensions import MOST_ROWS, Compared, Spread, compared
from core.report.sections import RIGHT, cell_tone
from core.report.theme import ThemeName


def dimensions_chart(
    printed: PrintedBridge,
    *,
    theme: ThemeName = "light",
    selectable: bool = False,
    width: float = PAGE_WIDTH,
    is_narrow: bool = False,
    most: int = MOST_ROWS,
) -> alt.LayerChart | None:
    """About `most` rows of steps and dimensions; None where no dimension can explain any step.

    selectable: adds a click selection "pick" by step and dimension. is_narrow: for a phone.
    """
    groups = compared(printed, most)
    if not groups:
        return None
    picture = dimensions_picture(groups, printed.words, width, is_narrow=is_narrow)
    return drawn(picture, theme=theme, selectable=selectable)


def dimensions_section(printed: PrintedBridge, key: str = "dimensions") -> Section:
    """The comparison as a section of a report; one sentence where there is nothing to compare."""
    groups, words = compared(printed), printed.words
    if not groups:
        return Section(key, _plain_title(printed), comment=((Text(words.text("dimensions_none")),),))
    base, current = both_labels(printed.bridge.comparison, printed.locale)
    wide = dimensions_picture(groups, words, PAGE_WIDTH)
    narrow = dimensions_picture(groups, words, NARROW_WIDTH, is_narrow=True)
    return Section(
        key=key,
        title=dimensions_title(printed, groups),
        subtitle=words.text("dimensions_subtitle", kpi=printed.kpi_inside, base=base, current=current),
        chart=section_chart(wide, narrow, dimensions_alt(printed, groups)),
        comment=dimensions_comment(printed, groups),
        table=dimensions_table(printed, groups),
    )


def dimensions_title(printed: PrintedBridge, groups: tuple[Compared, ...]) -> Line:
    """Which dimension splits the step with the largest contribution, and between which segments."""
    group = _main(groups)
    spread = group.spreads[0]
    if not _has_range(spread):
        return _plain_title(printed)
    return printed.words.phrase(
        "dimensions_title",
        dimension=capitalised(spread.detail.dimension_label),
        step=within_sentence(group.step.label, printed.locale),
        low_segment=spread.lowest.name,
        low=_figure(spread, spread.lowest),
        high_segment=spread.highest.name,
        high=_figure(spread, spread.highest),
    )


def dimensions_comment(printed: PrintedBridge, groups: tuple[Compared, ...]) -> tuple[Line, ...]:
    """The best dimension of each step, in the order of the steps' contributions."""
    ordered = sorted(groups, key=lambda group: -abs(group.step.contribution))
    return tuple(_said(printed, group, group.spreads[0]) for group in ordered if _has_range(group.spreads[0]))


def _has_range(spread: Spread) -> bool:
    """Whether its ends are two segments whose printed effects differ."""
    return spread.units(spread.lowest) != spread.units(spread.highest)


def _said(printed: PrintedBridge, group: Compared, spread: Spread) -> Line:
    return printed.words.phrase(
        "dimensions_said_mix" if spread.has_mix else "dimensions_said",
        step=Text(group.step.heading, "strong"),
        dimension=spread.detail.dimension_label,
        low=_figure(spread, spread.lowest),
        low_segment=spread.lowest.name,
        high=_figure(spread, spread.highest),
        high_segment=spread.highest.name,
        mix=_effect(spread, spread.detail.mix),
    )


def dimensions_table(printed: PrintedBridge, groups: tuple[Compared, ...]) -> Table:
    """Step, dimension, segments, lowest, highest, mix, interest; a row a step and dimension."""
    names = ("step", "dimension", "segments", "lowest", "highest", "mix", "interest")
    rows = [(group, spread) for group in groups for spread in group.spreads]
    return Table(
        columns=tuple(printed.words.text(f"column_{name}") for name in names),
        aligns=("left", "left", *RIGHT * len(names[2:])),
        rows=tuple(_cells(group, spread) for group, spread in rows),
        values=tuple(_values(spread) for _, spread in rows),
    )


def _cells(group: Compared, spread: Spread) -> tuple[Text, ...]:
    locale = spread.detail.whole.locale
    return (
        Text(group.step.heading),
        Text(spread.detail.dimension_label),
        Text(digits(spread.segments, 0, locale)),
        _named(spread, spread.lowest),
        _named(spread, spread.highest),
        _effect(spread, spread.detail.mix) if spread.has_mix else Text(""),
        Text(spread.interest_text, "muted"),
    )


def _values(spread: Spread) -> tuple[float | None, ...]:
    ends = (float(spread.units(segment)) for segment in (spread.lowest, spread.highest))
    mix = float(spread.detail.mix) if spread.has_mix else None
    return (None, None, float(spread.segments), *ends, mix, spread.interest)


def dimensions_alt(printed: PrintedBridge, groups: tuple[Compared, ...]) -> str:
    """Alternative text: every row's ends and mix."""
    rows = "; ".join(spread_said(group, spread, printed.words) for group in groups for spread in group.spreads)
    return printed.words.text("alt_dimensions", kpi=printed.kpi_inside, rows=rows)


def _main(groups: tuple[Compared, ...]) -> Compared:
    return max(groups, key=lambda group: abs(group.step.contribution))


def _plain_title(printed: PrintedBridge) -> Line:
    return (Text(printed.words.text("dimensions_plain", kpi=printed.kpi)),)


def _named(spread: Spread, segment: PrintedSegment) -> Text:
    figure = _figure(spread, segment)
    return Text(f"{segment.name} {figure.text}", figure.tone)


def _figure(spread: Spread, segment: PrintedSegment) -> Text:
    return _effect(spread, spread.units(segment))


def _effect(spread: Spread, units: int) -> Text:
    return Text(spread.detail.whole.numbers.change(units), cell_tone(units, spread.detail.step.polarity))
