"""Sums by several dimensions at once, each folded to its frequent values, by day: one scan, one aggregation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.model.data import ColumnSpec
from core.model.sums import NOT_SET
from core.warehouse.sql.base import Scan, Statement, quote
from core.warehouse.sql.sums import clean_number
from core.warehouse.versions import Version


def folded_sums(
    statement: Statement,
    scan: Scan,
    version: Version,
    metrics: Sequence[ColumnSpec],
    kept: Mapping[str, Sequence[str]],
    day: str | None,
) -> str:
    """Rows `(side, day, cell, s0…)`: sums of each metric by side, day and combination of the dimensions in `kept`.

    kept: dimension → values told apart; a value's code is its place from 1, 0 stands for all other values.
    cell: the codes as the digits of one number, each in a base of one more than the values: one key is grouped much
        faster than several.
    day: an expression for the day of a row, None for no days.
    """
    cell = "0"
    for dimension, names in kept.items():
        cell = f"({cell} * {len(names) + 1:d} + {_code(statement, version, dimension, names)})"
    sums = [f"CAST(coalesce(sum({clean_number(m.name, version)}), 0) AS DOUBLE) AS s{i}" for i, m in enumerate(metrics)]
    columns = [f"{scan.side} AS side", f"{day or 'NULL'} AS day", f"{cell} AS cell", *sums]
    where = f" WHERE {scan.condition}" if scan.condition else ""
    return f"SELECT {', '.join(columns)} FROM {scan.relation}{where} GROUP BY ALL"


def _code(statement: Statement, version: Version, dimension: str, names: Sequence[str]) -> str:
    """A lookup in a list: it is done once a distinct value of a stretch of rows, not once a row."""
    text = quote(dimension)
    if version.column(dimension).type != "text":
        text = f"CAST({text} AS VARCHAR)"
    if NOT_SET in names:
        text = f"coalesce({text}, {statement.value(NOT_SET)})"
    return f"CAST(coalesce(list_position({statement.value(list(names))}, {text}), 0) AS BIGINT)"
