"""Data that says little: every frame is sensible, and what cannot be said is explained."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from core.engine.bridge import build_bridge
from core.errors import EmptyComparison
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.sums import SegmentSums, Sums
from tests.engine.daily import explained, sums_of

STEPS = ("visits", "orders / visits")
JANUARY = {"visits": [90, 110, 100, 105, 95, 120], "orders": [9, 12, 10, 9, 11, 13]}
FEBRUARY = {"visits": [130, 90, 120, 115, 99, 140], "orders": [9, 9, 11, 10, 9, 12]}
NOTHING = {"visits": [0] * 6, "orders": [0] * 6}


def by_device(equation, segments, **options):
    return explained(equation, STEPS, JANUARY, FEBRUARY, segments=segments, **options)


def check(bridge, step="orders / visits"):
    """Segments add up to their step, and no frame holds NaN or infinity."""
    contribution = bridge.steps.filter(step=step)["contribution"][0]
    detail = bridge.detail(step, "device")
    assert detail["total"].sum() == pytest.approx(contribution)
    for frame in (detail, bridge.ranking_parts(), bridge.significance(), bridge.segment_tests(step, "device")):
        for column in frame.select(pl.col(pl.Float64)):
            assert column.drop_nulls().is_finite().all()
    return detail


@pytest.mark.parametrize("with_moments", [True, False])
def test_a_dimension_with_one_value_is_of_no_interest(equation, with_moments):
    bridge = by_device(equation, {"all": (JANUARY, FEBRUARY)}, with_moments=with_moments)
    assert check(bridge).height == 1
    rows = bridge.ranking_parts("orders / visits")
    assert rows.select("segments", "interest", "excess").row(0) == (1, 0, pytest.approx(0, abs=1e-9))
    assert rows["signal"].to_list() == [None]


@pytest.mark.parametrize("with_moments", [True, False])
def test_a_dimension_of_new_values_only_is_all_mix(equation, with_moments):
    """January's visits came from devices that are gone."""
    segments = {"old": (JANUARY, NOTHING), "new": (NOTHING, FEBRUARY)}
    bridge = by_device(equation, segments, with_moments=with_moments)
    detail = check(bridge)
    assert detail["performance"].to_list() == [0, 0]
    assert sorted(detail["kind"]) == ["lost", "new"]
    assert bridge.segment_tests("orders / visits", "device")["t"].null_count() == 2


def test_a_segment_that_is_the_whole_leaves_nothing_to_the_others(equation):
    bridge = by_device(equation, {"all": (JANUARY, FEBRUARY), "none": (NOTHING, NOTHING)})
    detail = check(bridge)
    assert detail.filter(segment="none")["total"].to_list() == [0]
    assert bridge.segment_tests("orders / visits", "device").filter(segment="all")["t"][0] == pytest.approx(
        bridge.tests[1].t
    )


def test_a_metric_without_any_value_says_so(equation):
    empty = {"visits": JANUARY["visits"], "orders": [0] * 6}
    filled = [[1000, 0], [1000, 0]]
    bridge = by_device(equation, {"all": (empty, empty)}, filled=filled)
    check(bridge)
    assert "orders is empty in 1,000 of 1,000 rows in base" in bridge.notes[-1].text
    assert bridge.tests[1].verdict == "not testable: orders is empty in every row of base."


def test_a_constant_metric_neither_moves_nor_is_tested(equation):
    same = {"visits": [100] * 6, "orders": [10] * 6}
    bridge = by_device(equation, {"mobile": (same, same), "desktop": (same, same)})
    assert check(bridge)["total"].to_list() == [0, 0]
    assert bridge.steps["contribution"].to_list() == [0, 0]
    assert bridge.ranking()["interest"].to_list() == [0, 0]
    assert {test.code for test in bridge.tests} == {"not_testable"}


def test_one_day_against_one_day_is_judged_by_counts_where_it_can(equation):
    segments = {
        "mobile": ({"visits": [1000], "orders": [50]}, {"visits": [1200], "orders": [90]}),
        "desktop": ({"visits": [500], "orders": [25]}, {"visits": [400], "orders": [20]}),
    }
    days = Comparison("day", DateSide(date(2026, 3, 2), date(2026, 3, 2)), DateSide(date(2026, 3, 9), date(2026, 3, 9)))
    bridge = by_device(equation, segments, comparison=days)
    check(bridge)
    assert [test.code for test in bridge.tests] == ["not_testable", "pooled_beyond"]
    assert bridge.segment_tests("orders / visits", "device").filter(segment="mobile")["is_significant"].to_list() == [
        True
    ]
    assert bridge.ranking_parts().select("step", "is_noise").rows() == [("visits", False), ("orders / visits", True)]


def test_a_side_without_rows_is_refused_with_its_period(equation, table):
    sums = table(["visits"], {"a": (1,)}, {})
    months = Comparison(
        "day", DateSide(date(2026, 1, 1), date(2026, 1, 31)), DateSide(date(2026, 2, 1), date(2026, 2, 28))
    )
    with pytest.raises(EmptyComparison, match=r"no rows in current \(2026-02-01 to 2026-02-28\)"):
        build_bridge(equation("visits"), sums, comparison=months)


def test_overlapping_groups_are_explained_and_said_beside_the_test(equation):
    groups = Comparison("country", GroupSide(("FR", "DE")), GroupSide(("DE", "ES")))
    bridge = by_device(equation, {"all": (JANUARY, FEBRUARY)}, comparison=groups)
    check(bridge)
    assert "test_overlap" in {note.code for note in bridge.tests[1].notes}
    assert "overlapping_groups" in {note.code for note in bridge.notes}


def test_a_group_against_itself_moves_nothing(equation):
    groups = Comparison("country", GroupSide(("FR",)), GroupSide(("FR",)))
    sums, moments = sums_of(JANUARY, JANUARY)
    bridge = build_bridge(equation(*STEPS), sums, comparison=groups, moments=lambda: moments)
    assert check(bridge)["total"].to_list() == [0]
    assert [(test.t, test.p, test.is_usual) for test in bridge.tests] == [(0, 1, True)] * 2


def test_keys_that_never_come_again_and_single_values_open_no_step(equation):
    """Every row of either month has a key of its own, and all are of one shop; devices are what there is to compare."""
    totals = np.array([[1000.0, 100.0], [1000.0, 120.0]])

    def cut(*parts):
        values = np.array(parts, dtype=float).swapaxes(0, 1)
        return SegmentSums(tuple(f"s{k}" for k in range(len(parts))), values, np.ones((2, len(parts))))

    key = cut(([1000, 100], [0, 0]), ([0, 0], [1000, 120]))
    device = cut(([500, 50], [500, 61]), ([500, 50], [500, 59]))
    dimensions = {"key": key, "shop": cut(totals), "device": device}
    ones = np.ones((2, 2))
    sums = Sums(("visits", "orders"), totals, ones, ones.sum(axis=1), dimensions=dimensions)
    bridge = build_bridge(equation(*STEPS), sums)
    parts = bridge.ranking_parts("orders / visits")
    assert parts["dimension"].to_list() == ["device", "key", "shop"]
    assert parts["recurring"].to_list() == [1, 0, 1]
    assert bridge.best_dimension("orders / visits") == "device"
