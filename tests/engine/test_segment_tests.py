"""Segments against the noise of their own days."""

from __future__ import annotations

import polars as pl
import pytest

from core.errors import DataError
from tests.engine.daily import ORDERS, VISITS, explained

DEVICES = {
    "mobile": ({"visits": VISITS, "orders": ORDERS[0]}, {"visits": VISITS, "orders": [x - 120 for x in ORDERS[1]]}),
    "desktop": ({"visits": VISITS, "orders": ORDERS[0]}, {"visits": VISITS, "orders": ORDERS[1]}),
    "fridge": ({"visits": [0] * 6 + [5], "orders": [0] * 7}, {"visits": [0] * 6 + [5], "orders": [0] * 6 + [5]}),
    "tablet": ({"visits": [0] * 7, "orders": [0] * 7}, {"visits": VISITS, "orders": ORDERS[1]}),
}


def by_device(equation, **options):
    empty = {"visits": [], "orders": []}
    return explained(equation, ("visits", "orders / visits"), empty, empty, segments=DEVICES, **options)


def test_segments_are_tested_one_by_one_with_their_false_discovery_rate(equation):
    frame = by_device(equation).segment_tests("orders / visits", "device")
    assert frame.columns == ["segment", "t", "df", "p", "q", "is_significant"]
    assert frame["segment"].to_list()[:2] == ["mobile", "desktop"]
    assert frame["t"][1] == pytest.approx(2.126, abs=5e-4)
    assert frame["q"].to_list()[:2] == pytest.approx([frame["p"][0] * 2, frame["p"][1]])
    assert frame["is_significant"].to_list() == [True, False, False, False]


def test_segments_of_one_side_or_a_single_day_are_not_testable(equation):
    frame = by_device(equation).segment_tests("orders / visits", "device").filter(pl.col("t").is_null())
    assert sorted(frame["segment"]) == ["fridge", "tablet"]
    assert frame.select("df", "p", "q").null_count().row(0) == (2, 2, 2)


def test_segments_without_days_are_judged_by_counts(equation):
    frame = by_device(equation, with_moments=False).segment_tests("orders / visits", "device")
    assert frame["df"].null_count() == frame.height
    assert frame.filter(segment="mobile")["p"][0] < 0.05
    assert by_device(equation, with_moments=False).segment_tests("visits", "device")["t"].null_count() == 4


def test_segments_of_the_days_are_refused(equation):
    with pytest.raises(DataError, match="'days' is the same for all segments"):
        by_device(equation, per_day=True).segment_tests("days", "device")
