"""What a column of texts holds: pure functions over sample values. docs/data.md lists the forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.model.data import ColumnType

DateOrder = Literal["day-first", "month-first"]
MISSING = "NA"
_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_DOT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?\d{1,3}(,\d{3})+(\.\d*)?|[+-]?(nan|inf|infinity)", re.I)
_COMMA = re.compile(r"[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?|[+-]?\d{1,3}(\.\d{3})+(,\d*)?|[+-]?(nan|inf|infinity)", re.I)
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_TRUTHS = frozenset({"true", "false"})
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(?P<zone>Z|[+-]\d{2}(:?\d{2})?)?")
_NUMERIC_DAY = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?P<time> \d{1,2}:\d{2}(:\d{2})?)?")
# Written forms besides ISO: pattern, how it is parsed.
_WRITTEN = (
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}"), "%Y/%m/%d"),
    (re.compile(r"\d{4}-\d{2}"), "%Y-%m"),
    (re.compile(r"\d{1,2} [A-Za-z]{3} \d{4}"), "%d %b %Y"),
    (re.compile(r"\d{1,2}-[A-Za-z]{3}-\d{4}"), "%d-%b-%Y"),
    (re.compile(r"[A-Za-z]{3} \d{1,2}, \d{4}"), "%b %d, %Y"),
    (re.compile(r"\d{1,2} [A-Za-z]{4,9} \d{4}"), "%d %B %Y"),
)


@dataclass(frozen=True)
class Guess:
    """A column's type. `date_format`: how its dates are parsed, None for ISO; `is_zoned`: its times carry a zone."""

    type: ColumnType
    date_format: str | None = None
    is_zoned: bool = False


def holds_numbers(values: Sequence[str], decimal: str) -> bool:
    """Whether at least half of the values are numbers: the rest are then faults to be named, not text.

    Leading zeros speak for codes: such a column is text.
    """
    numbers = [v for v in values if is_number(v, decimal)]
    if (
        not numbers
        or any(re.fullmatch(r"0\d+", v) for v in numbers)
        or any(len(v) > 18 and v.isdigit() for v in values)
    ):
        return False
    return len(numbers) * 2 >= len(values)


def is_number(value: str, decimal: str) -> bool:
    """Whether the text is a number with this decimal mark; thousands may be marked by the other one."""
    return (_COMMA if decimal == "," else _DOT).fullmatch(value) is not None


def number_type(values: Iterable[str]) -> ColumnType:
    """Integer if all are whole, without thousands marks."""
    return "integer" if all(_WHOLE.fullmatch(v) for v in values) else "number"


def decimal_evidence(values: Sequence[str]) -> set[str]:
    """Decimal marks that the values prove, or both if some can be read in two ways and none proves anything.

    "12.5" proves the point, "1.234,5" the comma, "1,234,567" the point; "1,234" says nothing by itself.
    """
    proven = set()
    for value in values:
        if _EITHER.fullmatch(value):
            continue
        is_dot, is_comma = bool(_DOT.fullmatch(value)), bool(_COMMA.fullmatch(value))
        if is_dot != is_comma:
            proven.add("." if is_dot else ",")
    return proven


def doubtful_number(values: Sequence[str], mark: str) -> str | None:
    """A value such as "1,234" whose `mark` could be the decimal one or one for thousands; else None."""
    return next((v for v in values if _EITHER.fullmatch(v) and mark in v), None)


def date_guess(values: Sequence[str], order: DateOrder | None) -> Guess | None:
    """The date form that most of the values have, None if they are no dates or their order is not known."""
    if _most(values, _ISO_DAY):
        return Guess("date")
    if _most(values, _ISO_TIME):
        return Guess("datetime", is_zoned=any(_has_zone(v) for v in values))
    for pattern, form in _WRITTEN:
        if _most(values, pattern) and any(_parses(v, form) for v in values if pattern.fullmatch(v)):
            return Guess("date", form)
    return _numeric_guess(values, order)


def date_orders(values: Sequence[str]) -> set[DateOrder] | None:
    """The orders in which all of the values such as 03/04/2026 can be read; None if they are not of that form."""
    matches = [m for m in (_NUMERIC_DAY.fullmatch(v) for v in values) if m]
    if not matches or len(matches) * 2 < len(values):
        return None
    pairs = [(int(m[1]), int(m[3])) for m in matches]
    if matches[0][2] == "." or all(a == b for a, b in pairs):
        return {"day-first"}
    orders: set[DateOrder] = set()
    if sum(a > 12 for a, _ in pairs) >= sum(b > 12 for _, b in pairs):
        orders.add("day-first")
    if sum(b > 12 for _, b in pairs) >= sum(a > 12 for a, _ in pairs):
        orders.add("month-first")
    return orders


def doubtful_date(values: Sequence[str]) -> str | None:
    """The value whose two readings differ."""
    for value in values:
        match = _NUMERIC_DAY.fullmatch(value)
        if match and match[1] != match[3]:
            return value
    return None


def read_date(value: str, order: DateOrder) -> str:
    """What a value such as 03/04/2026 means in that order, for a question."""
    match = _NUMERIC_DAY.fullmatch(value)
    if match is None:
        return value
    return datetime.strptime(value, _numeric_format(match, order)).date().isoformat()  # noqa: DTZ007 - a day


def is_truth(values: Sequence[str]) -> bool:
    """Whether all of the values are true or false."""
    return all(v.lower() in _TRUTHS for v in values)


def _numeric_guess(values: Sequence[str], order: DateOrder | None) -> Guess | None:
    orders = date_orders(values)
    if not orders:
        return None
    chosen: DateOrder | None = order or (next(iter(orders)) if len(orders) == 1 else None)
    match = next(m for m in (_NUMERIC_DAY.fullmatch(v) for v in values) if m)
    if chosen is None:
        return None
    return Guess("datetime" if match["time"] else "date", _numeric_format(match, chosen))


def _numeric_format(match: re.Match[str], order: DateOrder) -> str:
    year = "%Y" if len(match[4]) == 4 else "%y"
    first, second = ("%d", "%m") if order == "day-first" else ("%m", "%d")
    clock = {0: "", 1: " %H:%M", 2: " %H:%M:%S"}[(match["time"] or "").count(":")]
    return f"{first}{match[2]}{second}{match[2]}{year}{clock}"


def _most(values: Sequence[str], pattern: re.Pattern[str]) -> bool:
    return sum(pattern.fullmatch(v) is not None for v in values) * 2 >= len(values)


def _has_zone(value: str) -> bool:
    match = _ISO_TIME.fullmatch(value)
    return match is not None and match["zone"] is not None


def _parses(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 - only its form is looked at
    except ValueError:
        return False
    return True
