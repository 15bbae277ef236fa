"""Looks at a sample of a source: which columns there are, what they hold, what they are for, what must be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from core.errors import AmbiguousSource, UnreadableSource
from core.model.data import ColumnSpec, ColumnType, ReadOptions, SourceSpec
from core.warehouse import guess
from core.warehouse.bounds import check_bounds, check_width
from core.warehouse.columns import (
    Seen,
    by_column,
    cardinalities_of,
    columns_of,
    date_orders,
    decimal_mark,
    guess_column,
    guess_typed,
    has_thousands,
    samples_of,
    texts_of,
)
from core.warehouse.files import Format, partitions, resolve, sniff_format
from core.warehouse.problems import refusal
from core.warehouse.read import Layout, Part, counted, described, first_rows, open_sheet
from core.warehouse.sample import TextSample, read_header, take_sample
from core.warehouse.sheets import read_sheet
from core.warehouse.sql.base import Statement

SAMPLE_ROWS = 10_000
LONGEST_COLUMN = 255
# Workbooks break long names into lines, and some programs put other spaces than the usual one; joiners belong to emoji.
MARKS = frozenset("\n\r\t\u00a0\u202f\u2009\u200d\u200c\u00ad\ufeff")


@dataclass(frozen=True)
class Inspection:
    """What a look at a source found.

    columns: with types and roles. samples: a few values a column. read: how the files are read, as it was found.
    questions: what can be read in two ways; nothing is loaded before `source.read` answers them.
    cardinalities: different values of each column in the sample.
    """

    columns: tuple[ColumnSpec, ...]
    samples: dict[str, list[str]]
    read: ReadOptions
    questions: tuple[AmbiguousSource, ...]
    rows_estimate: int
    layout: Layout
    cardinalities: dict[str, int]


def inspect(
    source: SourceSpec,
    path: Path | None = None,
    declared: Mapping[str, ColumnType] | None = None,
    *,
    sample_rows: int = SAMPLE_ROWS,
) -> Inspection:
    """Look at the beginning, middle and end of the source's files; never at all of a large one.

    path: the received file of an upload. declared: types that are settled already. sample_rows: how many rows of a
    format with types are looked at.
    Raises UnreadableSource with file and line.
    """
    if source.kind == "files":
        files, name = resolve(source.path), source.path
        folders = partitions(source.path, files)
        name = files[0].name if len(files) == 1 else name
    elif path is None:
        raise UnreadableSource(f"The file '{source.file_name}' is no longer there. Upload it again.")
    else:
        files, name, folders = (path,), source.file_name, {}
    form = sniff_format(files[0], name if len(files) == 1 else files[0].name)
    for file in files:
        check_bounds(file, name if len(files) == 1 else file.name, form, is_upload=source.kind == "upload")
    if form.kind == "csv":
        return _inspect_text(files, name, form, source.read, declared or {}, folders)
    return _inspect_typed(files, name, form, source.read, declared or {}, sample_rows, tuple(folders))


def _inspect_text(
    files: tuple[Path, ...],
    name: str,
    form: Format,
    read: ReadOptions,
    declared: Mapping[str, ColumnType],
    folders: Mapping[str, list[str]],
) -> Inspection:
    sample = take_sample(files[0], name, is_gzip=form.is_gzip, options=read)
    check_names(sample.header, name)
    if not sample.rows:
        raise UnreadableSource(f"'{name}' has a header but no rows. Load a file with at least one row.")
    if _lacks_header(sample):
        raise UnreadableSource(
            f"'{name}' has no header: its first line is {', '.join(sample.header[:5])}. Put the columns' names there."
        )
    options = read.model_copy(update={"encoding": sample.encoding, "delimiter": sample.delimiter})
    parts = _parts(files, form, options, sample.header)
    rows = [*sample.rows]
    for file in {files[-1], files[len(files) // 2]} - {files[0]}:
        rows += _more_rows(file, form, options, sample.header)
    seen = by_column(sample.header, rows)
    for header in dict.fromkeys(name for part in parts for name in part.header):
        seen.values.setdefault(header, [])
    for folder, values in folders.items():
        seen.values[folder] = list(values)
    decimal, decimal_questions = decimal_mark(seen, options, declared)
    options = options.model_copy(update={"decimal": decimal})
    orders, date_questions = date_orders(seen, options, declared)
    guesses = {
        column: guess_column(column, values, decimal, orders.get(column), declared.get(column))
        for column, values in seen.values.items()
    }
    layout = Layout(
        name=name,
        format=form,
        parts=parts,
        options=options,
        partitions=tuple(folders),
        has_thousands=has_thousands(seen, guesses, decimal),
        date_formats={c: g.date_format for c, g in guesses.items() if g.date_format},
        zoned=frozenset(c for c, g in guesses.items() if g.is_zoned),
        missing=frozenset(
            c for c, g in guesses.items() if g.type not in ("text", "boolean") and guess.MISSING in seen.values[c]
        ),
    )
    return Inspection(
        columns=columns_of(guesses, seen, sample.rows_estimate * len(files)),
        samples=samples_of(seen),
        read=options,
        questions=(*decimal_questions, *date_questions),
        rows_estimate=sample.rows_estimate * len(files),
        layout=layout,
        cardinalities=cardinalities_of(seen),
    )


def _lacks_header(sample: TextSample) -> bool:
    """Whether the first line is one of values: nothing but numbers and dates, or a date above dates."""
    is_day = [guess.date_guess([field], "day-first") is not None for field in sample.header]
    if all(day or guess.is_number(field, ".") for day, field in zip(is_day, sample.header, strict=True)):
        return True
    first = sample.rows[0]
    return any(day and guess.date_guess([v], "day-first") for day, v in zip(is_day, first, strict=False))


def check_names(header: Sequence[str], name: str) -> None:
    """Raises UnreadableSource for too many columns, one without a name, a bad name, or one that stands twice."""
    check_width(len(header), name)
    first: dict[str, int] = {}
    for position, column in enumerate(header, 1):
        if not column:
            raise UnreadableSource(f"'{name}', line 1: column {position} has no name. Give every column one.")
        if len(column) > LONGEST_COLUMN or not all(mark.isprintable() or mark in MARKS for mark in column):
            shown = "".join(mark if mark.isprintable() else "?" for mark in column[:40])
            raise UnreadableSource(
                f"'{name}', line 1: the name of column {position}, '{shown}', is longer than {LONGEST_COLUMN} "
                "characters or holds some that cannot be seen. Rename it."
            )
        earlier = first.setdefault(column.lower(), position)
        if earlier != position:
            raise UnreadableSource(
                f"'{name}', line 1: columns {earlier} and {position} are both named '{column}' (capitals do not "
                "count). Rename one."
            )


def _parts(files: tuple[Path, ...], form: Format, options: ReadOptions, first: tuple[str, ...]) -> tuple[Part, ...]:
    """Files by header, so that columns are matched by name. The order of the files is kept."""
    parts = [Part((files[0],), first)]
    for file in files[1:]:
        if sniff_format(file, file.name) != form:
            raise UnreadableSource(f"'{file.name}' has another format than '{files[0].name}'. Load them separately.")
        header = read_header(
            file,
            file.name,
            is_gzip=form.is_gzip,
            encoding=options.encoding or "utf-8",
            delimiter=options.delimiter or ",",
        )
        check_names(header, file.name)
        if not {h.lower() for h in header} & {h.lower() for h in first}:
            raise UnreadableSource(
                f"'{file.name}' has none of the columns of '{files[0].name}'. Is it of another table, or is its "
                "delimiter another one?"
            )
        if parts[-1].header == header:
            parts[-1] = Part((*parts[-1].files, file), header)
        else:
            parts.append(Part((file,), header))
    return tuple(parts)


def _more_rows(file: Path, form: Format, options: ReadOptions, header: tuple[str, ...]) -> list[list[str]]:
    """Rows of another file of a glob, if it has the same header."""
    sample = take_sample(file, file.name, is_gzip=form.is_gzip, options=options)
    return sample.rows if sample.header == header else []


def _inspect_typed(
    files: tuple[Path, ...],
    name: str,
    form: Format,
    read: ReadOptions,
    declared: Mapping[str, ColumnType],
    sample_rows: int,
    folders: tuple[str, ...],
) -> Inspection:
    table = _sheet(files, name, read) if form.kind == "xlsx" else None
    layout = Layout(name=name, format=form, parts=(Part(files, ()),), options=read, table=table, partitions=folders)
    with duckdb.connect(":memory:", config={"threads": 1, "python_enable_replacements": False}) as connection:
        open_sheet(connection, layout)
        try:
            layout = _without_padding(connection, layout)
            types, seen, rows = _look(connection, layout, sample_rows)
        except duckdb.Error as error:
            raise refusal(error, layout) from None
    if not types or not seen.rows:
        raise UnreadableSource(f"'{name}' holds no rows. Load a file with at least one row.")
    check_names(list(types), name)
    orders, questions = date_orders(texts_of(seen, types), read, declared)
    guesses = {
        column: guess_typed(kind, seen.values[column], form, orders.get(column), declared.get(column), column)
        for column, kind in types.items()
    }
    layout = replace(
        layout,
        types=types,
        date_formats={c: g.date_format for c, g in guesses.items() if g.date_format},
        zoned=frozenset(c for c, g in guesses.items() if g.is_zoned),
    )
    nested = {c for c, kind in types.items() if kind.endswith(("[]", ")", "BLOB")) and not kind.startswith("DECIMAL")}
    columns = tuple(
        c.model_copy(update={"role": "ignored"}) if c.name in nested else c for c in columns_of(guesses, seen, rows)
    )
    return Inspection(columns, samples_of(seen), read, questions, rows, layout, cardinalities_of(seen))


def _without_padding(connection: duckdb.DuckDBPyConnection, layout: Layout) -> Layout:
    """Names lose the blanks around them, as those of text files do. JSON is read by its names, so there they stay."""
    raw = [str(row[0]) for row in _fetch(connection, described(layout))]
    padded = {name.strip(): name for name in raw if name != name.strip()}
    if not padded:
        return layout
    check_names([name.strip() for name in raw], layout.name)
    if layout.format.kind == "json":
        raise UnreadableSource(
            f"'{layout.name}' has a field '{next(iter(padded.values()))}' with blanks around its name. Rename it."
        )
    return replace(layout, padded=padded)


def _look(connection: duckdb.DuckDBPyConnection, layout: Layout, limit: int) -> tuple[dict[str, str], Seen, int]:
    """Columns with DuckDB's types, the first rows as texts, and about how many rows there are."""
    types = {str(row[0]): str(row[1]) for row in _fetch(connection, described(layout))}
    check_names(list(types), layout.name)
    first = _fetch(connection, first_rows(layout, list(types), limit))
    rows = len(first)
    if layout.format.kind == "parquet" and rows == limit:
        rows = int(str(_fetch(connection, counted(layout))[0][0]))
    return types, by_column(list(types), [["" if v is None else str(v) for v in row] for row in first]), rows


def _fetch(connection: duckdb.DuckDBPyConnection, statement: Statement) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = connection.execute(statement.text, statement.parameters).fetchall()
    return rows


def _sheet(files: tuple[Path, ...], name: str, read: ReadOptions) -> pa.Table:
    """The rows of a sheet: the one named by `source.read.sheet`, else the first."""
    if len(files) > 1:
        raise UnreadableSource(f"'{name}' matches several XLSX files. Load one, or save them as CSV or Parquet.")
    sheet = read_sheet(files[0], name, read.sheet)
    check_names(sheet.header, name)
    return sheet.rows.rename_columns([column.strip() for column in sheet.rows.column_names])
