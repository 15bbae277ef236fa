"""A report as PDF: a page a view, or one long page for a list; text stays text, charts stay lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

import vl_convert
from pypdf import PdfReader, PdfWriter

from core.model.document import Chart, Line, Report, Section, Table, Text
from core.report.cut import cut
from core.report.footing import footing
from core.report.images import in_xml, inside
from core.report.messages import text
from core.report.numbers import language
from core.report.theme import FONT, LIGHT
from core.report.widths import shortened, stands_beside, text_width

WIDTH, HEIGHT, MARGIN = 1280.0, 720.0, 56.0
ROOM = WIDTH - 2 * MARGIN
TITLE, SUBTITLE, BODY, SMALL, CELL = 30.0, 16.0, 17.0, 12.0, 14.0
ALERTS = (22.0, 18.0, 15.0, 12.0)
"""The sizes of an alert, of which a digest may have a long one."""
LEADING = 1.45
MOST_CHART = 420.0
MOST_BESIDE, GAP = 0.6, 36.0
"""How much of the width a chart takes beside its text, and the space between them."""
MOST_ROWS, ROWS_BESIDES = 40, 3
"""Head, total and the row that tells of those left out come besides."""
ROW = CELL * 1.9
SPACE, SECTION_SPACE = 14.0, 20.0
TONES = {"good": LIGHT.good_text, "bad": LIGHT.bad_text, "muted": LIGHT.muted}


@dataclass(frozen=True)
class _Block:
    """A piece of a page: its height, and its SVG with y counted from its own top."""

    height: float
    svg: str


def paper(report: Report) -> bytes:
    """The report as a file."""
    if report.layout == "list":
        blocks = _alert(report)
        for section in report.sections:
            blocks += [*([_Block(SECTION_SPACE, "")] if blocks else []), *_section(report, section, HEIGHT * 4)]
        pages = [_page(report, blocks, is_long=True)]
    else:
        pages = [_page(report, _alert(report))] if report.alert else []
        pages += [_page(report, _section(report, section, HEIGHT)) for section in report.sections]
    return _bound(report, pages)


def _bound(report: Report, pages: Iterable[str]) -> bytes:
    writer = PdfWriter()
    for page in pages:
        writer.append(PdfReader(BytesIO(vl_convert.svg_to_pdf(page))))
    writer.add_metadata({"/Title": report.name, "/Producer": "Bridgecast", "/Creator": "Bridgecast"})
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def _page(report: Report, blocks: Sequence[_Block], *, is_long: bool = False) -> str:
    y, pieces = MARGIN, []
    for block in blocks:
        pieces.append(f'<g transform="translate({MARGIN:g},{y:.1f})">{block.svg}</g>')
        y += block.height + SPACE
    height = max(HEIGHT, y + MARGIN) if is_long else HEIGHT
    foot = _words((Text(shortened(footing(report), SMALL, ROOM), "muted"),), SMALL, MARGIN, height - MARGIN / 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH:g} {height:.0f}"><rect width="{WIDTH:g}" height="{height:.0f}" fill="#ffffff"/>'
        f"{''.join(pieces)}{foot}</svg>"
    )


def _alert(report: Report) -> list[_Block]:
    if not report.alert:
        return []
    head = _paragraph((Text(text(language(report.locale), "view_alert")),), TITLE, bold=True)
    room = HEIGHT - 2 * MARGIN - head.height - SPACE - SMALL
    sizes = [_paragraph(report.alert, size) for size in ALERTS]
    return [head, next((told for told in sizes if told.height <= room), sizes[-1])]


def _section(report: Report, section: Section, room: float) -> list[_Block]:
    title = section.title or (Text(report.name),)
    blocks = [_paragraph(title, TITLE, bold=True)]
    if section.subtitle:
        blocks.append(_paragraph((Text(section.subtitle, "muted"),), SUBTITLE))
    told = _told(section)
    left = room - 2 * MARGIN - sum(block.height + SPACE for block in (*blocks, *told)) - SMALL
    if section.chart and told and _is_tall(section.chart, min(left, MOST_CHART)):
        high = min(room, HEIGHT) - 2 * MARGIN - sum(block.height + SPACE for block in blocks) - SMALL
        return [*blocks, _beside(section, section.chart, high)]
    if section.chart:
        blocks.append(_chart(section, max(160.0, min(left, MOST_CHART if room > HEIGHT else left))))
    elif section.table:
        fitting = int(left // ROW) - ROWS_BESIDES
        blocks.append(_table(cut(section.table, max(1, min(fitting, MOST_ROWS)), report.locale)))
    return blocks + told


def _is_tall(chart: Chart, height: float) -> bool:
    """Whether a chart would become small above its text."""
    return stands_beside(chart.spec["width"] / chart.spec["height"], ROOM, height)


def _beside(section: Section, chart: Chart, height: float) -> _Block:
    """The chart to the left, and what is told to the right of it."""
    width = min(MOST_BESIDE * ROOM, height * chart.spec["width"] / chart.spec["height"])
    drawn, high = inside(chart.spec, width, height)
    told = _told(section, ROOM - width - GAP)
    y, pieces = 0.0, []
    for block in told:
        pieces.append(f'<g transform="translate({width + GAP:.1f},{y:.1f})">{block.svg}</g>')
        y += block.height + SPACE
    return _Block(max(high, y), drawn + "".join(pieces))


def _told(section: Section, room: float = ROOM) -> list[_Block]:
    lines = [*section.comment, *((Text(note, "muted"),) for note in section.notes)]
    return [_paragraph(line, BODY, room=room) for line in lines]


def _chart(section: Section, height: float) -> _Block:
    chart = section.chart
    if chart is None:
        return _Block(0.0, "")
    drawn, high = inside(chart.spec, ROOM, height)
    return _Block(high, drawn)


def _paragraph(line: Line, size: float, *, bold: bool = False, room: float = ROOM) -> _Block:
    rows = _broken(line, size, bold=bold, room=room)
    drawn = (_words(row, size, 0.0, size * (1 + LEADING * number), bold=bold) for number, row in enumerate(rows))
    return _Block(size * (1 + LEADING * (len(rows) - 1)) + size * 0.3, "".join(drawn))


def _broken(line: Line, size: float, *, bold: bool, room: float) -> list[Line]:
    """The line in rows that fit, broken between words, each word in its tone."""
    rows: list[list[Text]] = [[]]
    used = 0.0
    for part in line:
        for number, word in enumerate(part.text.split(" ")):
            lead = " " if number else ""
            width = text_width(lead + word, size, bold=bold or part.tone == "strong")
            if used and used + width > room and lead:
                rows.append([])
                used, lead = 0.0, ""
            rows[-1].append(Text(lead + word, part.tone))
            used += width
    return [tuple(row) for row in rows]


def _words(line: Line, size: float, x: float, y: float, *, bold: bool = False, anchor: str = "start") -> str:
    spans = "".join(_span(part, bold=bold) for part in line)
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family={quoteattr(FONT)} font-size="{size:g}" fill="{LIGHT.ink}" '
        f'text-anchor="{anchor}" xml:space="preserve">{spans}</text>'
    )


def _span(part: Text, *, bold: bool) -> str:
    weight = ' font-weight="600"' if bold or part.tone == "strong" else ""
    return f'<tspan fill="{TONES.get(part.tone, LIGHT.ink)}"{weight}>{escape(in_xml(part.text))}</tspan>'


def _table(table: Table) -> _Block:
    width = ROOM / max(1, len(table.columns))
    head = tuple(Text(name, "strong") for name in table.columns)
    rows, step = [head, *table.rows], ROW
    drawn = []
    for number, row in enumerate(rows):
        y = number * step
        for column, cell in enumerate(row):
            is_right = table.aligns[column] == "right"
            x = (column + 1) * width - 8 if is_right else column * width + 8
            kept = Text(shortened(cell.text, CELL, width - 16), cell.tone)
            drawn.append(_words((kept,), CELL, x, y + CELL * 1.3, anchor="end" if is_right else "start"))
        line = y + step
        drawn.append(f'<line x1="0" x2="{ROOM:g}" y1="{line:.1f}" y2="{line:.1f}" stroke="{LIGHT.line}"/>')
    return _Block(len(rows) * step, "".join(drawn))
