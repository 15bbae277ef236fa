"""Makes the SELECT that reads a source into typed columns, and says what is wrong with a source that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from core.errors import BridgecastError, UnreadableSource
from core.model.data import ColumnSpec, ReadOptions
from core.warehouse.files import Format, as_pattern
from core.warehouse.guess import MISSING
from core.warehouse.sql import Statement, quote

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
    partitions: columns that folders such as `dt=2026-01-01` give.
    types: column → DuckDB's type, for formats that have types. table: the rows of a sheet, which DuckDB cannot read.
    """

    name: str
    format: Format
    parts: tuple[Part, ...]
    options: ReadOptions = field(default_factory=ReadOptions)
    has_thousands: bool = False
    date_formats: Mapping[str, str] = field(default_factory=dict)
    zoned: frozenset[str] = frozenset()
    partitions: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    table: pa.Table | None = None

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


def is_plain(layout: Layout, columns: Sequence[ColumnSpec]) -> bool:
    """Whether Parquet files already hold the rows as they are wanted, so that nothing needs to be converted."""
    return layout.format.kind == "parquet" and all(_is_typed(layout, c) for c in columns)


def open_sheet(cursor: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Make the rows of a sheet known to a cursor."""
    if layout.table is not None:
        cursor.register(SHEET, layout.table)


def typed_relation(statement: Statement, layout: Layout) -> str:
    """The relation of a format that knows its own types, all files together."""
    if layout.format.kind == "xlsx":
        return SHEET
    files = statement.value([as_pattern(f) for f in layout.files])
    if layout.format.kind == "parquet":
        return f"read_parquet({files}, union_by_name = true, hive_partitioning = {bool(layout.partitions)})"
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
    read_as = {name: "VARCHAR" if name in layout.date_formats else wanted.get(name, "VARCHAR") for name in part.header}
    texts = [name for name, kind in read_as.items() if kind == "VARCHAR"]
    struct = ", ".join(f"{quote(name)}: '{kind}'" for name, kind in read_as.items())
    decimal = layout.options.decimal or "."
    settings = {
        "auto_detect": "false",
        "header": "true",
        "delim": statement.value(layout.options.delimiter),
        "quote": "'\"'",
        "escape": "'\"'",
        "columns": f"{{{struct}}}",
        "nullstr": f"['', '{MISSING}']",
        "decimal_separator": statement.value(decimal),
        "compression": f"'{_compression(layout)}'",
        "max_line_size": str(LONGEST_LINE_BYTES),
        "hive_partitioning": str(bool(layout.partitions)),
        "hive_types_autocast": "false",
    }
    if texts:
        settings["force_not_null"] = statement.value(texts)
    if layout.has_thousands:
        settings["thousands"] = statement.value("." if decimal == "," else ",")
    files = statement.value([as_pattern(f) for f in part.files])
    read_as |= dict.fromkeys(layout.partitions, "VARCHAR")
    return f"read_csv({files}, {', '.join(f'{k} = {v}' for k, v in settings.items())})", read_as


def _json(statement: Statement, layout: Layout, columns: Sequence[ColumnSpec]) -> tuple[str, dict[str, str]]:
    read_as = {
        c.name: "VARCHAR" if c.name in layout.date_formats else _target(layout, c)
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
        given = f"nullif(nullif({left}, ''), '{MISSING}')"
        return f"CAST(strptime({given}, {statement.value(layout.date_formats[column.name])}) AS {target})"
    if layout.format.kind == "csv" and target == "VARCHAR":
        return f"nullif({left}, '')"
    return left if read_as == target else f"CAST({left} AS {target})"


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


_LINE = re.compile(r"CSV Error on Line: (\d+)")
_FILE = re.compile(r"^\s*file = (.+?)\s*$", re.M)
_CONVERTING = re.compile(r"Error when converting column \"(.*)\"\. Could not convert string \"(.*)\" to '", re.S)
_WIDTH = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_JSON_PLACE = re.compile(r'in file "(.*?)", (?:at byte (\d+) )?in (?:record/value|line|record) (\d+):? (.*?)(?:\n|$)')
_STRPTIME = re.compile(r'Could not parse string "(.*?)" according to format')
_CAST = re.compile(r"Could not convert string '(.*?)' to")


@dataclass(frozen=True)
class Misfit:
    """A value that does not fit its column's type."""

    column: str
    value: str
    place: str

    def sentence(self, kind: str) -> str:
        """What is wrong, and what to do."""
        return (
            f"{self.place}, column '{self.column}': '{self.value}' is no {EXPECTED.get(kind, kind)}. "
            f"Correct the row, or give the column the type text."
        )


def misfit(error: duckdb.Error, layout: Layout) -> Misfit | None:
    """The value DuckDB could not convert, if it says so with its column."""
    text = str(error)
    found = _CONVERTING.search(text)
    if not found:
        return None
    return Misfit(found[1], found[2], f"{_file_name(text, layout)}, line {_line(text)}")


def refusal(error: duckdb.Error, layout: Layout) -> BridgecastError:
    """A sentence for a source that DuckDB cannot read: file, line, what is wrong, what to do."""
    text = str(error)
    name = _file_name(text, layout)
    width = _WIDTH.search(text)
    if width:
        expected, count = width[1], width[2]
        return UnreadableSource(
            f"{name}, line {_line(text)}: {count} fields where the header has {expected}. Correct the line; a field "
            "that holds the delimiter stands in double quotes."
        )
    if "unterminated quote" in text or "quote" in text.split("\n", 3)[2:3]:
        return UnreadableSource(
            f"{name}, line {_line(text)}: a double quote is opened and never closed. Close it, or double it to mean "
            "the character."
        )
    if "Invalid unicode" in text or "not utf-8" in text:
        return UnreadableSource(
            f"{name}, line {_line(text)}: the text is not {layout.options.encoding or 'utf-8'}. Give "
            "source.read.encoding (such as cp1252), or save the file as UTF-8."
        )
    return _other_refusal(text, name)


def _other_refusal(text: str, name: str) -> UnreadableSource:
    found = _JSON_PLACE.search(text)
    if found:
        return UnreadableSource(
            f"{name}, record {found[3]}: {found[4].rstrip('. ')}. Correct the JSON and load it again."
        )
    unparsed = _STRPTIME.search(text) or _CAST.search(text)
    if unparsed:
        return UnreadableSource(
            f"{name}: '{unparsed[1]}' does not fit its column's type. Correct it, or change the type."
        )
    if "No files found" in text or "Cannot open file" in text or "No such file" in text:
        return UnreadableSource(f"{name} vanished while it was read. Load it again.")
    if "maximum_line_size" in text.lower() or "Maximum line size" in text:
        return UnreadableSource(f"{name}, line {_line(text)}: longer than 16 MiB. Is a double quote missing before it?")
    first = text.split("\n", 1)[0].split("Error: ", 1)[-1].strip().rstrip(".")
    return UnreadableSource(f"{name} cannot be read: {first}. Write or send it again.")


def _line(text: str) -> str:
    found = _LINE.search(text)
    return found[1] if found else "?"


def _file_name(text: str, layout: Layout) -> str:
    """The file meant by an error; the name people know it by if the source is a single one."""
    if len(layout.files) <= 1:
        return f"'{layout.name}'"
    found = _FILE.search(text)
    named = found[1] if found else next((str(f) for f in layout.files if str(f) in text), None)
    return f"'{Path(named).name}'" if named else f"'{layout.name}'"
