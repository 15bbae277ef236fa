"""The funnel: every step's value on both sides, how much it changed, its numerator and its denominator."""

from __future__ import annotations

import altair as alt

from core.model.document import Line, Section, Table, Text, Tone
from core.report.bars import arrow
from core.report.chart import NARROW_WIDTH, PAGE_WIDTH
from core.report.dates import both_labels
from core.report.drawn import drawn, section_chart
from core.report.layout_funnel import funnel_picture
from core.report.picture import spoken_tone
from core.report.printed import PrintedBridge, within_sentence
from core.report.printed_funnel import Level, levels
from core.report.sections import RIGHT, against, spoken_notes
from core.report.theme import ThemeName

MOST_SAID = 3


def funnel_chart(
    printed: PrintedBridge,
    *,
    theme: ThemeName = "light",
    selectable: bool = False,
    width: float = PAGE_WIDTH,
    is_narrow: bool = False,
) -> alt.LayerChart:
    """The funnel; `selectable` adds a click selection "pick" by step, "" for the KPI. is_narrow: for a phone."""
    picture = funnel_picture(levels(printed), _sides(printed), width, is_narrow=is_narrow)
    return drawn(picture, theme=theme, selectable=selectable)


def funnel_section(printed: PrintedBridge, key: str = "funnel") -> Section:
    """The funnel as a section of a report."""
    rows, sides = levels(printed), _sides(printed)
    wide = funnel_picture(rows, sides, PAGE_WIDTH)
    narrow = funnel_picture(rows, sides, NARROW_WIDTH, is_narrow=True)
    return Section(
        key=key,
        title=funnel_title(printed),
        subtitle=against(printed),
        chart=section_chart(wide, narrow, funnel_alt(printed)),
        comment=funnel_comment(printed),
        table=funnel_table(printed),
        notes=spoken_notes(printed),
    )


def funnel_title(printed: PrintedBridge) -> Line:
    """Which step changed most, in percent of itself."""
    steps = [row for row in levels(printed) if row.change and not row.is_total]
    if not steps:
        return (Text(printed.words.text("funnel_plain", kpi=printed.kpi)),)
    most = max(steps, key=lambda row: abs(row.change or 0.0))
    change = Text(most.change_text, spoken_tone(most.tone))
    return printed.words.phrase("funnel_title", kpi=printed.kpi, step=_inside(printed, most), change=change)


def funnel_comment(printed: PrintedBridge) -> tuple[Line, ...]:
    """Steps in the order of their impact: how much each one changed, and what its numerator and denominator did."""
    steps = sorted((row for row in levels(printed) if row.change and not row.is_total), key=lambda row: -abs(row.units))
    return tuple(_said(printed, row) for row in steps[:MOST_SAID])


def _said(printed: PrintedBridge, row: Level) -> Line:
    changes = ", ".join(filter(None, (row.change_text, row.points)))
    step, change = Text(row.label, "strong"), Text(changes, spoken_tone(row.tone))
    if len(row.parts) < 2:
        return printed.words.phrase("funnel_volume", step=step, change=change)
    top, bottom = (f"{part.label} {part.change_text}" for part in row.parts)
    return printed.words.phrase("funnel_ratio", step=step, change=change, top=top, bottom=bottom)


def funnel_table(printed: PrintedBridge) -> Table:
    """Step, from, to, change in percent, impact, numerator, denominator; the last row is the KPI."""
    rows, words = levels(printed), printed.words
    has_parts = any(row.parts for row in rows)
    names = ["column_step", "column_base", "column_current", "column_change", "column_impact"]
    names += ["column_top", "column_bottom"] if has_parts else []
    return Table(
        columns=tuple(words.text(name) for name in names),
        aligns=("left", *RIGHT * len(names[1:])),
        rows=tuple(_cells(row)[: len(names)] for row in rows),
        has_total=len(rows) > 1,
        values=tuple(_values(row)[: len(names)] for row in rows),
    )


def _cells(row: Level) -> tuple[Text, ...]:
    weight: Tone = "strong" if row.is_total else "plain"
    parts = [Text(f"{part.label} {arrow(part.from_text, part.to_text)}") for part in row.parts] or [Text(""), Text("")]
    tone = spoken_tone(row.tone)
    return (
        Text(row.label, weight),
        Text(row.from_text, weight),
        Text(row.to_text, weight),
        Text(row.change_text, tone),
        Text(row.impact, tone),
        *parts,
    )


def _values(row: Level) -> tuple[float | None, ...]:
    top, bottom = (row.parts[0].current, row.parts[1].current) if row.parts else (None, None)
    return (None, row.base, row.current, row.change, float(row.units), top, bottom)


def _inside(printed: PrintedBridge, row: Level) -> str:
    return within_sentence(row.label, printed.locale)


def funnel_alt(printed: PrintedBridge) -> str:
    """Alternative text: every row's values and changes."""
    base, current = _sides(printed)
    rows = "; ".join(f"{row.label} {arrow(row.from_text, row.to_text)} ({row.change_text})" for row in levels(printed))
    return printed.words.text("alt_funnel", kpi=printed.kpi_inside, base=base, current=current, rows=rows)


def _sides(printed: PrintedBridge) -> tuple[str, str]:
    return both_labels(printed.bridge.comparison, printed.locale)
