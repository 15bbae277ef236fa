"""What a bridge shows besides its steps: folding, days, overlap, best dimension, notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.engine.bridge import build_bridge
from core.engine.equation import parse
from core.engine.exact import DoesNotAddUp, settle
from core.errors import DataError, EmptyComparison, UnknownColumn
from core.model.analysis import EquationSpec, StepSpec
from core.model.comparison import Comparison, DateSide, GroupSide

CHAIN = ("visits", "orders / visits", "revenue / orders")
METRICS = ["visits", "orders", "revenue"]
BASE = {"desktop": (1000, 50, 4000), "mobile": (500, 10, 500), "tablet": (10, 1, 10)}
CURRENT = {"desktop": (1200, 54, 4500), "mobile": (900, 27, 1400), "tablet": (8, 1, 8)}


@pytest.fixture
def sums(table):
    return table(METRICS, BASE, CURRENT, days=(31, 28))


@pytest.fixture
def bridge(equation, sums):
    return build_bridge(equation(*CHAIN), sums)


def codes(bridge):
    return [note.code for note in bridge.notes]


def test_frames_have_their_columns(bridge):
    assert bridge.steps.columns == ["step", "base", "current", "change", "contribution", "contribution_pct", "note"]
    assert bridge.detail("visits", "device").columns == [
        "segment", "kind", "base_share", "current_share", "base_rate", "current_rate", "performance", "mix", "total",
    ]  # fmt: skip
    assert bridge.by_segment("device").columns == ["segment", "step", "contribution"]
    assert bridge.ranking().columns == ["step", "dimension", "interest", "signal"]


def test_percents_are_of_the_base_total_and_add_up(bridge):
    assert bridge.total.change_pct == pytest.approx(100 * (5908 - 4510) / 4510)
    assert bridge.steps["contribution_pct"].sum() == pytest.approx(bridge.total.change_pct)


def test_detail_starts_with_the_largest_segment(bridge):
    assert bridge.detail("visits", "device")["segment"].to_list() == ["mobile", "desktop", "tablet"]


def test_it_folds_what_is_small_or_beyond_the_limit(equation, sums):
    rows = build_bridge(equation(*CHAIN), sums, max_segments=2).fold("visits", "device")
    assert rows["segment"].to_list() == ["mobile", "desktop", "1 other"]
    rows = build_bridge(equation(*CHAIN), sums, other_below_pct=40).fold("visits", "device")
    assert rows["segment"].to_list() == ["mobile", "2 others"]


def test_folding_keeps_the_sums(bridge, equation, sums):
    folded = build_bridge(equation(*CHAIN), sums, max_segments=1).fold("orders / visits", "device")
    whole = bridge.detail("orders / visits", "device")
    for column in ("performance", "mix", "total", "base_share", "current_share"):
        assert folded[column].sum() == pytest.approx(whole[column].sum())


def test_it_folds_by_the_effect_asked_for(equation, sums):
    bridge = build_bridge(equation(*CHAIN), sums, max_segments=1, other_below_pct=0)
    rows = bridge.detail("orders / visits", "device")
    for effect in ("performance", "mix"):
        largest = rows.sort(rows[effect].abs(), descending=True)["segment"][0]
        assert bridge.fold("orders / visits", "device", effect)["segment"][0] == largest


def test_unequal_periods_are_noted(bridge):
    assert codes(bridge) == ["unequal_periods"]
    assert bridge.notes[0].values == {"base": 31, "current": 28}


def test_per_day_shows_the_days_as_a_step(equation, sums):
    bridge = build_bridge(equation(*CHAIN), sums, per_day=True)
    assert bridge.steps["step"].to_list() == ["days", *CHAIN]
    assert bridge.steps["base"].to_list() == pytest.approx([31, 1510 / 31, 61 / 1510, 4510 / 61])
    assert bridge.steps["contribution"].sum() == pytest.approx(5908 - 4510)
    assert codes(bridge) == []


def test_the_days_have_no_segments(equation, sums):
    bridge = build_bridge(equation(*CHAIN), sums, per_day=True)
    assert bridge.best_dimension("days") is None
    with pytest.raises(DataError, match="Step 'days' is the same for all segments"):
        bridge.detail("days", "device")


def test_per_day_reaches_every_volume_of_a_sum(equation, sums):
    bridge = build_bridge(equation("orders", "revenue", formula="[1] + [2]"), sums, per_day=True)
    days, orders, revenue = bridge.steps["contribution"]
    assert (orders, revenue) == pytest.approx((29.5 * (82 / 28 - 61 / 31), 29.5 * (5908 / 28 - 4510 / 31)))
    assert days + orders + revenue == pytest.approx(bridge.total.change)


def test_a_rate_has_no_use_for_days(equation, sums):
    bridge = build_bridge(equation("orders / visits", unit="%"), sums, per_day=True)
    assert bridge.steps["step"].to_list() == ["orders / visits"]


def test_groups_have_no_days(equation, sums):
    bridge = build_bridge(equation(*CHAIN), replace(sums, days=None), per_day=True)
    assert codes(bridge) == ["days_without_periods"]


@pytest.fixture
def users(table):
    """6 of 10, then 8 of 12 users came by both devices."""
    return table(
        ["users", "revenue"],
        base={"desktop": (8, 80), "mobile": (8, 40)},
        current={"desktop": (10, 100), "mobile": (10, 80)},
        totals=[[10, 120], [12, 180]],
        distinct=["users"],
    )


def test_segments_that_overlap_are_settled_by_a_row_of_their_own(equation, users):
    rows = build_bridge(equation("users"), users).detail("users", "device")
    assert rows.select("segment", "kind", "total").rows() == [
        ("desktop", "both", 2.0), ("mobile", "both", 2.0), ("(overlap)", "overlap", -2.0),
    ]  # fmt: skip


def test_a_ratio_over_an_overlap_still_adds_up(equation, users):
    bridge = build_bridge(equation("users", "revenue / users"), users)
    rows = bridge.detail("revenue / users", "device")
    assert rows["total"].sum() == pytest.approx(bridge.steps["contribution"][1])
    assert rows.row(-1, named=True)["performance"] == 0
    assert rows.row(-1, named=True)["kind"] == "overlap"


def test_by_segment_settles_an_overlap_too(equation, users):
    rows = build_bridge(equation("users"), users).by_segment("device")
    assert dict(zip(rows["segment"], rows["contribution"], strict=True)) == {"desktop": 2, "mobile": 2, "(overlap)": -2}


def test_the_main_step_is_the_largest_in_either_direction(bridge):
    assert bridge.main_step() == "visits"


def focused(sums, **step):
    spec = EquationSpec(steps=(StepSpec(formula="visits", **step),))
    other = {"country": sums.dimensions["device"], "device": replace(sums.dimensions["device"], names=("a", "b", "c"))}
    return build_bridge(parse(spec, METRICS, summable=METRICS), replace(sums, dimensions=other)).best_dimension(
        "visits"
    )


def test_the_best_dimension_is_the_steps_focus(sums):
    assert focused(sums) == "country"
    assert focused(sums, focus="device") == "device"


def test_an_excluded_dimension_is_never_the_best(sums):
    assert focused(sums, exclude=("country",)) == "device"
    assert focused(sums, exclude=("country", "device")) is None


def test_unknown_names_are_answered_with_those_that_exist(bridge):
    with pytest.raises(DataError, match=r"There is no step 'x'\. Steps: visits, orders / visits, revenue / orders\."):
        bridge.detail("x", "device")
    with pytest.raises(UnknownColumn, match="Did you mean 'device'"):
        bridge.detail("visits", "devise")


def test_nulls_are_counted(equation, sums):
    filled = sums.filled.copy()
    filled[0, 2] -= 2
    (note,) = [n for n in build_bridge(equation(*CHAIN), replace(sums, filled=filled)).notes if n.code == "nulls"]
    assert note.text.startswith("revenue is empty in 2 of 3,000 rows in base and in 0 of 3,000 in current.")


def test_a_few_nulls_on_both_sides_are_no_news(equation, sums):
    few = build_bridge(equation(*CHAIN), replace(sums, filled=sums.filled - 3))
    many = build_bridge(equation(*CHAIN), replace(sums, filled=sums.filled - 4))
    assert ("nulls" in codes(few), "nulls" in codes(many)) == (False, True)


def test_a_large_covariance_is_noted(equation, table):
    sums = table(["a", "b"], base={"x": (10, 10)}, current={"x": (30, 30)})
    bridge = build_bridge(equation("a", "b"), sums, method="covariance")
    assert bridge.badge == pytest.approx(1.0)
    assert "large_covariance" in codes(bridge)
    assert build_bridge(equation("a", "b"), sums).badge is None


def test_independent_terms_take_no_share_of_the_covariance(equation, table):
    sums = table(["a", "b", "c"], base={"x": (10, 10, 5)}, current={"x": (30, 30, 9)})
    bridge = build_bridge(equation("a", "b", "c", formula="[1] * [2] + [3]"), sums, method="covariance")
    assert bridge.steps["contribution"].to_list() == pytest.approx([400, 400, 4])


def test_a_negative_base_is_noted(equation, table):
    bridge = build_bridge(equation("a"), table(["a"], base={"x": (-500,)}, current={"x": (360,)}))
    assert bridge.total.change_pct == pytest.approx(-172)
    assert codes(bridge) == ["base_negative"]


def test_large_sums_with_a_small_difference_still_add_up(equation, table):
    sums = table(["a", "b"], base={"x": (1e15 + 0.3, 1e15)}, current={"x": (1e15 + 77.7, 1e15 - 0.4)})
    bridge = build_bridge(equation("a", "b", formula="[1] - [2]"), sums)
    assert bridge.steps["contribution"].sum() == bridge.total.change


def test_an_empty_side_is_named_with_what_the_data_covers(equation, sums):
    empty = replace(sums, rows=np.array([0.0, 10.0]))
    january = DateSide(date(2026, 1, 1), date(2026, 1, 31))
    with pytest.raises(EmptyComparison) as refused:
        build_bridge(
            equation(*CHAIN), empty, comparison=Comparison("day", january, january),
            covers=(date(2026, 2, 1), date(2026, 3, 1)),
        )  # fmt: skip
    assert str(refused.value) == (
        "There are no rows in base (2026-01-01 to 2026-01-31). The data covers 2026-02-01 to 2026-03-01. "
        "Choose another base, or loosen the filters."
    )
    assert refused.value.field == "comparison.base"


def test_an_empty_group_is_named(equation, sums):
    empty = replace(sums, rows=np.array([10.0, 0.0]))
    with pytest.raises(EmptyComparison, match=r"no rows in current \(DE, \(not set\)\)\."):
        build_bridge(
            equation(*CHAIN), empty, comparison=Comparison("country", GroupSide(("FR",)), GroupSide(("DE", None)))
        )


def test_parts_that_do_not_add_up_are_a_bug():
    with pytest.raises(DoesNotAddUp, match=r"Parts sum to 3\.0, not to 4\.0"):
        settle(np.array([[1.0], [2.0]]), np.array([4.0]))
