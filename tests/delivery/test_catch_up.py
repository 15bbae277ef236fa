from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.delivery.catch_up import MOST_COUNTED, Plan, catchup_window, plan_due
from core.model.triggers import ScheduleTrigger

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
DAILY, HOURLY, FAST = "0 9 * * *", "0 * * * *", "*/5 * * * *"


def plan(cron: str, late: timedelta, days: int = 0, **more: Any) -> Plan:
    """What becomes of a schedule due since START when somebody looks so many days later, and so late."""
    return plan_due(ScheduleTrigger(cron=cron, **more), START, START + timedelta(days=days) + late)


def left_out(plan: Plan) -> dict[str, int]:
    return {group.reason: len(group.moments) for group in plan.left_out}


def test_an_occurrence_in_time_runs_whatever_the_policy() -> None:
    for catch_up in ("latest", "all", "skip"):
        found = plan(DAILY, timedelta(seconds=1), catch_up=catch_up)
        assert (found.runs, found.left_out) == ((START,), ())


def test_the_next_one_comes_after_now() -> None:
    assert plan(DAILY, timedelta(hours=30)).next_fire_at == START + timedelta(days=2)


@pytest.mark.parametrize(
    ("cron", "catch_up", "late_h", "days", "runs", "missed"),
    [
        (DAILY, "latest", 3, 0, 1, 0),
        (DAILY, "latest", 13, 0, 0, 1),
        (DAILY, "latest", 3, 2, 1, 2),
        (DAILY, "latest", 13, 2, 0, 3),
        (DAILY, "all", 3, 2, 1, 2),
        (DAILY, "skip", 3, 2, 0, 3),
        (HOURLY, "latest", 0.5, 1, 1, 24),
        (HOURLY, "all", 0.5, 1, 1, 24),
        (HOURLY, "skip", 0.5, 1, 0, 25),
        (FAST, "latest", 2, 1, 1, 312),
        (FAST, "all", 2, 1, 13, 300),
        (FAST, "skip", 2, 1, 1, 312),
        (FAST, "skip", 2.05, 1, 0, 313),
    ],
)
def test_the_matrix_of_policies(cron: str, catch_up: str, late_h: float, days: int, runs: int, missed: int) -> None:
    found = plan(cron, timedelta(hours=late_h), days, catch_up=catch_up)
    assert (len(found.runs), left_out(found).get("missed", 0)) == (runs, missed)
    assert len(found.runs) == 0 or max(found.runs) == found.runs[-1]


def test_the_latest_one_is_the_one_that_runs() -> None:
    assert plan(FAST, timedelta(minutes=12)).runs == (START + timedelta(minutes=10),)


def test_a_window_of_its_own_lets_more_of_them_run() -> None:
    assert len(plan(DAILY, timedelta(hours=3), 4, catch_up="all", catchup_window_h=24 * 7).runs) == 5


def test_at_most_a_hundred_are_made_up_for() -> None:
    found = plan(FAST, timedelta(hours=1), 1, catch_up="all", catchup_window_h=48)
    assert (len(found.runs), left_out(found)) == (100, {"missed": 201})


@pytest.mark.parametrize(
    ("cron", "hours"), [(FAST, 1), (HOURLY, 1), ("0 1-23/4 * * *", 2), (DAILY, 12), ("0 9 * * 1", 12)]
)
def test_the_window_is_half_of_the_period_within_bounds(cron: str, hours: float) -> None:
    assert catchup_window(ScheduleTrigger(cron=cron), START) == timedelta(hours=hours)


def test_many_of_one_reason_are_one_row() -> None:
    assert [group.is_one_row for group in plan(HOURLY, timedelta(hours=20, minutes=30)).left_out] == [False]
    assert [group.is_one_row for group in plan(HOURLY, timedelta(hours=21, minutes=30)).left_out] == [True]


def test_paused_occurrences_are_left_out_and_not_made_up_for() -> None:
    found = plan(HOURLY, timedelta(hours=2, minutes=1), is_paused=True)
    assert (found.runs, left_out(found)) == ((), {"paused": 3})


def test_a_holiday_does_not_run_and_the_day_before_is_not_put_in_its_place() -> None:
    easter = ScheduleTrigger(cron=DAILY, zone="Europe/Berlin", holidays="DE", catch_up="latest")
    since, now = datetime(2026, 4, 2, 7, tzinfo=UTC), datetime(2026, 4, 3, 8, tzinfo=UTC)
    found = plan_due(easter, since, now)
    assert (found.runs, left_out(found)) == ((), {"holiday": 1, "missed": 1})


def test_a_long_sleep_of_a_fast_schedule_is_counted_to_a_bound_and_the_latest_still_runs() -> None:
    found = plan("* * * * *", timedelta(seconds=30), 60)
    (group,) = found.left_out
    assert found.runs == (START + timedelta(days=60),)
    assert group.has_more
    assert MOST_COUNTED <= len(group.moments) < 60 * 24 * 60


def test_after_its_end_nothing_is_due_any_more() -> None:
    found = plan(DAILY, timedelta(hours=1), ends_at=START + timedelta(hours=2))
    assert (found.runs, found.next_fire_at) == ((START,), None)
