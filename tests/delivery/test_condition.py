from __future__ import annotations

from datetime import date

import pytest

from core.app import App
from core.delivery.condition import judge, look_back, movements
from core.engine.bridge import Bridge
from core.errors import DataError
from core.model.comparison import DateSide
from core.model.delivery import SendCondition
from core.report.alert import alert
from tests.conftest import revenue_spec


@pytest.fixture
def bridge(sales_app: App) -> Bridge:
    """Revenue rose from 10,400 to 11,070, by 6.44 %."""
    return sales_app.analyses.bridge(revenue_spec())


def condition(**parts: object) -> SendCondition:
    return SendCondition.model_validate({"kind": "alert", **parts})


def test_always_holds_whatever_moved(bridge: Bridge) -> None:
    assert judge(SendCondition(), bridge).holds


@pytest.mark.parametrize(
    ("crossing", "holds"),
    [
        ({"change_pct": 6}, True),
        ({"change_pct": 7}, False),
        ({"change_pct": 6, "direction": "up"}, True),
        ({"change_pct": 6, "direction": "down"}, False),
        ({"value": 11_000}, True),
        ({"value": 11_070}, True),
        ({"value": 10_400}, False),
        ({"value": 11_000, "direction": "down"}, False),
        ({"change_pct": 6, "value": 12_000}, False),
        ({"direction": "up"}, True),
    ],
)
def test_the_kpi_is_held_against_percent_value_and_direction(
    bridge: Bridge, crossing: dict[str, object], holds: bool
) -> None:
    assert judge(condition(any=[crossing]), bridge).holds is holds


def test_one_of_any_is_enough_and_all_need_all(bridge: Bridge) -> None:
    yes, no = {"change_pct": 1}, {"change_pct": 50}
    assert judge(condition(any=[yes, no]), bridge).holds
    assert not judge(condition(all=[yes, no]), bridge).holds
    assert not judge(condition(any=[yes], all=[no]), bridge).holds


def test_a_step_counts_by_its_own_change_and_by_what_it_did_to_the_kpi(bridge: Bridge) -> None:
    visits = movements(bridge)["Visits"]
    assert visits.change_pct is not None
    assert visits.impact_pct == pytest.approx(100 * bridge.steps["contribution"][0] / 10_400)
    limit = abs(visits.change_pct)
    assert judge(condition(any=[{"step": "Visits", "change_pct": limit}]), bridge).holds
    small = {"step": "Visits", "min_impact_pct": abs(visits.impact_pct or 0) + 1}
    assert not judge(condition(any=[small]), bridge).holds


def test_a_step_that_is_not_there_is_named_with_those_that_are(bridge: Bridge) -> None:
    with pytest.raises(DataError, match=r"'Vists'.*total.*Visits|'Vists'.*Visits.*total"):
        judge(condition(any=[{"step": "Vists", "change_pct": 1}]), bridge)


@pytest.mark.parametrize("total", [None, 1.0, 6.4, 6.5, 50.0])
@pytest.mark.parametrize("visits", [None, 1.0, 80.0])
def test_alert_alone_holds_exactly_when_the_alert_view_tells_of_a_crossing(
    sales_app: App, total: float | None, visits: float | None
) -> None:
    spec = revenue_spec().model_dump(mode="json")
    spec["equation"]["total_threshold_pct"] = total
    spec["equation"]["steps"][0]["threshold_pct"] = visits
    bridge = sales_app.analyses.bridge(revenue_spec().model_validate(spec))
    assert judge(condition(), bridge).holds is alert(bridge, "en")[1]


def test_what_was_found_is_told_with_what_was_asked_for(bridge: Bridge) -> None:
    found = judge(condition(any=[{"change_pct": 7, "direction": "down"}]), bridge).found
    assert found == ("total: 10,400 → 11,070 (+6.44 %); asked for down by 7 % or more",)


def test_the_look_back_goes_from_period_to_period_until_the_data_begin(sales_app: App) -> None:
    version = sales_app.catalogue.latest("sales")
    looked = look_back(condition(any=[{"change_pct": 1}]), sales_app.warehouse, revenue_spec(), version)
    assert looked
    assert looked[0].verdict.holds
    assert looked[0].total_pct == pytest.approx(100 * 670 / 10_400)
    sides = [one.comparison.current for one in looked]
    assert all(isinstance(side, DateSide) and isinstance(side.first, date) for side in sides)
    firsts = [side.first for side in sides if isinstance(side, DateSide)]
    assert firsts == sorted(firsts, reverse=True)


def test_groups_have_no_look_back(sales_app: App) -> None:
    groups = {"by": "country", "base": ["FR"], "current": ["DE"]}
    version = sales_app.catalogue.latest("sales")
    spec = revenue_spec(comparison=groups)
    assert look_back(condition(any=[{"change_pct": 1}]), sales_app.warehouse, spec, version) == []
