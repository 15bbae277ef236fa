"""Steps without a denominator are merged or carried by one bar; nothing is NaN, everything adds up."""

from __future__ import annotations

import pytest

from core.engine.bridge import build_bridge
from core.errors import DataError

CHAIN = ("visits", "orders / visits", "revenue / orders")
METRICS = ["visits", "orders", "revenue"]


def steps(bridge, column="contribution"):
    return dict(zip(bridge.steps["step"], bridge.steps[column], strict=True))


def own(bridge, segment):
    rows = bridge.by_segment("device").filter(segment=segment)
    return dict(zip(rows["step"], rows["contribution"], strict=True))


@pytest.fixture
def launch(equation, table):
    sums = table(METRICS, base={"web": (0, 0, 0)}, current={"web": (100, 5, 400), "app": (100, 5, 200)})
    return build_bridge(equation(*CHAIN), sums)


@pytest.fixture
def without_orders(equation, table):
    sums = table(
        METRICS, base={"web": (100, 0, 0), "app": (50, 0, 0)}, current={"web": (100, 5, 400), "app": (100, 5, 200)}
    )
    return build_bridge(equation(*CHAIN), sums)


def test_without_visits_all_steps_become_one(launch):
    assert steps(launch) == {"visits to revenue": 600}
    assert launch.notes[-1].code == "merged_steps"
    assert "visits is 0 in base, so 'orders / visits' is undefined there" in launch.steps["note"][0]


def test_a_merged_volume_is_explained_by_the_segments_own_changes(launch):
    rows = launch.detail("visits to revenue", "device").sort("segment")
    assert rows["total"].to_list() == [200, 400]


def test_a_merged_step_is_found_by_the_names_it_was_made_of(launch):
    assert launch.detail("orders / visits", "device").equals(launch.detail("visits to revenue", "device"))


def test_without_orders_only_the_ratios_are_merged(without_orders):
    assert list(steps(without_orders)) == ["visits", "visits to revenue"]
    assert sum(steps(without_orders).values()) == pytest.approx(600)
    assert steps(without_orders, "base")["visits to revenue"] == 0


def test_a_launch_has_no_percentages(launch):
    assert launch.total.change_pct is None
    assert launch.steps["contribution_pct"].null_count() == 1
    assert "base_zero" in [note.code for note in launch.notes]


def test_a_kpi_without_denominator_is_undefined_and_says_so(equation, table):
    sums = table(METRICS, base={"web": (0, 0, 0)}, current={"web": (100, 5, 400)})
    bridge = build_bridge(equation("orders / visits"), sums)
    assert (bridge.total.base, bridge.total.current, bridge.total.change) == (None, 0.05, None)
    assert bridge.steps.row(0, named=True) | {"note": ""} == {
        "step": "orders / visits", "base": None, "current": 0.05, "change": None,
        "contribution": None, "contribution_pct": None, "note": "",
    }  # fmt: skip
    assert [note.code for note in bridge.notes] == ["total_undefined", "undefined_step"]
    assert bridge.best_dimension("orders / visits") is None
    with pytest.raises(DataError, match="Step 'orders / visits' is undefined"):
        bridge.detail("orders / visits", "device")


def test_what_cancels_is_never_divided_by(equation, table):
    sums = table(METRICS, base={"web": (10, 0, 0)}, current={"web": (100, 5, 400)})
    bridge = build_bridge(equation("orders", "visits", "revenue / orders"), sums)
    assert bridge.total.change == 40000
    assert steps(bridge) == {"orders to revenue": 40000}


def test_a_formula_with_an_undefined_step_has_one_bar(equation, table):
    metrics = [*METRICS, "cost"]
    sums = table(metrics, base={"web": (100, 0, 0, 0)}, current={"web": (100, 5, 400, 100), "app": (1, 1, 3, 2)})
    bridge = build_bridge(equation(*CHAIN, "cost / orders", formula="[1] * [2] * ([3] - [4])"), sums)
    assert steps(bridge) == {"all steps": 301}
    assert "orders is 0 in base" in bridge.steps["note"][0]
    assert bridge.detail("all steps", "device").sort("segment")["total"].to_list() == [1, 300]


def test_a_formula_that_divides_by_zero_half_way_has_one_bar(equation, table):
    sums = table(["a", "b", "c"], base={"x": (10, 1, 0)}, current={"x": (20, 2, 1)})
    bridge = build_bridge(equation("a", "b", "c", formula="[1] / ([2] - [3])"), sums)
    assert steps(bridge) == {"all steps": 10}
    assert "some steps are at base and others at current" in bridge.steps["note"][0]
    with pytest.raises(DataError, match="no dimension explains it"):
        bridge.detail("all steps", "device")


def test_a_new_segments_change_stands_in_its_first_volume(equation, table):
    sums = table(METRICS, base={"web": (100, 5, 400)}, current={"web": (100, 5, 400), "app": (100, 5, 200)})
    assert own(build_bridge(equation(*CHAIN), sums), "app") == {
        "visits": 200,
        "orders / visits": 0,
        "revenue / orders": 0,
    }


def test_an_orphan_keeps_the_steps_that_are_defined(equation, table):
    sums = table(
        METRICS, base={"web": (100, 5, 400), "app": (0, 2, 20)}, current={"web": (100, 5, 400), "app": (0, 2, 50)}
    )
    assert own(build_bridge(equation(*CHAIN), sums), "app") == {
        "visits": 0,
        "orders / visits": 0,
        "revenue / orders": 30,
    }


def test_a_segment_without_its_own_rate_has_no_change_of_its_own(equation, table):
    sums = table(METRICS, base={"web": (100, 5, 400)}, current={"web": (100, 5, 400), "app": (100, 5, 200)})
    assert own(build_bridge(equation("orders / visits"), sums), "app") == {"orders / visits": None}
