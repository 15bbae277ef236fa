"""Parameters of trigger URLs: declared by name, type and column; given, they are filters locked for one run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from core.errors import DataError, UnknownColumn
from core.model.analysis import Scalar
from core.model.data import DATE_TYPES, NUMERIC_TYPES, DatasetSpec
from core.model.triggers import Parameter, UrlTrigger

MOST_VALUES = 100
LONGEST_TEXT = 1_000
LARGEST = 2.0**63
"""Numbers beyond it fit no column of whole ones."""
FITTING: dict[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "number": NUMERIC_TYPES,
    "date": DATE_TYPES,
    "boolean": frozenset({"boolean"}),
}
"""Types of columns that each type of parameter filters."""


def check_parameters(trigger: UrlTrigger, dataset: DatasetSpec) -> None:
    """Raises DataError at `parameters.<name>` for a column that is not there, of another type, or filtered twice."""
    columns = {column.name: column for column in dataset.columns if column.role != "ignored"}
    seen: dict[str, str] = {}
    for name, parameter in trigger.parameters.items():
        field = f"parameters.{name}"
        if parameter.column not in columns:
            raise UnknownColumn.named(parameter.column, dataset.name, columns, field=f"{field}.column")
        if (holds := columns[parameter.column].type) not in FITTING[parameter.type]:
            raise DataError(
                f"Parameter '{name}' is of type {parameter.type}, but column '{parameter.column}' holds {holds}.",
                field=f"{field}.type",
            )
        if (other := seen.setdefault(parameter.column, name)) != name:
            raise DataError(f"Parameters '{other}' and '{name}' filter the same column. Keep one.", field=field)


def filters_of(trigger: UrlTrigger, given: Mapping[str, Any]) -> dict[str, list[Scalar]]:
    """Filters from what a caller sent: for each parameter a value or a list of values. Raises DataError at its name."""
    for name in given:
        if name not in trigger.parameters:
            known, sent = ", ".join(trigger.parameters) or "none", _shown(name)
            raise DataError(f"There is no parameter '{sent}'. Declared are: {known}.", field=sent)
    return {trigger.parameters[name].column: _values(name, trigger.parameters[name], given[name]) for name in given}


def _values(name: str, parameter: Parameter, given: Any) -> list[Scalar]:
    values = given if isinstance(given, list) else [given]
    if not 1 <= len(values) <= MOST_VALUES:
        raise DataError(f"'{name}' takes 1 to {MOST_VALUES} values; {len(values)} were sent.", field=name)
    for value in values:
        if not _fits(parameter, value):
            raise DataError(f"'{name}' is {_wanted(parameter)}; {str(value)[:80]!r} was sent.", field=name)
    return values


def _fits(parameter: Parameter, value: Any) -> bool:
    match parameter.type:
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
        case "boolean":
            return isinstance(value, bool)
        case "date":
            return isinstance(value, str) and _is_date(value)
        case _:
            return isinstance(value, str) and len(value) <= LONGEST_TEXT and not any(map(_is_half, value))


def _shown(name: str) -> str:
    return "".join("?" if _is_half(letter) else letter for letter in name[:80])


def _is_half(letter: str) -> bool:
    """Half of a letter, which JSON can write and no encoding can."""
    return "\ud800" <= letter <= "\udfff"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-01-31")


def _wanted(parameter: Parameter) -> str:
    return {"number": "a number", "boolean": "true or false", "date": "a date such as 2026-01-31"}.get(
        parameter.type, f"a text of at most {LONGEST_TEXT} characters"
    )
