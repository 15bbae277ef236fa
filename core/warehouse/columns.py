"""What the columns of a sample are and what they are for, and what must be asked about them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import AmbiguousSource
from core.model.data import DATE_TYPES, NUMERIC_TYPES, ColumnSpec, ColumnType, ReadOptions, Role
from core.warehouse import guess
from core.warehouse.files import Format
from core.warehouse.guess import DateOrder, Guess

SHOWN_VALUES = 5
MOST_DIMENSION_VALUES = 10_000
_DAY_NAME = re.compile(r"(^|[_ ])(day|date|datum|dato|jour)([_ ]|$)", re.I)
_CODE_NAME = re.compile(r"(^|[_ ])(code|zip|zipcode|postcode|plz|year|month|quarter|week|weekday|hour)$", re.I)
_KEY_NAME = re.compile(r"(^|[_ ])(id|key|uuid|guid|nr|number)$", re.I)
_COMPACT_DAY = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")


@dataclass(frozen=True)
class Seen:
    """Texts of a sample by column, empty ones left out; rows: how many rows were looked at."""

    values: dict[str, list[str]]
    rows: int


def by_column(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Seen:
    """Rows as columns; empty fields are left out."""
    values: dict[str, list[str]] = {name: [] for name in header}
    for row in rows:
        for name, value in zip(header, row, strict=False):
            if value:
                values[name].append(value)
    return Seen(values, len(rows))


def _present(values: Sequence[str]) -> list[str]:
    """Values without those that stand for nothing in number and date columns."""
    return [v.strip() for v in values if v != guess.MISSING]


def decimal_mark(
    seen: Seen, options: ReadOptions, declared: Mapping[str, ColumnType]
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


def date_orders(
    seen: Seen, options: ReadOptions, declared: Mapping[str, ColumnType]
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


def guess_column(
    column: str, given: Sequence[str], decimal: str, order: DateOrder | None, declared: ColumnType | None
) -> Guess:
    """What a column of texts holds; a declared type is not questioned, only its dates' form is looked for."""
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


def has_thousands(seen: Seen, guesses: Mapping[str, Guess], decimal: str) -> bool:
    """Whether a column of numbers marks thousands."""
    mark = "." if decimal == "," else ","
    return any(
        mark in value for column, found in guesses.items() if found.type == "number" for value in seen.values[column]
    )


def columns_of(guesses: Mapping[str, Guess], seen: Seen, rows: int) -> tuple[ColumnSpec, ...]:
    """Types and roles; one of the columns that hold dates is the date column. rows: about how many there are."""
    days = [c for c, g in guesses.items() if g.type in DATE_TYPES]
    # The first column that is named like a day, else the first that holds dates.
    chosen = next((c for c in days if _DAY_NAME.search(c)), days[0] if days else None)
    return tuple(
        ColumnSpec(name=column, type=found.type, role=_role(column, found.type, seen, rows, column == chosen))
        for column, found in guesses.items()
    )


def _role(column: str, kind: ColumnType, seen: Seen, rows: int, is_chosen_date: bool) -> Role:
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


def samples_of(seen: Seen) -> dict[str, list[str]]:
    """A few different values a column."""
    return {column: list(dict.fromkeys(values))[:SHOWN_VALUES] for column, values in seen.values.items()}


def cardinalities_of(seen: Seen) -> dict[str, int]:
    """Different values of each column in the sample."""
    return {column: len(set(values)) for column, values in seen.values.items()}


def guess_typed(
    kind: str,
    values: Sequence[str],
    form: Format,
    order: DateOrder | None,
    declared: ColumnType | None,
    column: str,
) -> Guess:
    """What a column of a format with types holds: its own type, save for texts that are dates."""
    own = _column_type(kind)
    if own == "text" and kind in ("VARCHAR", "JSON") and values:
        # Texts of a typed format are texts on purpose, save dates, which JSON has no type for, and mixed columns.
        is_mixed = kind == "JSON" or form.kind == "xlsx"
        found = guess_column(column, values, ".", order, declared)
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


def texts_of(seen: Seen, types: Mapping[str, str]) -> Seen:
    """The columns that hold texts."""
    return Seen({c: v for c, v in seen.values.items() if types[c] == "VARCHAR"}, seen.rows)
