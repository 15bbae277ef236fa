"""Cells from the facts: one scan, days joined to clusters, a row of both sides counted on each."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.model.analysis import Condition
from core.model.cells import Cells, IntArray
from core.model.comparison import Comparison, DateSide
from core.model.sums import BASE, CURRENT
from core.warehouse.aggregate import fact_files
from core.warehouse.query import Database
from core.warehouse.sql import conditions
from core.warehouse.sql.base import BOTH, Statement, day_of, facts
from core.warehouse.sql.cells import folded_sums
from core.warehouse.versions import Version

MOST_CLUSTERS = 62
LENGTHS = (1, 7, 28, 91)
PLACES_A_ROW = 8


def cells(
    database: Database,
    version: Version,
    comparison: Comparison,
    metrics: Sequence[str],
    kept: Mapping[str, Sequence[str]],
    where: Mapping[str, Condition],
    cancel: threading.Event | None,
) -> Cells:
    """Sums of `metrics` by side, cluster of days and all dimensions in `kept` at once.

    kept: dimension → the values that are told apart; the others are one.
    """
    statement = Statement()
    relation = facts(statement, fact_files(version), version)
    scan = conditions.compared(statement, relation, version, comparison, where)
    column = comparison.by if comparison.is_dates else version.date_column.name if version.date_column else None
    day = None if column is None else day_of(version, column)
    statement.text = folded_sums(statement, scan, version, [version.column(m) for m in metrics], kept, day)
    with database.cursor(cancel=cancel) as cursor:
        found: dict[str, Any] = cursor.execute(*statement.parts).fetchnumpy()
    places, sides = _on_both(np.ma.getdata(found["side"]))
    clusters, sizes = _clusters(found["day"][places], sides, comparison) if day else (np.zeros_like(places), None)
    keys, cell = _numbered(np.ma.getdata(found["cell"]))
    return Cells(
        dimensions=tuple(kept),
        names=tuple(tuple(names) for names in kept.values()),
        codes=_digits(keys, [len(names) for names in kept.values()]),
        cell=cell[places],
        sides=sides,
        clusters=clusters,
        metrics=tuple(metrics),
        values=np.column_stack([np.ma.getdata(found[f"s{i}"]) for i in range(len(metrics))])[places],
        sizes=sizes,
        is_paired=sizes is not None and not comparison.is_dates,
        days=_days(comparison),
    )


def clusters_of(days: int) -> int:
    """How many clusters a span of days makes."""
    return -(-days // length_of(days))


def length_of(days: int) -> int:
    """Days in a cluster: as short as it can be for at most 62 of them."""
    return next((length for length in LENGTHS if days <= length * MOST_CLUSTERS), -(-days // MOST_CLUSTERS))


def _on_both(sides: NDArray[Any]) -> tuple[IntArray, IntArray]:
    """Places of rows and the side each counts on: a row of both sides comes twice."""
    found = [np.flatnonzero((sides == side) | (sides == BOTH)) for side in (BASE, CURRENT)]
    return np.concatenate(found), np.repeat(np.array([BASE, CURRENT]), [len(rows) for rows in found])


def _numbered(keys: IntArray) -> tuple[IntArray, IntArray]:
    """The keys in order, each once, and which of them each row has; without sorting where they lie close."""
    if int(keys.max(initial=0)) > PLACES_A_ROW * len(keys):
        found, places = np.unique(keys, return_inverse=True)
        return found, places
    is_there = np.zeros(int(keys.max(initial=0)) + 1, dtype=bool)
    is_there[keys] = True
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[keys]


def _digits(keys: IntArray, counts: Sequence[int]) -> IntArray:
    """The codes that a key is made of, from 0, all other values of a dimension last; shape (keys, dimensions)."""
    columns = []
    for count in reversed(counts):
        keys, code = np.divmod(keys, count + 1)
        columns.append(np.where(code == 0, count, code - 1))
    return np.stack(columns[::-1], axis=1)


def _clusters(found: NDArray[Any], sides: IntArray, comparison: Comparison) -> tuple[IntArray, tuple[int, int]]:
    """Cluster of each row, and their number on each side; groups are cut into the same clusters."""
    if isinstance(comparison.base, DateSide) and isinstance(comparison.current, DateSide):
        spans = comparison.base, comparison.current
        length = length_of(max(span.days for span in spans))
        first = np.array([np.datetime64(span.first, "D") for span in spans])
        return _since(found, first[sides], length), (-(-spans[0].days // length), -(-spans[1].days // length))
    present = ~np.ma.getmaskarray(found)
    known = np.ma.getdata(found)[present].astype("datetime64[D]")
    if not len(known):
        return np.zeros(len(sides), dtype=np.int64), (1, 1)
    days = int((known.max() - known.min()).astype(np.int64)) + 1
    length = length_of(days)
    clusters = np.zeros(len(sides), dtype=np.int64)
    clusters[present] = _since(known, np.full(len(known), known.min()), length)
    count = -(-days // length)
    return clusters, (count, count)


def _since(days: NDArray[Any], first: NDArray[Any], length: int) -> IntArray:
    passed = np.ma.getdata(days).astype("datetime64[D]") - first
    return np.asarray(passed.astype(np.int64) // length)


def _days(comparison: Comparison) -> tuple[int, int] | None:
    if isinstance(comparison.base, DateSide) and isinstance(comparison.current, DateSide):
        return comparison.base.days, comparison.current.days
    return None
