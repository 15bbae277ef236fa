"""From data to found segments: what is searched, what is left out, what is kept, what is said meanwhile."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import core.segment_search
from core.engine.segments import EVERYTHING_ELSE
from core.errors import Cancelled, DataError
from core.model.analysis import AnalysisSpec
from core.notebook import bridge
from core.segment_search import find_segments
from core.warehouse import Warehouse
from core.warehouse.adhoc import open_data

FIRST = date(2026, 1, 1)
DAYS = 20


def frame_of(rows: int, *, extra: dict[str, np.ndarray] | None = None) -> pl.DataFrame:
    """Orders in four countries on three devices over forty days; from the 21st on, phones in DE order half as much."""
    random = np.random.default_rng(3)
    day = random.integers(0, 2 * DAYS, rows)
    country, device = random.integers(0, 4, rows), random.integers(0, 3, rows)
    visits = random.poisson(2000, rows)
    rate = np.where((day >= DAYS) & (country == 1) & (device == 2), 0.05, 0.1)
    return pl.DataFrame(
        {
            "day": [FIRST + timedelta(days=int(d)) for d in day],
            "country": np.array(["AT", "DE", "FR", "IT"])[country],
            "device": np.array(["desktop", "tablet", "phone"])[device],
            **(extra or {}),
            "visits": visits,
            "orders": random.binomial(visits, rate),
        }
    )


def spec_of(**changes: object) -> AnalysisSpec:
    """Orders = visits x conversion, twenty days against the twenty before."""
    days = [(FIRST + timedelta(days=offset)).isoformat() for offset in (0, DAYS - 1, DAYS, 2 * DAYS - 1)]
    return AnalysisSpec.model_validate(
        {
            "slug": "orders",
            "name": "Orders",
            "dataset": "orders",
            "equation": {"steps": [{"formula": "visits"}, {"formula": "orders / visits"}]},
            "comparison": {"by": "day", "base": days[:2], "current": days[2:]},
            **changes,
        }
    )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    opened = Warehouse(tmp_path_factory.mktemp("warehouse"), threads=2, memory_limit="2GB")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def orders(warehouse):
    return open_data(warehouse, frame_of(20_000), by="day")


def names(found) -> list[str]:
    return found.frame["segment"].to_list()


def test_it_finds_the_cause(warehouse, orders):
    found = find_segments(warehouse, spec_of(), orders, step="orders / visits")

    assert names(found) == ["country=DE & device=phone", EVERYTHING_ELSE]
    assert found.pieces[0].base == pytest.approx(0.1, rel=0.02)
    assert found.pieces[0].current == pytest.approx(0.05, rel=0.02)


def test_the_second_time_it_is_remembered(warehouse, orders):
    first = find_segments(warehouse, spec_of(), orders)

    assert find_segments(warehouse, spec_of(), orders) is first
    assert find_segments(warehouse, spec_of(), orders, k=1) is not first
    assert find_segments(warehouse, spec_of(method="sequential"), orders) is not first


def test_only_so_many_answers_are_kept(warehouse, orders):
    for k in range(1, core.segment_search.KEPT_ANSWERS + 5):
        find_segments(warehouse, spec_of(where={"country": "DE"}), orders, step="visits", k=k)

    assert len(core.segment_search._answers) == core.segment_search.KEPT_ANSWERS


def test_filters_and_chosen_dimensions_hold(warehouse, orders):
    found = find_segments(warehouse, spec_of(where={"country": "DE"}, dimensions=("device",)), orders)

    assert names(found) == ["device=phone", EVERYTHING_ELSE]


def test_dimensions_that_a_step_excludes_are_not_searched(warehouse, orders):
    steps = [{"formula": "visits"}, {"formula": "orders / visits", "exclude": ["country"]}]

    found = find_segments(warehouse, spec_of(equation={"steps": steps}), orders, step="orders / visits")

    assert names(found) == ["device=phone", EVERYTHING_ELSE]


def test_a_merged_step_is_searched_by_the_name_of_either(warehouse, orders):
    with pytest.raises(DataError, match="no step 'price'"):
        find_segments(warehouse, spec_of(), orders, step="price")


def test_it_says_what_it_does_and_rises(warehouse, orders):
    said = []

    find_segments(warehouse, spec_of(), orders, k=4, progress=lambda text, share: said.append((text, share)))

    shares = [share for _, share in said]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert any("20,000 rows by country × device" in text for text, _ in said)


def test_it_stops_between_two_pieces(warehouse, orders):
    cancel = threading.Event()

    def press(text: str, share: float) -> None:
        if text.startswith("Searching"):
            cancel.set()

    with pytest.raises(Cancelled):
        find_segments(warehouse, spec_of(), orders, k=3, progress=press, cancel=cancel)


def test_values_without_volume_are_named_as_left_out(warehouse):
    many = np.array([f"user {i % 700}" for i in range(20_000)])
    version = open_data(warehouse, frame_of(20_000, extra={"user": many}), by="day")

    found = find_segments(warehouse, spec_of(), version, step="orders / visits")

    assert names(found)[0] == "country=DE & device=phone"
    assert [(note.code, note.values) for note in found.notes] == [("segments_left_out", {"dimensions": "user"})]


def test_a_column_of_identities_does_not_hang_it(warehouse):
    rows = 200_000
    version = open_data(warehouse, frame_of(rows, extra={"visitor": np.arange(rows).astype(str)}), by="day")
    roles = {"visitor": "dimension"}
    columns = tuple(c.model_copy(update={"role": roles.get(c.name, c.role)}) for c in version.columns)

    found = find_segments(warehouse, spec_of(), replace(version, columns=columns))

    assert names(found)[0] == "country=DE & device=phone"
    assert found.notes[0].values["dimensions"] == "visitor"


def test_of_forty_dimensions_the_most_interesting_are_searched(warehouse):
    random = np.random.default_rng(5)
    noise = {f"n{i:02}": random.integers(0, 9, 20_000).astype(str) for i in range(40)}
    version = open_data(warehouse, frame_of(20_000, extra=noise), by="day")

    found = find_segments(warehouse, spec_of(), version, step="orders / visits")

    assert names(found)[0] == "country=DE & device=phone"
    left_out = found.notes[0].values["dimensions"].split(", ")
    assert len(left_out) == 42 - core.segment_search.MOST_DIMENSIONS


def test_a_dimension_with_one_value_leaves_nothing_to_search(warehouse):
    frame = frame_of(2_000).with_columns(pl.lit("all").alias("country")).drop("device")

    found = find_segments(warehouse, spec_of(), open_data(warehouse, frame, by="day"))

    assert names(found) == [EVERYTHING_ELSE]
    assert "segments_no_dimensions" in [note.code for note in found.notes]


def test_plan_and_actual_are_compared_day_by_day(warehouse):
    frame = frame_of(20_000).with_columns(
        pl.col("orders").alias("plan"),
        pl.when((pl.col("country") == "FR") & (pl.col("device") == "phone"))
        .then(pl.col("orders") * 0.8)
        .otherwise(pl.col("orders"))
        .alias("orders"),
    )
    comparison = {"by": "day", "current": [FIRST.isoformat(), "2026-02-09"], "metrics": {"orders": "plan"}}
    spec = spec_of(equation={"steps": [{"formula": "orders"}]}, comparison=comparison)

    found = find_segments(warehouse, spec, open_data(warehouse, frame, by="day"))

    assert names(found) == ["country=FR & device=phone", EVERYTHING_ELSE]
    assert found.pieces[0].current == pytest.approx(0.8 * found.pieces[0].base)


def test_a_notebook_has_the_frame(monkeypatch, tmp_path):
    monkeypatch.setenv("BRIDGECAST_DATA_DIR", str(tmp_path))
    comparison = spec_of().comparison
    made = bridge(
        frame_of(20_000),
        ["visits", "orders / visits"],
        by="day",
        base=comparison.base,
        current=comparison.current,
    )

    frame = made.segments("orders / visits", k=3)

    assert frame.columns == ["segment", "base", "current", "contribution"]
    assert frame["segment"][0] == "country=DE & device=phone"
