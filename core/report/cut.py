"""Tables that are longer than their place: the first rows, what is left out in a sentence, and the total."""

from __future__ import annotations

from dataclasses import replace

from core.model.document import Table, Text
from core.report.messages import text
from core.report.numbers import language


def first_rows(table: Table, most: int) -> tuple[Table, int]:
    """The table with at most that many rows besides its total, and how many were left out."""
    total = table.rows[-1:] if table.has_total else ()
    missing = len(table.rows) - len(total) - most
    if missing <= 0:
        return table, 0
    return replace(table, rows=(*table.rows[:most], *total)), missing


def cut(table: Table, most: int, locale: str) -> Table:
    """The same with a row before the total that tells how many more there are."""
    shorter, missing = first_rows(table, most)
    if not missing:
        return table
    said = text(language(locale), "mail_more_rows", count=str(missing))
    note = (Text(said, "muted"), *(Text("") for _ in table.columns[1:]))
    return replace(shorter, rows=(*shorter.rows[:most], note, *shorter.rows[most:]))
