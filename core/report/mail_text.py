"""A report as plain text, for mail programs that show nothing else and for readers who listen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from core.connectors.email import UNSUBSCRIBE
from core.model.document import Report, Section, Table, plain
from core.report.cut import cut

MOST_ROWS = 40
WIDEST_TABLE = 100


@dataclass(frozen=True)
class Around:
    """The words around the report, "" for those that are not said.

    link: the report's address. others: what is not shown, with its address in the report.
    """

    link: str
    before: str
    after: str
    test: str
    as_of: str
    rendered: str
    left_out: str
    reason: str
    unsubscribe: str
    others: tuple[tuple[str, str], ...]


def mail_text(report: Report, around: Around) -> str:
    """The mail's plain part."""
    shown = report.sections[:1] if report.layout == "dropdown" else report.sections
    blocks = [around.test, report.name, around.before, plain(report.alert)]
    blocks += ["\n".join(_section(section, report.locale)) for section in shown]
    blocks += ["\n".join(_others(around)), around.link, around.after, around.left_out]
    foot = [around.as_of, around.rendered, around.reason]
    foot += [f"{around.unsubscribe}: {UNSUBSCRIBE}"] if around.unsubscribe else []
    blocks.append("\n".join(["-- ", *foot]))
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip()) + "\n"


def _others(around: Around) -> Iterator[str]:
    for label, link in around.others:
        yield f"{label}: {link}" if link else str(label)


def _section(section: Section, locale: str) -> Iterator[str]:
    title = plain(section.title)
    if title:
        yield title
        yield "=" * min(len(title), 72)
    if section.subtitle:
        yield section.subtitle
    for line in section.comment:
        yield f"- {plain(line)}"
    if section.table:
        yield ""
        yield from _table(cut(section.table, MOST_ROWS, locale))
    elif section.chart:
        yield section.chart.alt
    for note in section.notes:
        yield f"({note})"


def _table(table: Table) -> Iterator[str]:
    """Columns under each other; a wide table has a line for each row instead."""
    cells = [list(table.columns), *([cell.text for cell in row] for row in table.rows)]
    widths = [max(map(len, column)) for column in zip_longest(*cells, fillvalue="")]
    if sum(widths) + 2 * len(widths) > WIDEST_TABLE:
        yield from (" | ".join(row) for row in cells)
        return
    for row in cells:
        placed = [
            cell.rjust(width) if side == "right" else cell.ljust(width)
            for cell, width, side in zip(row, widths, table.aligns, strict=False)
        ]
        yield "  ".join(placed).rstrip()
