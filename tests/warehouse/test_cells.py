"""Sums by several dimensions and days at once, against a count by hand."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from core.errors import Cancelled
from core.model.cells import Cells
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.sums import NOT_SET
from core.warehouse import Version, Warehouse
from core.warehouse.adhoc import open_data
from core.warehouse.cells import MOST_CLUSTERS, clusters_of, length_of
from tests.warehouse.conftest import Load

JANUARY = DateSide(date(2026, 1, 1), date(2026, 1, 31))
FEBRUARY = DateSide(date(2026, 2, 1), date(2026, 2, 28))
MONTHS = Comparison("day", JANUARY, FEBRUARY)
KEPT = {"country": ("DE", "FR"), "device": ("phone",)}


def rows(cells: Cells) -> list[tuple[object, ...]]:
    """(side, cluster, value of each dimension, metrics), sorted; "…" is all other values."""
    found = []
    for side, cluster, cell, values in zip(cells.sides, cells.clusters, cells.cell, cells.values, strict=True):
        named = [(*names, "…")[code] for names, code in zip(cells.names, cells.codes[cell], strict=True)]
        found.append((int(side), int(cluster), *named, *values.tolist()))
    return sorted(found)


def test_it_adds_up_by_day_and_both_dimensions_with_other_values_as_one(warehouse: Warehouse, sales: Version) -> None:
    cells = warehouse.cells(sales, MONTHS, ("visits", "orders"), KEPT)

    assert rows(cells) == [
        (0, 0, "DE", "phone", 50, 4),
        (0, 0, "FR", "phone", 100, 10),
        (0, 1, "FR", "…", 80, 8),
        (1, 0, "DE", "…", 60, 6),
        (1, 0, "FR", "phone", 120, 9),
        (1, 1, "…", "phone", 10, 1),
    ]
    assert (cells.sizes, cells.days, cells.is_paired) == ((31, 28), (31, 28), False)


def test_a_missing_value_may_be_told_apart(warehouse: Warehouse, sales: Version) -> None:
    cells = warehouse.cells(sales, MONTHS, ("visits",), {"country": (NOT_SET,)})

    assert [row for row in rows(cells) if row[2] == NOT_SET] == [(1, 1, NOT_SET, 10)]


def test_filters_hold(warehouse: Warehouse, sales: Version) -> None:
    cells = warehouse.cells(sales, MONTHS, ("visits",), KEPT, {"device": "desktop"})

    assert cells.values.sum() == 140


def test_a_row_of_both_periods_counts_on_each(warehouse: Warehouse, sales: Version) -> None:
    whole = DateSide(date(2026, 1, 1), date(2026, 2, 28))

    cells = warehouse.cells(sales, Comparison("day", whole, FEBRUARY), ("visits",), KEPT)

    assert [cells.values[cells.sides == side].sum() for side in (0, 1)] == [420, 190]


def test_groups_are_cut_into_the_same_days(warehouse: Warehouse, sales: Version) -> None:
    groups = Comparison("country", GroupSide(("FR",)), GroupSide(("DE",)))

    cells = warehouse.cells(sales, groups, ("visits",), {"device": ("phone", "desktop")})

    assert cells.is_paired
    assert cells.sizes == (32, 32)
    assert rows(cells)[0] == (0, 0, "phone", 100)


def test_without_a_date_column_there_are_no_clusters(warehouse: Warehouse, load: Load) -> None:
    version = load("plan,country,visits\nyes,DE,10\nno,DE,20\nno,FR,5\n")
    sides = Comparison("plan", GroupSide(("no",)), GroupSide(("yes",)))

    cells = warehouse.cells(version, sides, ("visits",), {"country": ("DE", "FR")})

    assert cells.sizes is None
    assert rows(cells) == [(0, 0, "DE", 20), (0, 0, "FR", 5), (1, 0, "DE", 10)]


def test_values_of_any_kind_are_told_apart(warehouse: Warehouse) -> None:
    frame = pl.DataFrame(
        {"day": [date(2026, 1, 1)] * 3, "is_new": [True, False, None], "it's": ['a "b"', "c'd", ""], "n": [1, 2, 4]}
    )
    version = open_data(warehouse, frame, by="day")

    cells = warehouse.cells(version, MONTHS, ("n",), {"is_new": ("true", NOT_SET), "it's": ('a "b"', "c'd")})

    assert rows(cells) == [(0, 0, NOT_SET, "…", 4), (0, 0, "true", 'a "b"', 1), (0, 0, "…", "c'd", 2)]


def test_many_values_in_many_dimensions_keep_their_codes(warehouse: Warehouse) -> None:
    random = np.random.default_rng(1)
    columns = {f"d{i}": [f"v{code}" for code in random.integers(0, 90, 2000)] for i in range(8)}
    frame = pl.DataFrame({"day": [date(2026, 1, 1)] * 2000, **columns, "n": [1] * 2000})
    kept = {name: tuple(f"v{code}" for code in range(90)) for name in columns}

    cells = warehouse.cells(open_data(warehouse, frame, by="day"), MONTHS, ("n",), kept)

    told = sorted(row[2:-1] for row in rows(cells) for _ in range(int(row[-1])))
    assert told == sorted(frame.select(*columns).rows())


@pytest.mark.parametrize(("days", "clusters"), [(1, 1), (31, 31), (62, 62), (63, 9), (365, 53), (730, 27), (10**6, 62)])
def test_long_periods_are_cut_into_weeks_and_more(days: int, clusters: int) -> None:
    assert clusters_of(days) == clusters <= MOST_CLUSTERS
    assert length_of(days) * clusters >= days


def test_quarters_are_clustered_by_week(warehouse: Warehouse) -> None:
    days = [date(2026, 1, 1) + timedelta(days=i) for i in range(180)]
    version = open_data(warehouse, pl.DataFrame({"day": days, "d": ["a", "b"] * 90, "n": [1] * 180}), by="day")
    sides = Comparison("day", DateSide(days[0], days[89]), DateSide(days[90], days[179]))

    cells = warehouse.cells(version, sides, ("n",), {"d": ("a", "b")})

    assert cells.sizes == (13, 13)
    assert np.bincount(cells.clusters[cells.sides == 1], cells.values[cells.sides == 1, 0]).tolist() == [7] * 12 + [6]


def test_it_can_be_cancelled(warehouse: Warehouse, sales: Version) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        warehouse.cells(sales, MONTHS, ("visits",), KEPT, cancel=cancel)
