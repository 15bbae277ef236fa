"""Second moments over days from the marginal table and from the facts, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.data import ColumnSpec
from core.warehouse import Version, Warehouse
from core.warehouse.sql.base import daily_limit, packs
from tests.warehouse.conftest import Load
from tests.warehouse.test_sums import MONTHS, from_facts

both_ways = pytest.mark.parametrize("change", [lambda v: v, from_facts], ids=["marginals", "facts"])


@both_ways
def test_moments_are_sums_over_days(warehouse: Warehouse, sales: Version, change) -> None:
    found = warehouse.moments(change(sales), MONTHS, (("visits", "visits"), ("orders", "visits")), ("country",))
    assert found is not None
    assert found.days == (2, 2)
    # Segments: (not set), DE, FR. January FR: 100 and 80 visits on two days.
    assert found.by_dimension["country"][0, 2].tolist() == [100**2 + 80**2, 10 * 100 + 8 * 80]


@both_ways
def test_a_segment_without_any_value_has_no_moments(warehouse: Warehouse, load: Load, change) -> None:
    version = load("day,k,n\n2026-01-01,a,2\n2026-01-01,b,\n2026-02-01,a,3\n2026-02-01,b,\n")
    found = warehouse.moments(change(version), MONTHS, (("n", "n"),), ("k",))
    assert found is not None
    assert found.by_dimension["k"].tolist() == [[[4], [0]], [[9], [0]]]


def test_moments_hold_under_filters(warehouse: Warehouse, sales: Version) -> None:
    found = warehouse.moments(sales, MONTHS, (("visits", "visits"),), ("device",), {"country": "FR"})
    assert found is not None
    assert found.days == (2, 1)
    assert found.by_dimension["device"][:, :, 0].tolist() == [[80**2, 100**2], [0, 120**2]]


def test_the_days_of_two_groups_may_be_shared(warehouse: Warehouse, sales: Version) -> None:
    groups = Comparison("country", GroupSide(("FR",)), GroupSide(("FR", "DE")))
    found = warehouse.moments(sales, groups, (("visits", "visits"),), ("device",))
    assert found is not None
    assert found.days == (3, 3)
    desktop, phone = 80**2, 100**2 + 120**2
    assert found.by_dimension["device"][:, :, 0].tolist() == [[desktop, phone], [desktop + 60**2, 150**2 + 120**2]]


def test_rows_without_a_day_have_no_moments(warehouse: Warehouse, load: Load) -> None:
    version = load("k,g,n\na,x,2\nb,y,3\n")
    groups = Comparison("g", GroupSide(("x",)), GroupSide(("y",)))
    assert warehouse.moments(version, groups, (("n", "n"),), ("k",)) is None


@both_ways
def test_the_whole_has_its_sums_day_by_day(warehouse: Warehouse, load: Load, change) -> None:
    version = load("day,k,n\n2026-01-02,a,2\n2026-01-01,b,1\n2026-01-02,b,5\n2026-02-01,a,3\n")
    found = warehouse.moments(change(version), MONTHS, (("n", "n"),), ("k",))
    assert found is not None
    assert found.metrics == ("n",)
    assert [side.tolist() for side in found.daily] == [[[1], [7]], [[3]]]
    assert found.totals.tolist() == [[1 + 49], [9]]


@both_ways
def test_days_with_rows_are_counted_for_every_segment(warehouse: Warehouse, load: Load, change) -> None:
    version = load("day,k,n\n2026-01-02,a,2\n2026-01-01,b,1\n2026-01-02,b,5\n2026-02-01,a,3\n")
    found = warehouse.moments(change(version), MONTHS, (("n", "n"),), ("k",))
    assert found is not None
    assert found.active["k"].tolist() == [[1, 2], [1, 0]]


@both_ways
def test_a_day_of_both_sides_counts_on_each(warehouse: Warehouse, load: Load, change) -> None:
    version = load("day,k,n\n2026-01-01,a,2\n2026-01-02,a,5\n2026-02-01,a,3\n")
    sides = Comparison("day", MONTHS.base, DateSide(date(2026, 1, 2), date(2026, 2, 28)))
    found = warehouse.moments(change(version), sides, (("n", "n"),), ("k",))
    assert found is not None
    assert [side.tolist() for side in found.daily] == [[[2], [5]], [[5], [3]]]
    assert found.days == (2, 2)


def test_distinct_counts_leave_the_moments_of_the_sums(warehouse: Warehouse, load: Load) -> None:
    user = ColumnSpec(name="user", type="text", role="metric", aggregation="distinct")
    version = load("day,user,n\n2026-01-01,a,2\n2026-02-01,a,3\n", columns=(user,))
    pairs = (("user", "user"), ("n", "user"), ("n", "n"))
    found = warehouse.moments(version, MONTHS, pairs)
    assert found is not None
    assert found.pairs == (("n", "n"),)
    assert warehouse.moments(version, MONTHS, pairs[:1]) is None


@pytest.mark.parametrize(("rows", "limit"), [(100, 64), (1_000_000, 1041), (100_000_000, 4096)])
def test_packs_by_day_are_smaller_where_there_are_few_rows_a_day(sales: Version, rows: int, limit: int) -> None:
    """30 days: at most one group for 32 rows."""
    version = replace(sales, rows=rows, oldest=date(2026, 1, 1), newest=date(2026, 1, 30))
    assert daily_limit(version) == limit
    assert packs(("a", "b"), {"a": 40, "b": 50}, limit) == ([("b", "a")] if limit > 2000 else [("b",), ("a",)])
