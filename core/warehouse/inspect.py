"""Looks at a sample of a source: which columns there are, what they hold, what they are for, what must be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import fastexcel
import pyarrow as pa

from core.errors import AmbiguousSource, UnreadableSource
from core.model.data import DATE_TYPES, NUMERIC_TYPES, ColumnSpec, ColumnType, ReadOptions, Role, SourceSpec
from core.warehouse import guess
from core.warehouse.files import Format, partitions, resolve, sniff_format
from core.warehouse.guess import DateOrder, Guess
from core.warehouse.problems import refusal
from core.warehouse.read import Layout, Part, counted, described, first_rows, open_sheet
from core.warehouse.sample import TextSample, read_header, take_sample
from core.warehouse.sql.base import Statement

SAMPLE_ROWS = 10_000
SHOWN_VALUES = 5
MOST_DIMENSION_VALUES = 10_000
_DAY_NAME = re.compile(r"(^|[_ ])(day|date|datum|dato|jour)([_ ]|$)", re.I)
_CODE_NAME = re.compile(r"(^|[_ ])(code|zip|zipcode|postcode|plz|year|month|quarter|week|weekday|hour)$", re.I)
_KEY_NAME = re.compile(r"(^|[_ ])(id|key|uuid|guid|nr|number)$", re.I)
_COMPACT_DAY = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")


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


@dataclass(frozen=True)
class _Seen:
    """Texts of a sample by column, empty ones left out; rows: how many rows were looked at."""

    values: dict[str, list[str]]
    rows: int


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
    seen = _by_column(sample.header, rows)
    for header in dict.fromkeys(name for part in parts for name in part.header):
        seen.values.setdefault(header, [])
    for folder, values in folders.items():
        seen.values[folder] = list(values)
    decimal, decimal_questions = _decimal(seen, options, declared)
    options = options.model_copy(update={"decimal": decimal})
    orders, date_questions = _date_orders(seen, options, declared)
    guesses = {
        column: _guess(column, values, decimal, orders.get(column), declared.get(column))
        for column, values in seen.values.items()
    }
    layout = Layout(
        name=name,
        format=form,
        parts=parts,
        options=options,
        partitions=tuple(folders),
        has_thousands=_has_thousands(seen, guesses, decimal),
        date_formats={c: g.date_format for c, g in guesses.items() if g.date_format},
        zoned=frozenset(c for c, g in guesses.items() if g.is_zoned),
        missing=frozenset(
            c for c, g in guesses.items() if g.type not in ("text", "boolean") and guess.MISSING in seen.values[c]
        ),
    )
    return Inspection(
        columns=_columns(guesses, seen, sample.rows_estimate * len(files)),
        samples=_samples(seen),
        read=options,
        questions=(*decimal_questions, *date_questions),
        rows_estimate=sample.rows_estimate * len(files),
        layout=layout,
        cardinalities=_cardinalities(seen),
    )


def _lacks_header(sample: TextSample) -> bool:
    """Whether the first line is one of values: nothing but numbers and dates, or a date above dates."""
    is_day = [guess.date_guess([field], "day-first") is not None for field in sample.header]
    if all(day or guess.is_number(field, ".") for day, field in zip(is_day, sample.header, strict=True)):
        return True
    first = sample.rows[0]
    return any(day and guess.date_guess([v], "day-first") for day, v in zip(is_day, first, strict=False))


def check_names(header: Sequence[str], name: str) -> None:
    """Raises UnreadableSource for a column without a name or a name that stands twice."""
    first: dict[str, int] = {}
    for position, column in enumerate(header, 1):
        if not column:
            raise UnreadableSource(f"'{name}', line 1: column {position} has no name. Give every column one.")
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


def _by_column(header: Sequence[str], rows: Sequence[Sequence[str]]) -> _Seen:
    values: dict[str, list[str]] = {name: [] for name in header}
    for row in rows:
        for name, value in zip(header, row, strict=False):
            if value:
                values[name].append(value)
    return _Seen(values, len(rows))


def _present(values: Sequence[str]) -> list[str]:
    """Values without those that stand for nothing in number and date columns."""
    return [v.strip() for v in values if v != guess.MISSING]


def _decimal(
    seen: _Seen, options: ReadOptions, declared: Mapping[str, ColumnType]
) -> tuple[str, tuple[AmbiguousSource, ...]]:
    """The file's decimal mark, and a question if it cannot be told."""
    if options.decimal:
        return options.decimal, ()
    proven: list[str] = []
    doubts: list[tuple[str, str]] = []
    marks = (",", ".") if options.delimiter == ";" else (",",)
    for column, given in seen.values.items():
        values = _present(given)
        if declared.get(column, "number") not in NUMERIC_TYPES:
            continue
        if not any(guess.holds_numbers(values, mark) for mark in (".", ",")):
            continue
        proven += guess.decimal_evidence(values)
        doubts += [(column, v) for v in (guess.doubtful_number(values, mark) for mark in marks) if v]
    if proven:
        return max((".", ","), key=proven.count), ()
    if not doubts:
        return ".", ()
    return ".", (_decimal_question(*doubts[0]),)


def _decimal_question(column: str, value: str) -> AmbiguousSource:
    whole, part = value.replace(",", ""), value.replace(",", ".")
    if "." in value:
        whole, part = value.replace(".", ""), value
        readings = {",": whole, ".": part}
    else:
        readings = {".": whole, ",": part}
    return AmbiguousSource(
        f"Column '{column}': '{value}' can be {readings['.']} (decimal mark .) or {readings[',']} (decimal mark ,). "
        "Say which by source.read.decimal.",
        column=column,
        option="decimal",
        readings=readings,
    )


def _date_orders(
    seen: _Seen, options: ReadOptions, declared: Mapping[str, ColumnType]
) -> tuple[dict[str, DateOrder], tuple[AmbiguousSource, ...]]:
    """Per column of dates such as 03/04/2026 its order, and a question if it cannot be told."""
    found = {
        column: orders
        for column, values in seen.values.items()
        if declared.get(column, "date") in DATE_TYPES and (orders := guess.date_orders(_present(values)))
    }
    if options.date_format:
        return dict.fromkeys(found, options.date_format), ()
    proven = {next(iter(orders)) for orders in found.values() if len(orders) == 1}
    settled: dict[str, DateOrder] = {}
    questions = []
    for column, orders in found.items():
        if len(orders) == 1:
            settled[column] = next(iter(orders))
        elif len(proven) == 1:
            settled[column] = next(iter(proven))
        else:
            questions.append(_date_question(column, _present(seen.values[column])))
            settled[column] = "day-first"
    return settled, tuple(questions[:1])


def _date_question(column: str, values: Sequence[str]) -> AmbiguousSource:
    value = guess.doubtful_date(values) or values[0]
    orders: tuple[DateOrder, ...] = ("day-first", "month-first")
    readings: dict[str, str] = {order: guess.read_date(value, order) for order in orders}
    return AmbiguousSource(
        f"Column '{column}': '{value}' can be {readings['day-first']} (day-first) or {readings['month-first']} "
        "(month-first). Say which by source.read.date_format.",
        column=column,
        option="date_format",
        readings=readings,
    )


def _guess(
    column: str, given: Sequence[str], decimal: str, order: DateOrder | None, declared: ColumnType | None
) -> Guess:
    values = _present(given)
    if declared is not None and declared not in DATE_TYPES:
        return Guess(declared)
    if not values:
        return Guess(declared or "text")
    if (declared or _DAY_NAME.search(column)) and all(_COMPACT_DAY.fullmatch(v) for v in values):
        return Guess("date", "%Y%m%d")
    if declared is not None:
        return replace(guess.date_guess(values, order) or Guess(declared), type=declared)
    if guess.is_truth(values):
        return Guess("boolean")
    if guess.holds_numbers(values, decimal):
        return Guess(guess.number_type([v for v in values if guess.is_number(v, decimal)]))
    return guess.date_guess(values, order) or Guess("text")


def _has_thousands(seen: _Seen, guesses: Mapping[str, Guess], decimal: str) -> bool:
    mark = "." if decimal == "," else ","
    return any(
        mark in value for column, found in guesses.items() if found.type == "number" for value in seen.values[column]
    )


def _columns(guesses: Mapping[str, Guess], seen: _Seen, rows: int) -> tuple[ColumnSpec, ...]:
    days = [c for c, g in guesses.items() if g.type in DATE_TYPES]
    # The first column that is named like a day, else the first that holds dates.
    chosen = next((c for c in days if _DAY_NAME.search(c)), days[0] if days else None)
    return tuple(
        ColumnSpec(name=column, type=found.type, role=_role(column, found.type, seen, rows, column == chosen))
        for column, found in guesses.items()
    )


def _role(column: str, kind: ColumnType, seen: _Seen, rows: int, is_chosen_date: bool) -> Role:
    distinct = len(set(seen.values[column]))
    if kind in DATE_TYPES:
        return "date" if is_chosen_date else "ignored"
    if kind == "integer" and _KEY_NAME.search(column):
        return "dimension" if distinct * 10 <= seen.rows else "ignored"
    if kind == "integer" and _CODE_NAME.search(column):
        return "dimension"
    if kind in NUMERIC_TYPES:
        return "metric"
    # Every other row of the sample has a value of its own, in a table that has room for very many.
    is_key = kind == "text" and rows > 2 * MOST_DIMENSION_VALUES and distinct * 2 > seen.rows
    return "ignored" if is_key or not distinct else "dimension"


def _samples(seen: _Seen) -> dict[str, list[str]]:
    return {column: list(dict.fromkeys(values))[:SHOWN_VALUES] for column, values in seen.values.items()}


def _cardinalities(seen: _Seen) -> dict[str, int]:
    return {column: len(set(values)) for column, values in seen.values.items()}


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
    orders, questions = _date_orders(_texts(seen, types), read, declared)
    guesses = {
        column: _typed_guess(kind, seen.values[column], form, orders.get(column), declared.get(column), column)
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
        c.model_copy(update={"role": "ignored"}) if c.name in nested else c for c in _columns(guesses, seen, rows)
    )
    return Inspection(columns, _samples(seen), read, questions, rows, layout, _cardinalities(seen))


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


def _look(connection: duckdb.DuckDBPyConnection, layout: Layout, limit: int) -> tuple[dict[str, str], _Seen, int]:
    """Columns with DuckDB's types, the first rows as texts, and about how many rows there are."""
    types = {str(row[0]): str(row[1]) for row in _fetch(connection, described(layout))}
    check_names(list(types), layout.name)
    first = _fetch(connection, first_rows(layout, list(types), limit))
    rows = len(first)
    if layout.format.kind == "parquet" and rows == limit:
        rows = int(str(_fetch(connection, counted(layout))[0][0]))
    return types, _by_column(list(types), [["" if v is None else str(v) for v in row] for row in first]), rows


def _fetch(connection: duckdb.DuckDBPyConnection, statement: Statement) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = connection.execute(statement.text, statement.parameters).fetchall()
    return rows


def _texts(seen: _Seen, types: Mapping[str, str]) -> _Seen:
    return _Seen({c: v for c, v in seen.values.items() if types[c] == "VARCHAR"}, seen.rows)


def _typed_guess(
    kind: str,
    values: Sequence[str],
    form: Format,
    order: DateOrder | None,
    declared: ColumnType | None,
    column: str,
) -> Guess:
    own = _column_type(kind)
    if own == "text" and kind in ("VARCHAR", "JSON") and values:
        # Texts of a typed format are texts on purpose, save dates, which JSON has no type for, and mixed columns.
        is_mixed = kind == "JSON" or form.kind == "xlsx"
        found = _guess(column, values, ".", order, declared)
        return (
            found if declared or found.type in DATE_TYPES or (is_mixed and found.type != "boolean") else Guess("text")
        )
    return Guess(declared or own, is_zoned=kind == "TIMESTAMP WITH TIME ZONE")


def _column_type(kind: str) -> ColumnType:
    if kind.startswith("DECIMAL"):
        return "decimal"
    if kind.endswith("INT") or kind in ("INTEGER", "UINTEGER"):
        return "integer"
    if kind.startswith("TIMESTAMP"):
        return "datetime"
    named: dict[str, ColumnType] = {"FLOAT": "number", "DOUBLE": "number", "DATE": "date", "BOOLEAN": "boolean"}
    return named.get(kind, "text")


def _sheet(files: tuple[Path, ...], name: str, read: ReadOptions) -> pa.Table:
    """The rows of a sheet: the one named by `source.read.sheet`, else the first."""
    if len(files) > 1:
        raise UnreadableSource(f"'{name}' matches several XLSX files. Load one, or save them as CSV or Parquet.")
    try:
        book = fastexcel.read_excel(files[0])
        sheets = book.sheet_names
        chosen = read.sheet if read.sheet is not None else sheets[0]
        if chosen not in sheets:
            raise UnreadableSource(f"'{name}' has no sheet '{chosen}'. Sheets: {', '.join(sheets)}.")
        head = book.load_sheet(chosen, header_row=None, n_rows=1, dtypes="string").to_arrow()
        check_names([str(c[0].as_py() or "").strip() for c in head.columns] if head.num_rows else [], name)
        rows = pa.table(book.load_sheet(chosen, schema_sample_rows=None).to_arrow())
        return rows.rename_columns([column.strip() for column in rows.column_names])
    except fastexcel.FastExcelError as error:
        raise UnreadableSource(f"'{name}' cannot be read as XLSX: {error}. Save it again.") from None
