"""Sums from the marginal table and from the facts, against polars and by hand."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.errors import Cancelled, DataError, UnknownColumn
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.data import ColumnSpec
from core.model.sums import NOT_SET, Sums
from core.warehouse import Version, Warehouse
from tests.warehouse.conftest import NOW, Load, spec_of

JANUARY = DateSide(date(2026, 1, 1), date(2026, 1, 31))
FEBRUARY = DateSide(date(2026, 2, 1), date(2026, 2, 28))
MONTHS = Comparison("day", JANUARY, FEBRUARY)


def from_facts(version: Version) -> Version:
    """The same version without its marginal table."""
    return replace(version, marginals=None)


@pytest.mark.parametrize("change", [lambda v: v, from_facts], ids=["marginals", "facts"])
def test_it_adds_up_both_sides_in_all_and_by_segment(warehouse: Warehouse, sales: Version, change) -> None:
    found = warehouse.sums(change(sales), MONTHS, ("visits", "revenue"), ("country",))

    assert found.totals.tolist() == [[230, 450.5], [190, 320.25]]
    assert found.rows.tolist() == [3, 3]
    assert found.days == (31, 28)
    assert found.dimensions["country"].names == (NOT_SET, "DE", "FR")
    assert found.dimensions["country"].values[:, :, 0].tolist() == [[0, 50, 180], [10, 60, 120]]
    assert found.dimensions["country"].rows.tolist() == [[0, 1, 2], [1, 1, 1]]


def test_a_row_counts_on_both_sides_when_periods_overlap(warehouse: Warehouse, sales: Version) -> None:
    whole = DateSide(date(2026, 1, 1), date(2026, 2, 28))
    for version in (sales, from_facts(sales)):
        found = warehouse.sums(version, Comparison("day", whole, FEBRUARY), ("visits",), ("device",))
        assert found.totals.tolist() == [[420], [190]]
        assert found.dimensions["device"].values.sum(axis=1).tolist() == [[420], [190]]


def test_it_compares_groups_of_a_column(warehouse: Warehouse, sales: Version) -> None:
    found = warehouse.sums(sales, Comparison("country", GroupSide(("FR",)), GroupSide(("DE", None))), ("visits",))
    assert found.totals.tolist() == [[300], [120]]
    assert found.days is None


def test_a_value_in_both_groups_counts_on_both_sides(warehouse: Warehouse, sales: Version) -> None:
    groups = Comparison("country", GroupSide(("FR", "DE")), GroupSide(("DE", NOT_SET)))
    assert warehouse.sums(sales, groups, ("visits",)).totals.tolist() == [[410], [120]]


def test_numbers_are_the_same_group_however_they_are_written(warehouse: Warehouse, sales: Version) -> None:
    found = warehouse.sums(sales, Comparison("orders", GroupSide((10,)), GroupSide((10.0, 4))), ("visits",))
    assert found.totals.tolist() == [[100], [150]]


@pytest.mark.parametrize(
    ("where", "expected"),
    [({"country": {"=": NOT_SET}}, 10), ({"country": {"!=": NOT_SET}}, 180), ({"country": {"!=": "FR"}}, 70)],
)
def test_not_set_is_compared_like_a_value(warehouse: Warehouse, sales: Version, where, expected) -> None:
    found = warehouse.sums(sales, MONTHS, ("visits",), where=where)
    assert found.totals[1].tolist() == [expected]


def test_a_period_of_times_may_be_open_ended(warehouse: Warehouse, load: Load) -> None:
    version = load("at,n\n2026-01-31 23:59:59,1\n2026-02-01 00:00:00,2\n")
    found = warehouse.sums(version, Comparison("at", JANUARY, DateSide(date(2026, 2, 1), date.max)), ("n",))
    assert found.totals.tolist() == [[1], [2]]
    assert warehouse.rows(version, DateSide(date(2026, 2, 1), date.max)).height == 1


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"country": "FR"}, [180, 120]),
        ({"country": ["FR", None]}, [180, 130]),
        ({"country": [NOT_SET]}, [0, 10]),
        ({"country": None}, [0, 10]),
        ({"country": {"!=": "FR"}}, [50, 70]),
        ({"country": {"!=": None}}, [230, 180]),
        ({"country": {"not in": ["FR", None]}}, [50, 60]),
        ({"country": {"not in": "FR"}}, [50, 70]),
        ({"device": {"not in": ["desktop"], "starts_with": "p"}}, [150, 130]),
        ({"revenue": {">": 100, "<=": 180}}, [80, 180]),
        ({"visits": ["100", 120]}, [100, 120]),
        ({"device": {"contains": "ESK"}}, [80, 60]),
        ({"device": {"starts_with": "ph"}, "country": "DE"}, [50, 0]),
        ({"day": {">=": "2026-01-02", "<": "2026-02-02"}}, [80, 180]),
    ],
)
def test_it_filters(warehouse: Warehouse, sales: Version, where, expected) -> None:
    assert warehouse.sums(sales, MONTHS, ("visits",), (), where).totals[:, 0].tolist() == expected


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"visits": ["many"]}, "'many' is no number, which column 'visits' asks for"),
        ({"day": "yesterday"}, "'yesterday' is no date"),
        ({"country": []}, "lists no values"),
        ({"country": {}}, "has no operator"),
        ({"country": {"=": ["FR", "DE"]}}, "takes one value after '='"),
        ({"country": {"~": "F"}}, "'~' is no operator"),
        ({"country": {"<": None}}, "compares with (not set)"),
        ({"contry": "FR"}, "Did you mean 'country'?"),
    ],
)
def test_a_wrong_filter_is_named(warehouse: Warehouse, sales: Version, where, words) -> None:
    with pytest.raises(DataError) as raised:
        warehouse.sums(sales, MONTHS, ("visits",), (), where)
    assert words in str(raised.value)


def test_values_of_a_filter_are_never_sql(warehouse: Warehouse, sales: Version) -> None:
    where = {"country": ["FR') OR 1=1 --", "'; DROP TABLE x; --"]}
    assert warehouse.sums(sales, MONTHS, ("visits",), (), where).rows.tolist() == [0, 0]


NAMES = ("a b", 'quo"te', "$money", "größe 数", "select", "semi;colon", "it's", "r", "s0", "side", "segment")


def test_column_names_may_hold_anything(warehouse: Warehouse, tmp_path: Path) -> None:
    frame = pl.DataFrame({"group by": [date(2026, 1, 1), date(2026, 2, 1)]})
    frame = frame.with_columns(pl.Series(name, ["x", "y"]) for name in NAMES[:6])
    frame = frame.with_columns(pl.Series(name, [1, 2]) for name in NAMES[6:])
    file = tmp_path / "we[i]rd 'file'.parquet"
    frame.write_parquet(file)
    version = warehouse.publish(spec_of(file), now=NOW)

    for seen in (version, from_facts(version)):
        comparison = Comparison("group by", JANUARY, FEBRUARY)
        found = warehouse.sums(seen, comparison, NAMES[6:], NAMES[:6], {})
        assert found.totals.tolist() == [[1] * 5, [2] * 5]
        assert all(found.dimensions[name].names == ("x", "y") for name in NAMES[:6])
    filtered = warehouse.sums(version, comparison, NAMES[6:], (), dict.fromkeys(NAMES[:6], "x"))
    assert filtered.rows.tolist() == [1, 0]


def test_distinct_values_are_counted_per_side_and_segment(warehouse: Warehouse, load: Load) -> None:
    user = ColumnSpec(name="user", type="text", role="metric", aggregation="distinct")
    version = load(
        "day,country,user,visits\n2026-01-01,FR,a,1\n2026-01-02,FR,a,1\n2026-01-02,DE,a,1\n2026-01-02,DE,b,1\n"
        "2026-02-01,DE,,1\n",
        columns=(user,),
    )
    found = warehouse.sums(version, MONTHS, ("user", "visits"), ("country",))

    assert found.distinct == {"user"}
    assert found.totals.tolist() == [[2, 4], [0, 1]]
    assert found.filled.tolist() == [[4, 4], [0, 1]]
    assert found.dimensions["country"].values[0].tolist() == [[2, 2], [1, 2]]


def test_decimals_are_added_exactly(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "money.parquet"
    frame = pl.DataFrame({"day": [date(2026, 1, 1)] * 1000, "amount": ["0.1"] * 1000})
    frame.with_columns(pl.col("amount").cast(pl.Decimal(12, 2))).write_parquet(file)
    version = warehouse.publish(spec_of(file), now=NOW)
    assert version.column("amount").type == "decimal"
    for seen in (version, from_facts(version)):
        assert warehouse.sums(seen, MONTHS, ("amount",)).totals[0, 0] == 100.0


def test_integer_sums_do_not_overflow(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "big.parquet"
    pl.DataFrame({"day": [date(2026, 1, 1)] * 4, "n": [2**62] * 4}).write_parquet(file)
    version = warehouse.publish(spec_of(file), now=NOW)
    for seen in (version, from_facts(version)):
        assert warehouse.sums(seen, MONTHS, ("n",)).totals[0, 0] == 2.0**64


def test_days_are_cut_in_the_zone_of_the_dataset(warehouse: Warehouse, load: Load) -> None:
    version = load("at,n\n2026-01-31T22:30:00Z,1\n2026-01-31T23:30:00Z,10\n", zone="Europe/Paris")
    assert (version.oldest, version.newest) == (date(2026, 1, 31), date(2026, 2, 1))
    assert not version.newest_is_full
    comparison = Comparison("at", JANUARY, FEBRUARY)
    for seen in (version, from_facts(version)):
        assert warehouse.sums(seen, comparison, ("n",)).totals[:, 0].tolist() == [1, 10]
    assert warehouse.sums(version, comparison, ("n",), (), {"at": "2026-02-01"}).totals[:, 0].tolist() == [0, 10]


def test_a_time_without_zone_is_a_wall_clock(warehouse: Warehouse, load: Load) -> None:
    version = load("at,n\n2026-01-31 23:59:59,1\n2026-02-01 00:00:00,10\n", zone="America/New_York")
    found = warehouse.sums(version, Comparison("at", JANUARY, FEBRUARY), ("n",))
    assert found.totals[:, 0].tolist() == [1, 10]


def test_an_unknown_column_is_named(warehouse: Warehouse, sales: Version) -> None:
    with pytest.raises(UnknownColumn, match="Did you mean 'visits'"):
        warehouse.sums(sales, MONTHS, ("visit",))
    with pytest.raises(DataError, match="'country' of 'sales' is no metric"):
        warehouse.sums(sales, MONTHS, ("country",))


def test_a_cancelled_query_says_so(warehouse: Warehouse, sales: Version) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        warehouse.sums(sales, MONTHS, ("visits",), cancel=cancel)


def random_table(seed: int) -> pl.DataFrame:
    """Rows with gaps everywhere, in no order."""
    dice = random.Random(seed)

    def some(values: list[object], gaps: float) -> list[object]:
        return [None if dice.random() < gaps else dice.choice(values) for _ in range(rows)]

    rows = dice.randint(1, 400)
    days = [date(2026, 1, 1) + timedelta(days=d) for d in range(59)]
    return pl.DataFrame(
        {
            "day": pl.Series(some(days, 0.02 if seed % 2 else 0), dtype=pl.Date),
            "country": pl.Series(some(["FR", "DE", "", NOT_SET], 0.2), dtype=pl.String),
            "isNew": pl.Series(some([True, False], 0.1), dtype=pl.Boolean),
            "shop": pl.Series(some([f"s{i}" for i in range(30)], 0.0), dtype=pl.String),
            "visits": pl.Series(some(list(range(100)), 0.1), dtype=pl.Int64),
            "revenue": pl.Series(some([-1.5, 0.0, 2.25, 1e6], 0.0), dtype=pl.Float64),
            "cost": pl.Series(some([0.5, 8.0], 0.5), dtype=pl.Float64),
        }
    )


def check_against_polars(found: Sums, frame: pl.DataFrame) -> None:
    for place, side in enumerate((JANUARY, FEBRUARY)):
        rows = frame.filter(pl.col("day").is_between(side.first, side.last))
        assert found.rows[place] == rows.height
        for i, metric in enumerate(found.metrics):
            assert found.totals[place, i] == pytest.approx(rows[metric].sum(), rel=1e-12)
            assert found.filled[place, i] == rows[metric].count()
        for dimension, segments in found.dimensions.items():
            named = rows.with_columns(pl.col(dimension).cast(pl.String).fill_null(NOT_SET).alias("name"))
            by_name = {
                r["name"]: r for r in named.group_by("name").agg(pl.col(found.metrics).sum(), pl.len()).to_dicts()
            }
            for n, name in enumerate(segments.names):
                expected = by_name.get(name, dict.fromkeys((*found.metrics, "len"), 0))
                assert segments.rows[place, n] == expected["len"]
                np.testing.assert_allclose(segments.values[place, n], [expected[m] for m in found.metrics], rtol=1e-12)
            assert set(by_name) <= set(segments.names)


@pytest.mark.parametrize("seed", range(8))
def test_marginals_facts_and_polars_say_the_same(warehouse: Warehouse, tmp_path: Path, seed: int) -> None:
    frame = random_table(seed)
    file = tmp_path / "random.parquet"
    frame.write_parquet(file)
    version = warehouse.publish(spec_of(file), now=NOW)
    dimensions = tuple(d for d in ("country", "isNew", "shop") if d in version.dimensions)
    metrics = ("revenue", "visits", "cost")
    for seen in (version, from_facts(version)):
        check_against_polars(warehouse.sums(seen, MONTHS, metrics, dimensions), frame)


def test_a_dimension_outside_the_marginals_comes_from_the_facts(warehouse: Warehouse, sales: Version) -> None:
    version = replace(sales, marginal_dimensions=())
    found = warehouse.sums(version, MONTHS, ("visits",), ("country", "device"))
    assert found.dimensions["device"].values[:, :, 0].tolist() == [[80, 150], [60, 130]]
