"""Second moments over days, from the marginal table where it can say them, else from the facts."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.model.analysis import Condition
from core.model.comparison import Comparison
from core.model.sums import FloatArray, Moments
from core.warehouse.aggregate import (
    Columns,
    Periods,
    by_side,
    chosen_rows,
    fact_files,
    fetch,
    gather,
    periods_of,
    stack,
    texts,
)
from core.warehouse.query import Database
from core.warehouse.sql import conditions
from core.warehouse.sql.base import BOTH, TOTAL, Statement, day_of, facts
from core.warehouse.sql.sums import marginal_moments, packed_moments
from core.warehouse.versions import Version

Pairs = Sequence[tuple[str, str]]


def moments(
    database: Database,
    version: Version,
    comparison: Comparison,
    pairs: Pairs,
    dimensions: Sequence[str],
    where: Mapping[str, Condition],
    cancel: threading.Event | None,
) -> Moments | None:
    """Second moments over days of those pairs whose metrics are sums; distinct counts of days do not add up.

    None where rows have no day, or no pair is left.
    """
    added = {name for pair in pairs for name in pair if version.column(name).aggregation == "sum"}
    pairs = [pair for pair in pairs if added.issuperset(pair)]
    metrics = list(dict.fromkeys(name for pair in pairs for name in pair))
    if not pairs:
        return None
    periods = periods_of(version, comparison, where)
    if periods and set(metrics) <= set(version.summable) and set(dimensions) <= set(version.marginal_dimensions):
        return _marginal(database, periods, metrics, pairs, dimensions, cancel)
    return _packed(database, version, comparison, metrics, pairs, dimensions, where, cancel)


def _marginal(
    database: Database,
    periods: Periods,
    metrics: Sequence[str],
    pairs: Pairs,
    dimensions: Sequence[str],
    cancel: threading.Event | None,
) -> Moments:
    statement = Statement()
    scan, codes = periods.scan(statement), periods.codes(dimensions)
    statement.text = marginal_moments(scan, periods.version, metrics, pairs, codes)
    columns = fetch(database, statement, cancel)
    codes_found = columns["segment"]
    chosen = {dimension: chosen_rows(periods, dimension, codes_found) for dimension in dimensions}
    return _moments(columns, codes_found == 0, metrics, pairs, chosen)


def _packed(
    database: Database,
    version: Version,
    comparison: Comparison,
    metrics: Sequence[str],
    pairs: Pairs,
    dimensions: Sequence[str],
    where: Mapping[str, Condition],
    cancel: threading.Event | None,
) -> Moments | None:
    day = comparison.by if comparison.is_dates else version.date_column.name if version.date_column else None
    if day is None:
        return None
    statement = Statement()
    relation = facts(statement, fact_files(version), version)
    scan = conditions.compared(statement, relation, version, comparison, where)
    columns_read = [version.column(name) for name in metrics]
    statement.text = packed_moments(scan, day_of(version, day), columns_read, pairs, dimensions, version)
    columns = fetch(database, statement, cancel)
    places = columns["dimension"]
    chosen = {d: (places == i, texts(columns["value"][places == i])) for i, d in enumerate(dimensions)}
    return _moments(columns, places == TOTAL, metrics, pairs, chosen)


def _moments(
    columns: Columns,
    is_total: NDArray[np.bool_],
    metrics: Sequence[str],
    pairs: Pairs,
    chosen: Mapping[str, tuple[NDArray[np.bool_], NDArray[np.object_]]],
) -> Moments:
    """chosen: per dimension which rows are its own, and their segments' names."""
    sides, values, days = columns["side"], stack(columns, "q", len(pairs)), columns["days"]
    found = {
        dimension: gather(names, sides[mine], values[mine], days[mine]) for dimension, (mine, names) in chosen.items()
    }
    counted = by_side(sides[is_total], days[is_total])
    return Moments(
        days=(int(counted[0]), int(counted[1])),
        pairs=tuple(pairs),
        totals=by_side(sides[is_total], values[is_total]),
        by_dimension={dimension: segments.values for dimension, segments in found.items()},
        active={dimension: segments.rows for dimension, segments in found.items()},
        metrics=tuple(metrics),
        daily=_daily({name: values[is_total] for name, values in columns.items()}, len(metrics)),
    )


def _daily(whole: Mapping[str, NDArray[Any]], metrics: int) -> tuple[FloatArray, FloatArray]:
    """The days of the whole on each side, in their order; rows of both sides count on each."""
    order = np.argsort(np.ma.getdata(whole["day"]), kind="stable")
    values, sides = stack(whole, "s", metrics)[order], whole["side"][order]
    base, current = (values[(sides == side) | (sides == BOTH)] for side in (0, 1))
    return base, current
