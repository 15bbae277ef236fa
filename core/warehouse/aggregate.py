"""Answers: sums from the marginal table where it can say them, else from the facts."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.model.analysis import Condition
from core.model.comparison import Comparison, DateSide
from core.model.sums import NOT_SET, FloatArray, SegmentSums, Sums
from core.warehouse import marginals
from core.warehouse.files import as_pattern, resolve
from core.warehouse.query import Database
from core.warehouse.sql import conditions
from core.warehouse.sql.base import BOTH, TOTAL, Scan, Statement, facts
from core.warehouse.sql.sums import distinct_counts, marginal_sums, packed_sums
from core.warehouse.sql.tables import marginal_table
from core.warehouse.versions import Version

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Periods:
    """Two periods that the marginal table can speak of."""

    version: Version
    base: DateSide
    current: DateSide
    table: Path
    names: Path

    def scan(self, statement: Statement) -> Scan:
        return conditions.on_days(statement, marginal_table(statement, self.table), self.base, self.current)

    def segments(self, dimension: str) -> marginals.Segments:
        return marginals.segments(self.names, self.version.marginal_dimensions)[dimension]

    def codes(self, dimensions: Sequence[str]) -> tuple[int, int] | None:
        """The range of codes that spans `dimensions`, None for no dimension."""
        known = [self.segments(d) for d in dimensions]
        return (min(s.first for s in known), max(s.last for s in known)) if known else None


@dataclass(frozen=True)
class _Answer:
    """Sums of some metrics before they are put together.

    totals, filled: shape (2, metrics); rows: shape (2,); segments: dimension → names, values, rows.
    """

    totals: FloatArray
    filled: FloatArray
    rows: FloatArray
    segments: dict[str, SegmentSums]


def sums(
    database: Database,
    version: Version,
    comparison: Comparison,
    metrics: Sequence[str],
    dimensions: Sequence[str],
    where: Mapping[str, Condition],
    cancel: threading.Event | None,
) -> Sums:
    """Sums of `metrics` on both sides, in all and by every one of `dimensions`.

    Raises UnknownColumn, DataError for a metric that cannot be added up, Cancelled.
    """
    _check(version, metrics, dimensions)
    added = [m for m in metrics if version.column(m).aggregation == "sum"]
    distinct = [m for m in metrics if version.column(m).aggregation == "distinct"]
    periods = periods_of(version, comparison, where)
    quick = [d for d in dimensions if periods and d in version.marginal_dimensions]
    slow = [d for d in dimensions if d not in quick]
    answers = []
    if periods:
        answers.append(_marginal(database, periods, added, quick, cancel))
    if slow or not periods:
        answers.append(_packed(database, version, comparison, added, slow, where, cancel))
    answer = _joined(answers)
    if distinct:
        counts = _distinct(database, version, comparison, distinct, dimensions, where, cancel)
        answer = _beside(answer, counts, [*added, *distinct], metrics)
    days = None
    if isinstance(comparison.base, DateSide) and isinstance(comparison.current, DateSide):
        days = (comparison.base.days, comparison.current.days)
    return Sums(
        metrics=tuple(metrics),
        totals=answer.totals,
        filled=answer.filled,
        rows=answer.rows,
        days=days,
        dimensions={d: answer.segments[d] for d in dimensions},
        distinct=frozenset(distinct),
    )


def _check(version: Version, metrics: Sequence[str], dimensions: Sequence[str]) -> None:
    for name in dimensions:
        version.column(name)
    for name in metrics:
        column = version.column(name)
        if column.role != "metric":
            raise DataError(
                f"Column '{name}' of '{version.dataset}' is no metric. Give it that role on the Data page.",
                field="equation.steps",
            )


def periods_of(version: Version, comparison: Comparison, where: Mapping[str, Condition]) -> Periods | None:
    """The periods if the marginal table can answer: no filters, and the days of the date column are compared."""
    column, base, current = version.date_column, comparison.base, comparison.current
    if where or column is None or comparison.by != column.name or not version.marginals or not version.segments:
        return None
    if not isinstance(base, DateSide) or not isinstance(current, DateSide):
        return None
    return Periods(version, base, current, version.marginals, version.segments)


def chosen_rows(periods: Periods, dimension: str, codes: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.object_]]:
    """Which rows belong to a dimension, and their segments' names."""
    named = periods.segments(dimension)
    chosen = (codes >= named.first) & (codes <= named.last)
    return chosen, named.names[codes[chosen] - named.first]


def _marginal(
    database: Database,
    periods: Periods,
    metrics: Sequence[str],
    dimensions: Sequence[str],
    cancel: threading.Event | None,
) -> _Answer:
    statement = Statement()
    statement.text = marginal_sums(periods.scan(statement), periods.version, metrics, periods.codes(dimensions))
    columns = fetch(database, statement, cancel)
    codes = columns["segment"]
    segments = {
        dimension: _segments(columns, *chosen_rows(periods, dimension, codes), len(metrics)) for dimension in dimensions
    }
    return _answer(columns, codes == 0, len(metrics), segments)


def _packed(
    database: Database,
    version: Version,
    comparison: Comparison,
    metrics: Sequence[str],
    dimensions: Sequence[str],
    where: Mapping[str, Condition],
    cancel: threading.Event | None,
) -> _Answer:
    statement = Statement()
    relation = facts(statement, fact_files(version), version)
    scan = conditions.compared(statement, relation, version, comparison, where)
    statement.text = packed_sums(scan, [version.column(m) for m in metrics], dimensions, version)
    columns = fetch(database, statement, cancel)
    places = columns["dimension"]
    segments = {}
    for place, dimension in enumerate(dimensions):
        chosen = places == place
        segments[dimension] = _segments(columns, chosen, texts(columns["value"][chosen]), len(metrics))
    return _answer(columns, places == TOTAL, len(metrics), segments)


def _distinct(
    database: Database,
    version: Version,
    comparison: Comparison,
    metrics: Sequence[str],
    dimensions: Sequence[str],
    where: Mapping[str, Condition],
    cancel: threading.Event | None,
) -> _Answer:
    """Distinct counts, each side by itself: they do not add up over anything."""
    found: dict[str, list[NDArray[Any]]] = {}
    for position, chosen in enumerate((comparison.base, comparison.current)):
        statement = Statement()
        relation = facts(statement, fact_files(version), version)
        scan = conditions.one_side(statement, relation, version, comparison.by, chosen, where)
        statement.text = distinct_counts(scan, metrics, dimensions)
        columns = fetch(database, statement, cancel)
        columns["side"] = np.full(len(columns["dimension"]), position)
        for name, values in columns.items():
            found.setdefault(name, []).append(values)
    joined = {name: np.concatenate(values) for name, values in found.items()}
    places = joined["dimension"]
    segments = {
        dimension: _segments(joined, places == place, texts(joined["value"][places == place]), len(metrics))
        for place, dimension in enumerate(dimensions)
    }
    return _answer(joined, places == TOTAL, len(metrics), segments)


def fact_files(version: Version) -> list[str]:
    """The files of a version's rows, as patterns for DuckDB."""
    found = resolve(str(version.facts)) if version.is_borrowed else (version.facts,)
    return [as_pattern(file) for file in found]


def fetch(database: Database, statement: Statement, cancel: threading.Event | None) -> Columns:
    with database.cursor(cancel=cancel) as cursor:
        columns: dict[str, Any] = cursor.execute(*statement.parts).fetchnumpy()
    # Masked arrays are slow, and only a value may be NULL.
    return {name: values if np.ma.is_masked(values) else np.ma.getdata(values) for name, values in columns.items()}


def texts(values: NDArray[Any]) -> NDArray[np.object_]:
    """Names of segments; NULL is named "(not set)"."""
    mask = np.ma.getmaskarray(values)
    data = np.asarray(np.ma.getdata(values), dtype=object)
    return np.where(mask | np.array([v is None for v in data], dtype=bool), NOT_SET, data)


def _segments(
    columns: Mapping[str, NDArray[Any]], chosen: NDArray[np.bool_], names: NDArray[np.object_], metrics: int
) -> SegmentSums:
    return gather(names, columns["side"][chosen], stack(columns, "s", metrics)[chosen], columns["r"][chosen])


def gather(names: NDArray[np.object_], sides: NDArray[Any], values: FloatArray, rows: NDArray[Any]) -> SegmentSums:
    """Rows of (name, side) as arrays over sorted names, both sides filled with 0."""
    unique, places = np.unique(names.astype(str), return_inverse=True)
    gathered = np.zeros((2, len(unique), values.shape[1]))
    counted = np.zeros((2, len(unique)))
    for side in (0, 1):
        mine = (sides == side) | (sides == BOTH)
        np.add.at(gathered[side], places[mine], values[mine])
        np.add.at(counted[side], places[mine], rows[mine].astype(float))
    return SegmentSums(tuple(unique.tolist()), gathered, counted)


def _answer(
    columns: Mapping[str, NDArray[Any]],
    is_total: NDArray[np.bool_],
    metrics: int,
    segments: dict[str, SegmentSums],
) -> _Answer:
    sides = columns["side"][is_total]
    return _Answer(
        totals=by_side(sides, stack(columns, "s", metrics)[is_total]),
        filled=by_side(sides, stack(columns, "n", metrics)[is_total]),
        rows=by_side(sides, columns["r"][is_total]),
        segments=segments,
    )


def stack(columns: Mapping[str, NDArray[Any]], letter: str, metrics: int) -> FloatArray:
    if not metrics:
        return np.zeros((len(columns["side"]), 0))
    return np.column_stack([np.ma.filled(columns[f"{letter}{i}"], 0).astype(float) for i in range(metrics)])


def by_side(sides: NDArray[Any], values: NDArray[Any]) -> FloatArray:
    added = [values[(sides == side) | (sides == BOTH)].astype(float).sum(axis=0) for side in (0, 1)]
    return np.stack(added)


def _joined(answers: Sequence[_Answer]) -> _Answer:
    """One answer; the first one's totals hold, as both say the same."""
    first = answers[0]
    segments = {name: found for answer in answers for name, found in answer.segments.items()}
    return _Answer(first.totals, first.filled, first.rows, segments)


def _beside(added: _Answer, counted: _Answer, have: Sequence[str], wanted: Sequence[str]) -> _Answer:
    """Sums and distinct counts side by side, in the order wanted. Both know the same segments."""
    order = [list(have).index(name) for name in wanted]
    segments = {
        name: SegmentSums(
            found.names, np.concatenate([found.values, counted.segments[name].values], axis=2)[..., order], found.rows
        )
        for name, found in added.segments.items()
    }
    return _Answer(
        np.concatenate([added.totals, counted.totals], axis=1)[:, order],
        np.concatenate([added.filled, counted.filled], axis=1)[:, order],
        added.rows,
        segments,
    )
