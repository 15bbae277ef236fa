"""Makes the SELECT that reads a source into typed columns, and says what is wrong with a source that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from core.model.data import NUMERIC_TYPES, ColumnSpec, ReadOptions
from core.warehouse.files import Format, as_pattern
from core.warehouse.guess import MISSING
from core.warehouse.sql.base import Statement, quote

DUCKDB_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18, 4)",
    "number": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "boolean": "BOOLEAN",
}
EXPECTED = {
    "integer": "whole number",
    "decimal": "number",
    "number": "number",
    "date": "date",
    "datetime": "date and time",
    "boolean": "true or false",
}
LONGEST_LINE_BYTES = 16 << 20
SHEET = "sheet"


@dataclass(frozen=True)
class Part:
    """Files that share a header, as it stands in them."""

    files: tuple[Path, ...]
    header: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How the files of a source are read.

    name: of the source in messages. parts: delimited files by header; one part for other formats.
    date_formats: column → strptime format, where dates are not ISO. zoned: datetime columns that carry a zone.
    missing: delimited columns of numbers or dates in which NA stands for nothing.
    partitions: columns that folders such as `dt=2026-01-01` give.
    types: column → DuckDB's type, for formats that have types. table: the rows of a sheet, which DuckDB cannot read.
    padded: name → how it stands in a Parquet file, with blanks around it.
    """

    name: str
    format: Format
    parts: tuple[Part, ...]
    options: ReadOptions = field(default_factory=ReadOptions)
    has_thousands: bool = False
    date_formats: Mapping[str, str] = field(default_factory=dict)
    zoned: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    partitions: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    table: pa.Table | None = None
    padded: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return tuple(file for part in self.parts for file in part.files)


def select(layout: Layout, columns: Sequence[ColumnSpec]) -> Statement:
    """The statement that gives the typed rows of a source, in the order of the files."""
    statement = Statement()
    texts = [_part(statement, layout, part, columns) for part in layout.parts]
    statement.text = " UNION ALL ".join(texts)
    return statement


def doubts(layout: Layout, part: Part, columns: Sequence[ColumnSpec]) -> Statement:
    """The statement that finds the first value of a file that does not fit: its row, column and text.

    Delimited files are asked only for columns that are read as text first: for others DuckDB names the place itself.
    """
    statement = Statement()
    alone = replace(layout, parts=(part,))
    suspects = [c for c in columns if c.type != "text" and c.name in _present(layout, part)]
    if layout.format.kind == "csv":
        suspects = [c for c in suspects if c.name in layout.date_formats or c.name in layout.missing]
        texts = [c.model_copy(update={"type": "text"}) for c in columns]
        relation, _ = _delimited(statement, alone, part, texts)
    elif layout.format.kind == "json":
        untyped = replace(alone, types=dict.fromkeys(layout.types, "VARCHAR"), date_formats={})
        relation, _ = _json(statement, untyped, [c.model_copy(update={"type": "text"}) for c in columns])
    else:
        relation = typed_relation(statement, alone)
    cases = [f"WHEN {_misfits(statement, layout, c)} THEN {i}" for i, c in enumerate(suspects)]
    values = [f"WHEN {i} THEN CAST({quote(c.name)} AS VARCHAR)" for i, c in enumerate(suspects)]
    names = [f"WHEN {i} THEN {statement.value(c.name)}" for i, c in enumerate(suspects)]
    statement.text = (
        f"SELECT place, CASE suspect {' '.join(names)} END, CASE suspect {' '.join(values)} END "
        f"FROM (SELECT *, CASE {' '.join(cases)} END AS suspect "
        f"FROM (SELECT *, row_number() OVER () AS place FROM {relation})) "
        "WHERE suspect IS NOT NULL ORDER BY place LIMIT 1"
        if suspects
        else "SELECT 1, '', '' WHERE false"
    )
    return statement


def _misfits(statement: Statement, layout: Layout, column: ColumnSpec) -> str:
    given = _given(quote(column.name), layout)
    if column.name in layout.date_formats:
        fits = f"try_strptime({given}, {statement.value(layout.date_formats[column.name])}) IS NOT NULL"
    elif column.type == "integer":
        fits = f"{_is_whole(given)} AND TRY_CAST({given} AS {_target(layout, column)}) IS NOT NULL"
    else:
        fits = f"TRY_CAST({_number_text(given, layout, column)} AS {_target(layout, column)}) IS NOT NULL"
    return f"{given} IS NOT NULL AND NOT ({fits})"


def _is_whole(text: str) -> str:
    return f"regexp_full_match(CAST({text} AS VARCHAR), '[+-]?[0-9]+')"


def is_plain(layout: Layout, columns: Sequence[ColumnSpec]) -> bool:
    """Whether Parquet files already hold the rows as they are wanted, so that nothing needs to be converted."""
    return layout.format.kind == "parquet" and not layout.padded and all(_is_typed(layout, c) for c in columns)


def open_sheet(cursor: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Make the rows of a sheet known to a cursor."""
    if layout.table is not None:
        cursor.register(SHEET, layout.table)


def described(layout: Layout) -> Statement:
    """The statement that gives names and types of the columns of a format that has types."""
    statement = Statement()
    statement.text = f"DESCRIBE SELECT * FROM {typed_relation(statement, layout)}"
    return statement


def first_rows(layout: Layout, columns: Sequence[str], limit: int) -> Statement:
    """The statement that gives the first rows as texts."""
    statement = Statement()
    texts = ", ".join(f"CAST({quote(c)} AS VARCHAR)" for c in columns)
    statement.text = f"SELECT {texts} FROM {typed_relation(statement, layout)} LIMIT {statement.value(limit)}"
    return statement


def counted(layout: Layout) -> Statement:
    """The statement that counts the rows."""
    statement = Statement()
    statement.text = f"SELECT count(*) FROM {typed_relation(statement, layout)}"
    return statement


def typed_relation(statement: Statement, layout: Layout) -> str:
    """The relation of a format that knows its own types, all files together."""
    if layout.format.kind == "xlsx":
        return SHEET
    files = statement.value([as_pattern(f) for f in layout.files])
    if layout.format.kind == "parquet":
        relation = f"read_parquet({files}, union_by_name = true, hive_partitioning = {bool(layout.partitions)})"
        renames = ", ".join(f"{quote(raw)} AS {quote(name)}" for name, raw in layout.padded.items())
        return f"(SELECT * RENAME ({renames}) FROM {relation})" if renames else relation
    return (
        f"read_json({files}, compression = '{_compression(layout)}', union_by_name = true, "
        f"hive_partitioning = {bool(layout.partitions)})"
    )


def _part(statement: Statement, layout: Layout, part: Part, columns: Sequence[ColumnSpec]) -> str:
    if layout.format.kind == "csv":
        relation, read_as = _delimited(statement, layout, part, columns)
    elif layout.format.kind == "json":
        relation, read_as = _json(statement, layout, columns)
    else:
        relation, read_as = typed_relation(statement, layout), dict(layout.types)
    present = _present(layout, part)
    results = [
        f"{_converted(statement, layout, c, read_as.get(c.name, '')) if c.name in present else _nothing(layout, c)} "
        f"AS {quote(c.name)}"
        for c in columns
    ]
    return f"SELECT {', '.join(results)} FROM {relation}"


def _present(layout: Layout, part: Part) -> set[str]:
    return {*part.header, *layout.types, *layout.partitions}


def _nothing(layout: Layout, column: ColumnSpec) -> str:
    return f"CAST(NULL AS {_target(layout, column)})"


def _delimited(
    statement: Statement, layout: Layout, part: Part, columns: Sequence[ColumnSpec]
) -> tuple[str, dict[str, str]]:
    wanted = {c.name: _target(layout, c) for c in columns}
    late = {*layout.date_formats, *layout.missing}
    read_as = {name: "VARCHAR" if name in late else wanted.get(name, "VARCHAR") for name in part.header}
    struct = ", ".join(f"{quote(name)}: '{kind}'" for name, kind in read_as.items())
    decimal = layout.options.decimal or "."
    settings = {
        "auto_detect": "false",
        "header": "true",
        "delim": statement.value(layout.options.delimiter),
        "quote": "'\"'",
        "escape": "'\"'",
        "columns": f"{{{struct}}}",
        "nullstr": "''",
        "decimal_separator": statement.value(decimal),
        "compression": f"'{_compression(layout)}'",
        "max_line_size": str(LONGEST_LINE_BYTES),
        "hive_partitioning": str(bool(layout.partitions)),
        "hive_types_autocast": "false",
    }
    if layout.has_thousands:
        settings["thousands"] = statement.value("." if decimal == "," else ",")
    files = statement.value([as_pattern(f) for f in part.files])
    read_as |= dict.fromkeys(layout.partitions, "VARCHAR")
    return f"read_csv({files}, {', '.join(f'{k} = {v}' for k, v in settings.items())})", read_as


def _json(statement: Statement, layout: Layout, columns: Sequence[ColumnSpec]) -> tuple[str, dict[str, str]]:
    read_as = {
        c.name: "VARCHAR" if c.name in layout.date_formats or c.type == "integer" else _target(layout, c)
        for c in columns
        if c.name in layout.types and c.name not in layout.partitions
    }
    struct = ", ".join(f"{quote(name)}: '{kind}'" for name, kind in read_as.items())
    files = statement.value([as_pattern(f) for f in layout.files])
    text = (
        f"read_json({files}, columns = {{{struct}}}, compression = '{_compression(layout)}', "
        f"hive_partitioning = {bool(layout.partitions)})"
    )
    return text, read_as | {name: layout.types[name] for name in layout.partitions}


def _compression(layout: Layout) -> str:
    return "gzip" if layout.format.is_gzip else "none"


def _converted(statement: Statement, layout: Layout, column: ColumnSpec, read_as: str) -> str:
    """The expression that makes a column what it is declared to be."""
    left = quote(column.name)
    target = _target(layout, column)
    if column.name in layout.date_formats and column.type in ("date", "datetime"):
        given = _given(left, layout)
        return f"CAST(strptime({given}, {statement.value(layout.date_formats[column.name])}) AS {target})"
    if read_as == "VARCHAR" and column.type == "integer":
        return _whole(_given(left, layout), target)
    if layout.format.kind == "csv" and column.name in layout.missing:
        return f"CAST({_number_text(_given(left, layout), layout, column)} AS {target})"
    return left if read_as == target else f"CAST({left} AS {target})"


def _whole(text: str, target: str) -> str:
    """A text as a whole number. DuckDB would round a fraction without a word."""
    refused = f"error(concat('Could not convert ', {text}, ' to a whole number'))"
    return f"CASE WHEN {_is_whole(text)} THEN CAST({text} AS {target}) WHEN {text} IS NOT NULL THEN {refused} END"


def _number_text(given: str, layout: Layout, column: ColumnSpec) -> str:
    """A number's text with a decimal point and no marks for thousands."""
    if layout.format.kind != "csv" or column.type not in NUMERIC_TYPES:
        return given
    if layout.options.decimal == ",":
        return f"replace(replace({given}, '.', ''), ',', '.')"
    return f"replace({given}, ',', '')" if layout.has_thousands else given


def _given(left: str, layout: Layout) -> str:
    """The text of a column, nothing where it stands for nothing."""
    if layout.format.kind in ("parquet", "xlsx"):
        return left
    return f"nullif(nullif({left}, ''), '{MISSING}')"


def _target(layout: Layout, column: ColumnSpec) -> str:
    """DuckDB's type of a column; a source's own decimal places and integer sizes are kept."""
    own = layout.types.get(column.name, "")
    if _is_own(own, column.type):
        return own
    if column.type == "datetime" and (column.name in layout.zoned or own == "TIMESTAMP WITH TIME ZONE"):
        return "TIMESTAMPTZ"
    return DUCKDB_TYPES[column.type]


def _is_typed(layout: Layout, column: ColumnSpec) -> bool:
    own = layout.types.get(column.name, "")
    return own == _target(layout, column) and column.name not in layout.date_formats


def _is_own(own: str, kind: str) -> bool:
    if kind == "integer":
        return own in ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "USMALLINT", "UTINYINT", "UBIGINT")
    if kind == "decimal":
        return own.startswith("DECIMAL")
    return kind == "datetime" and own in ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
