"""A report as slides (PPTX): a view a slide, waterfalls as native charts that can be edited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import groupby
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Inches, Pt

from core.model.document import Chart, ChartBar, Line, Report, Section, Table, Text, plain
from core.report.bars import axis_floor
from core.report.cut import cut
from core.report.footing import footing
from core.report.images import in_xml, png
from core.report.messages import text
from core.report.numbers import language
from core.report.theme import LIGHT
from core.report.widths import shortened, stands_beside, text_width

WIDTH, HEIGHT, MARGIN = Inches(13.333), Inches(7.5), Inches(0.6)
ROOM = WIDTH - 2 * MARGIN
BLANK = 6
"""The layout of python-pptx's own template that holds nothing."""
FACE = "Arial"
"""The typeface that every office program has, or one as wide."""
WIDER = 1.1
"""How much wider it runs than the one that widths are reckoned for."""
PX_PT, EMU_PX = 96 / 72, 9525
TITLE_SIZES = (26, 22, 19, 16, 13)
SUBTITLE_PT, BODY_PT, SMALL_PT = 14, 14, 10
ALERT_SIZES, ALERT_ROOM, LEADING = (24, 20, 16, 13, 11), Inches(5), 1.2
"""An alert's sizes, of which a digest may have a long one; its place; how high a line is, in sizes."""
MOST_ROWS = 12
LABEL_ROOM = 0.07
MOST_BESIDE = 0.6
"""How much of the width a chart takes beside its text."""
TONES = {"good": LIGHT.good_text, "bad": LIGHT.bad_text, "muted": LIGHT.muted}
FILLS = {"total": LIGHT.total, "good": LIGHT.good, "bad": LIGHT.bad, "rest": LIGHT.rest}
SERIES = {"total": "deck_level", "good": "deck_good", "bad": "deck_bad", "rest": "deck_rest"}


def deck(report: Report) -> bytes:
    """The slides as a file: the alert first where there is one, then each section."""
    file = Presentation()
    file.slide_width, file.slide_height = WIDTH, HEIGHT
    about = file.core_properties
    about.title, about.author, about.created = report.name, "Bridgecast", report.rendered_at.replace(tzinfo=None)
    about.modified, about.last_modified_by, about.language = about.created, "Bridgecast", language(report.locale)
    if report.alert:
        _alert_slide(file, report)
    for section in report.sections:
        _slide(file, report, section)
    written = BytesIO()
    file.save(written)
    return written.getvalue()


def slide_titles(report: Report) -> list[str]:
    """What its slides are called, in order."""
    alert = [text(language(report.locale), "view_alert")] if report.alert else []
    return alert + [plain(_title(report, section)) for section in report.sections]


def _title(report: Report, section: Section) -> Line:
    return section.title or (Text(report.name),)


def _alert_slide(file: Any, report: Report) -> None:
    slide = _blank(file, report)
    _write(
        slide, (Text(text(language(report.locale), "view_alert")),), Inches(0.5), Inches(0.7), TITLE_SIZES[0], bold=True
    )
    size = next((size for size in ALERT_SIZES if _lines([report.alert], size) * Pt(size) * LEADING <= ALERT_ROOM), None)
    _write(slide, report.alert, Inches(1.6), ALERT_ROOM, size or ALERT_SIZES[-1])


def _slide(file: Any, report: Report, section: Section) -> None:
    slide = _blank(file, report)
    title = _title(report, section)
    size = next((size for size in TITLE_SIZES if _width(title, size, bold=True) <= ROOM), TITLE_SIZES[-1])
    head = _write(slide, title, Inches(0.4), Inches(1.05), size, bold=True)
    if section.subtitle:
        # In one frame with the title: where another typeface needs a second line for that, they do not overlap.
        _fill(head.add_paragraph(), (Text(section.subtitle, "muted"),), SUBTITLE_PT)
        head.paragraphs[1].space_before = Pt(6)
    lines = [*section.comment, *((Text(note, "muted"),) for note in section.notes)]
    floor = HEIGHT - Inches(0.6)
    top = Inches(1.5)
    below = min(Inches(0.3) * _lines(lines) + (Inches(0.15) if lines else 0), Inches(2.4))
    room = floor - top - below
    if section.chart and lines and _is_tall(section.chart, room):
        right = _draw_beside(slide, section.chart, top, floor - top)
        _write_all(slide, lines, top, floor - top, right, WIDTH - MARGIN - right)
        return
    if section.chart:
        _draw(slide, report, section.chart, top, room)
    elif section.table:
        _tabulate(slide, cut(section.table, MOST_ROWS, report.locale), top)
    if lines:
        stands = floor - below if section.chart or section.table else top
        _write_all(slide, lines, stands, below)


def _is_tall(chart: Chart, height: int) -> bool:
    """Whether a picture would become small above its text."""
    return not chart.bars and stands_beside(chart.spec["width"] / chart.spec["height"], ROOM, height)


def _draw_beside(slide: Any, chart: Chart, top: int, height: int) -> int:
    """The chart to the left, as high as the slide allows; where the text begins."""
    picture = _fitted(slide, chart, top, height, MOST_BESIDE * ROOM)
    _describe(picture, chart)
    return int(MARGIN + picture.width + Inches(0.4))


def _lines(lines: Sequence[Line], size: int = BODY_PT) -> int:
    """How many lines a text will take."""
    return sum(1 + int(_width(line, size) // ROOM) for line in lines)


def _width(line: Line, size: int, *, bold: bool = False) -> float:
    return text_width(plain(line), size * PX_PT, bold=bold) * WIDER * EMU_PX


def _blank(file: Any, report: Report) -> Any:
    slide = file.slides.add_slide(file.slide_layouts[BLANK])
    _write(slide, (Text(footing(report), "muted"),), HEIGHT - Inches(0.5), Inches(0.3), SMALL_PT)
    return slide


def _write(slide: Any, line: Line, top: int, height: int, size: int, *, bold: bool = False) -> Any:
    frame = _frame(slide, top, height)
    _fill(frame.paragraphs[0], line, size, bold=bold)
    return frame


def _write_all(slide: Any, lines: Iterable[Line], top: int, height: int, left: int = MARGIN, width: int = ROOM) -> None:
    frame = _frame(slide, top, height, left, width)
    for number, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(3)
        _fill(paragraph, line, BODY_PT)


def _frame(slide: Any, top: int, height: int, left: int = MARGIN, width: int = ROOM) -> Any:
    frame = slide.shapes.add_textbox(left, top, width, height).text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.vertical_anchor = MSO_ANCHOR.TOP
    return frame


def _fill(paragraph: Any, line: Line, size: int, *, bold: bool = False) -> None:
    for part in line:
        run = paragraph.add_run()
        run.text = _printable(part.text)
        run.font.size, run.font.name = Pt(size), FACE
        run.font.bold = bold or part.tone == "strong"
        run.font.color.rgb = _colour(TONES.get(part.tone, LIGHT.ink))


def _draw(slide: Any, report: Report, chart: Chart, top: int, height: int) -> None:
    shape = _native(slide, report, chart.bars, top, height) if chart.bars else _fitted(slide, chart, top, height)
    _describe(shape, chart)


def _describe(shape: Any, chart: Chart) -> None:
    shape._element.xpath(".//p:cNvPr")[0].set("descr", _printable(chart.alt))


def _fitted(slide: Any, chart: Chart, top: int, height: int, width: float = ROOM) -> Any:
    """The chart as a picture, as large as its place allows."""
    picture = slide.shapes.add_picture(BytesIO(png(chart.spec)), MARGIN, top)
    factor = min(width / picture.width, height / picture.height)
    picture.width, picture.height = Emu(int(picture.width * factor)), Emu(int(picture.height * factor))
    return picture


@dataclass(frozen=True)
class _Stack:
    """A bar as it is stacked: an unseen part, and what is seen of it above and below 0."""

    unseen: float
    seen: float
    rest: float

    @classmethod
    def of(cls, bar: ChartBar) -> _Stack:
        low, high = min(bar.start, bar.end), max(bar.start, bar.end)
        if low >= 0:
            return cls(low, high - low, 0.0)
        if high <= 0:
            return cls(high, low - high, 0.0)
        return cls(0.0, high, low)


def _native(slide: Any, report: Report, bars: Sequence[ChartBar], top: int, height: int) -> Any:
    """A column chart, stacked so that the bars float, with room for a figure at each bar's end."""
    stacks = [_Stack.of(bar) for bar in bars]
    series = _series(bars, stacks)
    say = partial(text, language(report.locale))
    data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    _name(data, bars)
    data.add_series(say("deck_below"), [stack.unseen for stack in stacks])
    for tone, values in series:
        data.add_series(say(SERIES[tone]), values)
    data.add_series(say("deck_room"), _label_room(bars, stacks))
    shape = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_STACKED, MARGIN, top, ROOM, height, data)
    _style(shape.chart, bars, [tone for tone, _ in series])
    return shape


def _name(data: Any, bars: Sequence[ChartBar]) -> None:
    """The bars' names, under their headings where they have some."""
    names = [_printable(shortened(bar.label, 12, 150)) for bar in bars]
    if not any(bar.group for bar in bars):
        data.categories = names
        return
    for group, members in groupby(zip(bars, names, strict=True), key=lambda pair: pair[0].group):
        heading = data.add_category(_printable(group) or " ")
        for _, name in members:
            heading.add_sub_category(name)


def _series(bars: Sequence[ChartBar], stacks: Sequence[_Stack]) -> list[tuple[str, list[float | None]]]:
    """The seen parts by tone; a tone whose bars cross 0 has a second series for what lies below."""
    both = list(zip(bars, stacks, strict=True))
    above = [(tone, [s.seen if b.tone == tone else None for b, s in both]) for tone in FILLS]
    below = [(tone, [(s.rest or None) if b.tone == tone else None for b, s in both]) for tone in FILLS]
    return [(tone, values) for tone, values in (*above, *below) if any(value is not None for value in values)]


def _label_room(bars: Sequence[ChartBar], stacks: Sequence[_Stack]) -> list[float]:
    """What is stacked on each bar, unseen, to carry its figure: above it, or beneath one that lies below 0."""
    levels = [level for bar in bars for level in (bar.start, bar.end)]
    size = LABEL_ROOM * ((max(levels) - min(levels)) or 1.0)
    return [-size if stack.unseen + stack.seen < 0 else size for stack in stacks]


def _style(chart: Any, bars: Sequence[ChartBar], tones: Sequence[str]) -> None:
    chart.has_legend, chart.has_title = False, False
    chart.font.size, chart.font.name = Pt(12), FACE
    chart.font.color.rgb = _colour(LIGHT.ink)
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 45, 100
    unseen, *series, room = plot.series
    unseen.format.fill.background()
    room.format.fill.background()
    for one, tone in zip(series, tones, strict=True):
        one.format.fill.solid()
        one.format.fill.fore_color.rgb = _colour(FILLS[tone])
    for index, bar in enumerate(bars):
        _label(room.points[index].data_label, bar)
    _axes(chart, bars)


def _label(label: Any, bar: ChartBar) -> None:
    label.has_text_frame = True
    label.text_frame.text = _printable(bar.printed)
    label.position = XL_LABEL_POSITION.INSIDE_BASE
    run = label.text_frame.paragraphs[0].runs[0]
    run.font.size, run.font.bold, run.font.name = Pt(12), True, FACE
    run.font.color.rgb = _colour(TONES.get(bar.tone, LIGHT.ink))


def _axes(chart: Any, bars: Sequence[ChartBar]) -> None:
    levels = chart.value_axis
    levels.visible, levels.has_major_gridlines = False, False
    floor = axis_floor([bar.end for bar in bars] + [bar.start for bar in bars if not bar.is_total])
    if floor > 0:
        levels.minimum_scale = floor
    elif floor < 0:
        levels.maximum_scale = floor
    names = chart.category_axis
    names.has_major_gridlines, names.major_tick_mark = False, XL_TICK_MARK.NONE
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.format.line.color.rgb = _colour(LIGHT.line)


def _tabulate(slide: Any, table: Table, top: int) -> None:
    rows = table.rows
    shape = slide.shapes.add_table(len(rows) + 1, len(table.columns), MARGIN, top, ROOM, Inches(0.36) * (len(rows) + 1))
    for column, name in enumerate(table.columns):
        _cell(shape.table.cell(0, column), Text(name, "strong"), table.aligns[column], is_head=True)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            _cell(shape.table.cell(number, column), cell, table.aligns[column])


def _cell(cell: Any, said: Text, align: str, *, is_head: bool = False) -> None:
    paragraph = cell.text_frame.paragraphs[0]
    _fill(paragraph, (said,), 12, bold=is_head)
    paragraph.alignment = PP_ALIGN.RIGHT if align == "right" else PP_ALIGN.LEFT
    cell.fill.solid()
    cell.fill.fore_color.rgb = _colour("#eef2f7" if is_head else "#ffffff")


def _printable(said: str) -> str:
    """Without what XML cannot hold, in one line."""
    return re.sub(r"[\t\r\n]+", " ", in_xml(said))


def _colour(code: str) -> RGBColor:
    return RGBColor(*bytes.fromhex(code.removeprefix("#")))  # type: ignore[no-untyped-call]
