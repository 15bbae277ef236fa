"""Conditions on rows: the sides of a comparison and people's filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from math import isfinite
from zoneinfo import ZoneInfo

from core.errors import DataError
from core.model.analysis import Condition, Scalar
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.data import DATE_TYPES, NUMERIC_TYPES
from core.model.sums import NOT_SET
from core.warehouse.sql.base import BOTH, Scan, Statement, day_of, quote
from core.warehouse.versions import Version

_DIGITS = re.compile(r"[+-]?[0-9]+")
_COMPARED = ("=", "!=", ">", ">=", "<", "<=")
_SEARCHED = ("contains", "starts_with")
_AMONG, _EXCEPT = "in", "not in"
LONGEST_SHOWN = 60
OPERATORS = (*_COMPARED, *_SEARCHED, _AMONG, _EXCEPT)


def compared(
    statement: Statement, relation: str, version: Version, comparison: Comparison, where: Mapping[str, Condition]
) -> Scan:
    """The scan of the facts for both sides of a comparison under filters."""
    base = side(statement, version, comparison.by, comparison.base, field="comparison.base")
    current = side(statement, version, comparison.by, comparison.current, field="comparison.current")
    condition = f"({base} OR {current})"
    if isinstance(comparison.base, DateSide) and isinstance(comparison.current, DateSide):
        # The outer bounds alone on the plain column let row groups be skipped by their statistics.
        span = DateSide(
            min(comparison.base.first, comparison.current.first), max(comparison.base.last, comparison.current.last)
        )
        condition = f"{side(statement, version, comparison.by, span)} AND {condition}"
    filtered = filters(statement, version, where)
    return Scan(relation, " AND ".join([condition, *filtered]), _key(base, current, _may_overlap(comparison)))


def on_days(statement: Statement, relation: str, base: DateSide, current: DateSide) -> Scan:
    """The scan of the marginal table for two periods."""
    texts = [_between("day", statement.value(s.first), statement.value(s.last)) for s in (base, current)]
    span = _between(
        "day", statement.value(min(base.first, current.first)), statement.value(max(base.last, current.last))
    )
    overlaps = base.first <= current.last and current.first <= base.last
    return Scan(relation, f"{span} AND ({texts[0]} OR {texts[1]})", _key(texts[0], texts[1], overlaps))


def one_side(
    statement: Statement,
    relation: str,
    version: Version,
    by: str,
    chosen: DateSide | GroupSide,
    where: Mapping[str, Condition],
) -> Scan:
    """The scan of the facts for one side."""
    return Scan(
        relation, " AND ".join([side(statement, version, by, chosen), *filters(statement, version, where)]), "0"
    )


def check(version: Version, comparison: Comparison, where: Mapping[str, Condition]) -> None:
    """Raises what `compared` would raise: a value that its column cannot hold, an unknown operator or column."""
    compared(Statement(), "", version, comparison, where)


def side(
    statement: Statement, version: Version, by: str, chosen: DateSide | GroupSide, *, field: str = "comparison"
) -> str:
    """The condition under which a row belongs to one side. field: named where a value does not fit the column."""
    if isinstance(chosen, DateSide):
        return _days(statement, version, by, chosen)
    return one_of(statement, version, by, chosen.values, field=field)


def filters(statement: Statement, version: Version, where: Mapping[str, Condition]) -> list[str]:
    """One condition a filtered column. Raises UnknownColumn and DataError with the filter's name as field."""
    return [f"({_condition(statement, version, column, wanted)})" for column, wanted in where.items()]


def one_of(
    statement: Statement, version: Version, column: str, values: Sequence[Scalar], *, field: str | None = None
) -> str:
    """Whether the column holds one of `values`; None and "(not set)" stand for NULL. field: default the filter's."""
    field = field or f"where.{column}"
    if not values:
        raise DataError(f"The filter on '{column}' lists no values. Name at least one.", field=field)
    present = [v for v in values if v is not None and v != NOT_SET]
    left = _left(version, column)
    placeholders = [_typed(statement, version, column, v, field) for v in present]
    parts = [f"{left} IN ({', '.join(placeholders)})"] if placeholders else []
    if len(present) < len(values):
        parts.append(f"{left} IS NULL")
        if version.column(column).type == "text":
            parts.append(f"{left} = {statement.value(NOT_SET)}")
    return f"({' OR '.join(parts)})"


def _key(base: str, current: str, overlaps: bool) -> str:
    if not overlaps:
        return f"CASE WHEN {base} THEN 0 ELSE 1 END"
    return f"CASE WHEN {base} AND {current} THEN {BOTH} WHEN {base} THEN 0 ELSE 1 END"


def _may_overlap(comparison: Comparison) -> bool:
    """Whether a row may belong to both sides. Groups may: 1, 1.0 and "1" are one value to the database."""
    base, current = comparison.base, comparison.current
    if isinstance(base, DateSide) and isinstance(current, DateSide):
        return base.first <= current.last and current.first <= base.last
    if isinstance(base, GroupSide) and isinstance(current, GroupSide):
        return True
    raise DataError("A comparison has either two periods or two groups, not one of each.", field="comparison")


def _days(statement: Statement, version: Version, column: str, chosen: DateSide) -> str:
    kind = version.column(column).type
    if kind == "date":
        return _between(quote(column), statement.value(chosen.first), statement.value(chosen.last))
    if kind != "datetime":
        raise DataError(f"Column '{column}' holds no dates. Compare its values, or choose a date column.", field="by")
    first = f"{quote(column)} >= {statement.value(_instant(version, column, chosen.first))}"
    if chosen.last == date.max:
        return f"({first})"
    end = statement.value(_instant(version, column, chosen.last + timedelta(days=1)))
    return f"({first} AND {quote(column)} < {end})"


def _instant(version: Version, column: str, day: date) -> datetime:
    """The moment a day begins: in the dataset's zone if the column carries zones, else on its own clock."""
    if column in version.zoned:
        return datetime.combine(day, time(), tzinfo=ZoneInfo(version.calendar.time_zone))
    return datetime.combine(day, time())


def _between(left: str, first: str, last: str) -> str:
    return f"({left} >= {first} AND {left} <= {last})"


def _condition(statement: Statement, version: Version, column: str, wanted: Condition) -> str:
    version.column(column, field=f"where.{column}")
    if isinstance(wanted, list):
        return one_of(statement, version, column, wanted)
    if not isinstance(wanted, dict):
        return one_of(statement, version, column, [wanted])
    if not wanted:
        raise DataError(
            f"The filter on '{column}' has no operator. Use one of {', '.join(OPERATORS)}.", field=f"where.{column}"
        )
    return " AND ".join(_operation(statement, version, column, sign, value) for sign, value in wanted.items())


def _operation(statement: Statement, version: Version, column: str, sign: str, value: Scalar | list[Scalar]) -> str:
    field = f"where.{column}"
    if sign in (_AMONG, _EXCEPT):
        listed = one_of(statement, version, column, value if isinstance(value, list) else [value])
        return listed if sign == _AMONG else f"{listed} IS NOT TRUE"
    if isinstance(value, list):
        raise DataError(
            f"The filter on '{column}' takes one value after '{sign}'. A list stands after '{_AMONG}', '{_EXCEPT}', "
            "or alone.",
            field=field,
        )
    if sign in _SEARCHED:
        if value is None or isinstance(value, bool):
            raise DataError(f"The filter on '{column}' has no text after '{sign}'. Give one.", field=field)
        text = statement.value(str(value).lower())
        return f"{sign}(lower(CAST({quote(column)} AS VARCHAR)), {text})"
    if sign not in _COMPARED:
        raise DataError(
            f"'{sign}' is no operator for the filter on '{column}'. Use one of {', '.join(OPERATORS)}.", field=field
        )
    if sign in ("=", "!="):
        is_it = one_of(statement, version, column, [value])
        return is_it if sign == "=" else f"{is_it} IS NOT TRUE"
    if value is None or value == NOT_SET:
        raise DataError(f"The filter on '{column}' compares with {NOT_SET} by '{sign}'. Use = or !=.", field=field)
    return f"{_left(version, column)} {sign} {_typed(statement, version, column, value, field)}"


def _left(version: Version, column: str) -> str:
    """What a value is compared with: days for dates, the column itself otherwise."""
    return day_of(version, column) if version.column(column).type in DATE_TYPES else quote(column)


def _typed(statement: Statement, version: Version, column: str, value: Scalar, field: str) -> str:
    """A placeholder for `value` as the column's type. Raises DataError, naming the field, if it is none."""
    kind = version.column(column).type
    if kind in DATE_TYPES:
        return statement.value(_checked(_day, value, column, "date (use YYYY-MM-DD)", field))
    if kind in NUMERIC_TYPES:
        return statement.value(_checked(_number, value, column, "number", field))
    if kind == "boolean":
        return statement.value(_checked(_truth, value, column, "truth (use true or false)", field))
    return statement.value(_text(value))


def _checked(read: Callable[[Scalar], object], value: Scalar, column: str, expected: str, field: str) -> object:
    try:
        return read(value)
    except (ValueError, TypeError, KeyError, OverflowError):
        text = str(value)
        found = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
        raise DataError(f"'{found}' is no {expected}, which column '{column}' asks for.", field=field) from None


def _day(value: Scalar) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else datetime.fromisoformat(str(value).strip()).date()


def _number(value: Scalar) -> int | float:
    if isinstance(value, (bool, date)) or value is None:
        raise ValueError(value)
    number = value if isinstance(value, (int, float)) else int(value) if _DIGITS.fullmatch(value) else float(value)
    # DuckDB holds whole numbers of 128 bits; what is larger is compared as a number with a fraction.
    number = float(number) if abs(number) >= 2**127 else number
    if not isfinite(number):
        raise ValueError(value)
    return number


def _truth(value: Scalar) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "1": True, "0": False}[str(value).lower()]


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
