"""A computer whose clock is set while the sidecar runs: nothing stalls, and no occurrence runs twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.app import system_clock
from core.model.delivery import ExportSpec
from core.store.heartbeat import read_beat
from core.store.run_lists import RunFilter
from tests.faults.conftest import Works
from tests.faults.nursery import set_clock
from tests.polling import wait_for

pytestmark = pytest.mark.timeout(600)

DAY, HOUR = 86_400.0, 3_600.0


@pytest.fixture
def clock(works: Works, tmp_path: Path) -> Path:
    """The clock of a sidecar that works for an hourly export, due in half an hour."""
    due = (system_clock() + timedelta(minutes=30)).minute
    triggers = [{"kind": "schedule", "cron": f"{due} * * * *", "zone": "UTC"}]
    destinations = [{"kind": "webhook", "connection": works.connection("/a")}]
    spec = {"name": "Revenue", "content": {"kind": "report", "analysis": "revenue"}, "destinations": destinations}
    works.app.exports.create(ExportSpec.model_validate(spec | {"triggers": triggers}), by=works.app.owner.id)
    path = tmp_path / "clock"
    set_clock(path, 0)
    works.start(path)
    has_beaten(works, 0)
    return path


def has_beaten(works: Works, wrong_s: float) -> None:
    """Wait for a beat by the clock as it was set."""

    def is_near() -> bool:
        with works.app.store.read() as session:
            beat = read_beat(session)
        there = system_clock() + timedelta(seconds=wrong_s)
        return beat is not None and abs(beat.beat_at - there) < timedelta(seconds=5)

    wait_for(is_near, what=f"beat of a clock that is wrong by {wrong_s} s")


def sent(works: Works, count: int) -> list[str]:
    """The occurrences that were sent, once there are so many."""

    def keys() -> list[str]:
        found = works.app.ledger.runs(RunFilter(), limit=500)
        return sorted(row.run.occurrence_key for row in found if row.run.state == "succeeded")

    wait_for(lambda: len(keys()) >= count, what=f"{count} runs that arrived")
    return keys()


def test_a_clock_that_is_set_a_day_ahead_and_two_hours_back_neither_stalls_nor_runs_anything_twice(
    works: Works, clock: Path
) -> None:
    set_clock(clock, DAY)
    (latest,) = sent(works, 1)
    set_clock(clock, DAY - 2 * HOUR)
    has_beaten(works, DAY - 2 * HOUR)
    set_clock(clock, DAY)
    has_beaten(works, DAY)
    assert sent(works, 1) == [latest]
    set_clock(clock, DAY + HOUR)
    first, second = sent(works, 2)
    assert first != second
    assert len(works.receiver.counts) == len(works.receiver.came) == 2
