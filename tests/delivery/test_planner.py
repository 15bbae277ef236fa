from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select, update

from core.app import App
from core.delivery.exports import SavedExport
from core.delivery.ledger import Ledger
from core.delivery.planner import Planner
from core.model.runs import Run
from core.model.triggers import Trigger
from tests.conftest import MORE_SALES, SALES
from tests.delivery.test_keeping import DAILY, Clock, app, clock, make, rows, spec_with

__all__ = ["app", "clock"]
HOURLY: dict[str, Any] = {"kind": "schedule", "cron": "0 * * * *"}
"""Made at 12:00 UTC of 1 March: due from 13:00 on."""


class Planning:
    """A planner on an app, with a clock that is set by hand."""

    def __init__(self, app: App, clock: Clock) -> None:
        self.app, self.clock, self.ledger = app, clock, Ledger(app.store, app.organisation.id, clock)
        self.planner = Planner(app.store, self.ledger, app.warehouse, app.organisation.id)

    def at(self, hours: float) -> int:
        """One beat so many hours after noon of 1 March."""
        self.clock.now = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(hours=hours)
        return self.planner.beat(self.clock.now)

    def runs(self) -> list[Run]:
        with self.app.store.read() as session:
            return list(session.exec(select(Run).order_by(Run.planned_at, Run.state)))

    def counted(self) -> Counter[tuple[str, str]]:
        return Counter((run.state, run.reason) for run in self.runs())

    def finish(self, state: str = "succeeded") -> None:
        """Let every run that is not ignored come to an end, as the executor would."""
        with self.app.store.write() as session:
            session.exec(update(Run).where(Run.state != "ignored").values(state=state, built_at=self.clock.now))


@pytest.fixture
def planning(app: App, clock: Clock) -> Planning:
    return Planning(app, clock)


def test_a_due_occurrence_becomes_one_run_however_often_somebody_looks(app: App, planning: Planning) -> None:
    saved = make(app, HOURLY)
    assert [planning.at(hours) for hours in (0.9, 1, 1.0001, 1.5)] == [0, 1, 0, 0]
    (run,) = planning.runs()
    assert (run.subject_id, run.trigger_id, run.trigger_kind) == (saved.id, saved.triggers[0].id, "schedule")
    assert run.planned_at == datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert run.occurrence_key == f"{run.trigger_id}@2026-03-01T13:00:00Z"
    assert run.definition == {"spec": saved.spec.model_dump(mode="json"), "revision": 1}


def test_a_second_planner_that_read_the_same_asks_for_nothing(app: App, clock: Clock, planning: Planning) -> None:
    saved = make(app, HOURLY)
    (before,) = rows(app, saved)
    planning.at(1)
    with app.store.write() as session:
        session.exec(update(Trigger).values(next_fire_at=before.next_fire_at))
    planning.finish()
    assert planning.at(1.01) == 0
    assert len(planning.runs()) == 1


def test_planners_that_race_make_one_run_of_each_occurrence(app: App, clock: Clock) -> None:
    for number in range(5):
        make(app, HOURLY, destinations=[{"kind": "link", "settings": {"slug": f"raced-{number}"}}])
    racers = [Planning(app, clock) for _ in range(3)]
    clock.now += timedelta(hours=1)
    with ThreadPoolExecutor(3) as pool:
        begun = list(pool.map(lambda racer: racer.planner.beat(clock.now), racers))
    assert (sum(begun), racers[0].counted()) == (5, {("planned", ""): 5})


def test_off_for_a_day_the_latest_one_runs_and_the_others_are_written_down(app: App, planning: Planning) -> None:
    make(app, HOURLY)
    assert planning.at(6) == 1
    assert planning.counted() == {("planned", ""): 1, ("ignored", "missed"): 5}
    assert [run.planned_at.hour for run in planning.runs() if run.state == "planned"] == [18]


def test_many_missed_ones_are_one_row_that_says_how_many(app: App, planning: Planning) -> None:
    make(app, HOURLY | {"cron": "*/5 * * * *"})
    assert planning.at(26) == 1
    assert planning.counted() == {("planned", ""): 1, ("ignored", "missed"): 1}
    missed = next(run for run in planning.runs() if run.reason == "missed")
    assert missed.note == "311 occurrences from 2026-03-01T12:05:00Z to 2026-03-02T13:55:00Z"
    assert planning.at(26.01) == 0


def test_all_that_were_missed_run_although_they_would_overlap(app: App, planning: Planning) -> None:
    make(app, HOURLY | {"catch_up": "all", "catchup_window_h": 24})
    assert planning.at(5) == 5
    assert planning.counted() == {("planned", ""): 5}


def test_an_occurrence_is_left_out_while_the_one_before_it_is_at_work(app: App, planning: Planning) -> None:
    make(app, HOURLY)
    assert [planning.at(1), planning.at(2)] == [1, 0]
    assert planning.counted() == {("planned", ""): 1, ("ignored", "overlap"): 1}
    planning.finish()
    assert planning.at(3) == 1


def test_a_receiver_that_is_away_holds_no_report_back(app: App, planning: Planning) -> None:
    make(app, HOURLY)
    planning.at(1)
    planning.finish("retry")
    assert planning.at(2) == 1


def test_what_is_made_and_only_waits_holds_no_report_back(app: App, planning: Planning) -> None:
    """As it does while all sending is held."""
    make(app, HOURLY)
    planning.at(1)
    planning.finish("planned")
    assert planning.at(2) == 1


def test_where_overlap_is_allowed_all_of_them_run(app: App, planning: Planning) -> None:
    make(app, HOURLY | {"overlap": "allow"})
    assert [planning.at(1), planning.at(2), planning.at(3)] == [1, 1, 1]


def test_one_waits_for_the_end_of_the_one_before_it(app: App, planning: Planning) -> None:
    make(app, HOURLY | {"overlap": "queue_one"})
    assert [planning.at(1), planning.at(2), planning.at(3)] == [1, 0, 0]
    assert planning.counted() == {("planned", ""): 1, ("planned", "overlap"): 1, ("ignored", "overlap"): 1}
    build = planning.ledger.claim_build()
    assert build is not None
    assert planning.ledger.claim_build() is None
    with app.store.write() as session:
        session.exec(update(Run).where(Run.id == build.run_id).values(state="succeeded"))
    assert planning.at(3.5) == 1
    following = planning.ledger.claim_build()
    assert following is not None
    assert following.planned_at.hour == 14


def test_a_paused_schedule_writes_down_what_it_leaves_out(app: App, planning: Planning) -> None:
    make(app, HOURLY | {"is_paused": True})
    assert [planning.at(1), planning.at(2)] == [0, 0]
    assert planning.counted() == {("ignored", "paused"): 2}


def test_a_holiday_has_a_row(app: App, planning: Planning) -> None:
    make(app, DAILY | {"holidays": "DE", "cron": "0 9 3 4 *"})
    assert planning.at(24 * 33) == 0
    assert planning.counted() == {("ignored", "holiday"): 1}


def test_an_export_that_is_off_leaves_no_trace(app: App, planning: Planning) -> None:
    saved = make(app, HOURLY)
    app.exports.switch(saved.id, False)
    assert planning.at(30) == 0
    assert planning.runs() == []


def test_what_is_planned_keeps_the_content_it_was_planned_with(app: App, planning: Planning) -> None:
    saved = make(app, HOURLY)
    planning.at(1)
    app.exports.change(saved.id, spec_with(HOURLY | {"id": saved.triggers[0].id}, name="Renamed"))
    planning.finish()
    planning.at(2)
    assert [(run.name, run.definition["revision"]) for run in planning.runs()] == [
        ("Morning revenue", 1),
        ("Renamed", 2),
    ]


def outdate(app: App, saved: SavedExport, next_fire_at: datetime) -> None:
    """As if the moment had been reckoned from older rules of the zones."""
    with app.store.write() as session:
        session.exec(update(Trigger).values(next_rule="0123456789abcdef@1999a", next_fire_at=next_fire_at))


def test_other_rules_of_a_zone_move_what_is_to_come_and_it_is_noted(app: App, planning: Planning) -> None:
    saved = make(app, DAILY)
    outdate(app, saved, datetime(2026, 3, 2, 7, tzinfo=UTC))
    planning.at(1)
    assert rows(app, saved)[0].next_fire_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert [entry.act for entry in app.audit.entries() if entry.act == "trigger.moved"] == ["trigger.moved"]


@pytest.mark.parametrize("wrong", [{"zone": "Europe/Atlantis"}, {"cron": "0 25 * * *"}, {"holidays": "XX"}])
def test_a_rule_that_can_no_longer_be_reckoned_stops_alone(app: App, planning: Planning, wrong: dict[str, str]) -> None:
    broken, sound = make(app, HOURLY), make(app, HOURLY, destinations=[{"kind": "link", "settings": {"slug": "b"}}])
    with app.store.write() as session:
        session.exec(update(Trigger).where(Trigger.subject_id == broken.id).values(rule=HOURLY | wrong))
    assert planning.at(1) == 1
    assert [run.subject_id for run in planning.runs()] == [sound.id]
    assert rows(app, broken)[0].next_fire_at is None
    assert len(app.exports.all()) == 2


SYNC: dict[str, Any] = {"kind": "dataset", "dataset": "sales"}


def publish(app: App, text: str, path: Path) -> int:
    path.write_text(text)
    return app.catalogue.refresh("sales").number


def test_what_a_dataset_publishes_starts_a_run_of_exactly_that_version(
    app: App, planning: Planning, sales_csv: Path
) -> None:
    make(app, SYNC)
    assert planning.at(0) == 0
    number = publish(app, MORE_SALES, sales_csv)
    assert [planning.at(1), planning.at(2)] == [1, 0]
    (run,) = planning.runs()
    assert (run.trigger_kind, run.definition["versions"]) == ("dataset", {"sales": number})


def test_while_a_run_is_unfinished_the_newest_version_waits(app: App, planning: Planning, sales_csv: Path) -> None:
    make(app, SYNC)
    planning.at(0)
    numbers = []
    for hours, text in enumerate((MORE_SALES, SALES, MORE_SALES), start=1):
        numbers.append(publish(app, text, sales_csv))
        planning.at(hours)
    planning.finish()
    assert planning.at(4) == 1
    assert [run.definition["versions"]["sales"] for run in planning.runs()] == [numbers[0], numbers[2]]


def test_what_is_published_while_it_is_off_starts_nothing_later(app: App, planning: Planning, sales_csv: Path) -> None:
    saved = make(app, SYNC)
    planning.at(0)
    app.exports.switch(saved.id, False)
    publish(app, MORE_SALES, sales_csv)
    app.exports.switch(saved.id, True)
    assert [planning.at(1), planning.at(2)] == [0, 0]


def test_a_paused_one_writes_down_what_was_published(app: App, planning: Planning, sales_csv: Path) -> None:
    make(app, SYNC | {"is_paused": True})
    planning.at(0)
    publish(app, MORE_SALES, sales_csv)
    assert [planning.at(1), planning.at(2)] == [0, 0]
    assert planning.counted() == {("ignored", "paused"): 1}


@pytest.mark.parametrize("is_manifest_damaged", [True, False], ids=["its manifest", "its rule"])
def test_what_cannot_be_followed_keeps_no_other_from_being_planned(
    app: App, planning: Planning, is_manifest_damaged: bool
) -> None:
    make(app, SYNC)
    hourly = make(app, HOURLY, destinations=[{"kind": "link", "settings": {"slug": "hourly"}}])
    planning.at(0)
    if is_manifest_damaged:
        cut_off(app.warehouse.root / "sales" / "manifest.json")
    else:
        with app.store.write() as session:
            session.exec(update(Trigger).where(Trigger.kind == "dataset").values(rule={}))
    assert planning.at(1) == 1
    assert [run.subject_id for run in planning.runs()] == [hourly.id]


def cut_off(path: Path) -> None:
    path.write_text(path.read_text()[: path.stat().st_size // 2])
