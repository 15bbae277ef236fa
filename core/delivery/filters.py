"""Filters locked for one run: they narrow what a report shows anyway, and never widen it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from core.errors import DataError
from core.model.analysis import AnalysisSpec, Condition, Scalar

AMONG = "in"
NO_LOCKS: Mapping[str, Condition] = {}


def narrowed(analysis: AnalysisSpec, locks: Mapping[str, Condition]) -> AnalysisSpec:
    """The analysis with further filters, each a list of values. Raises DataError where they leave nothing of a column.

    Where a column is filtered already, both filters hold.
    """
    where = dict(analysis.where)
    for column, lock in locks.items():
        where[column] = _both(where[column], lock, column) if column in where else lock
    return analysis.model_copy(update={"where": where})


def _both(own: Condition, lock: Condition, column: str) -> Condition:
    wanted = _values(lock)
    if not isinstance(own, dict):
        return _common(_values(own), wanted, column)
    if AMONG in own:
        return {**own, AMONG: _common(_values(own[AMONG]), wanted, column)}
    return {**own, AMONG: wanted}


def _common(own: list[Scalar], wanted: list[Scalar], column: str) -> list[Scalar]:
    """Those of the wanted values that the report shows; as text they are alike, since a URL holds texts."""
    known = set(map(str, own))
    common = [value for value in wanted if str(value) in known]
    if not common:
        raise DataError(
            f"The report shows only {_listed(own)} of '{column}', and {_listed(wanted)} was asked for. "
            "Nothing was sent."
        )
    return common


def _values(condition: Condition) -> list[Scalar]:
    return condition if isinstance(condition, list) else [cast(Scalar, condition)]


def _listed(values: list[Scalar]) -> str:
    return ", ".join(f"'{value}'" for value in values[:5])
