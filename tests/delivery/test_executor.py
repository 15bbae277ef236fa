"""The workers: what waits is made and sent, failures stay alone, a stop loses nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from core.connectors.base import Receipt
from core.delivery.artefacts import Artefacts
from core.delivery.executor import Executor
from core.delivery.ledger import Ledger
from core.delivery.meters import Meters
from core.delivery.work import Build, Claim, Made, NotMet
from core.store import Store
from tests.delivery.ledgers import NOW, Clock, ask, only, outcomes, state_of
from tests.delivery.workers import Maker, Sender
from tests.polling import wait_for


class House:
    """An executor with its counterparts; drained at the end."""

    def __init__(self, ledger: Ledger, folder: Path, free_bytes: int = 10**12) -> None:
        self.ledger, self.maker, self.sender, self.meters = ledger, Maker(), Sender(ledger), Meters()
        self.artefacts = Artefacts(folder, Clock(NOW), lambda _: free_bytes)
        self.executor: Executor | None = None

    def start(self, *, is_sending: bool = True) -> Executor:
        self.executor = Executor(
            self.ledger, self.artefacts, self.maker, self.sender, self.meters, is_sending=is_sending, threads=4
        )
        self.executor.start()
        return self.executor

    def reached(self, run_id: str, state: str) -> None:
        wait_for(lambda: state_of(self.ledger, run_id) == state, what=f"{state} run")


@pytest.fixture
def house(ledger: Ledger, tmp_path: Path) -> Iterator[House]:
    house = House(ledger, tmp_path / "artefacts")
    yield house
    if house.executor is not None:
        house.executor.drain(60)


def test_what_is_asked_for_is_made_and_sent_to_all_destinations(house: House) -> None:
    house.start()
    run_id = ask(house.ledger, definition={"to": ["a", "b", "c"]})
    house.reached(run_id, "succeeded")
    assert sorted(claim.destination_id for claim in house.sender.sent) == ["a", "b", "c"]
    assert house.maker.made == [run_id]


def test_a_run_asked_for_begins_at_once_when_it_is_woken(house: House) -> None:
    executor = house.start()
    run_id = ask(house.ledger)
    executor.wake()
    house.reached(run_id, "succeeded")


def test_many_runs_to_many_destinations_each_arrive_once(house: House) -> None:
    ids = [ask(house.ledger, f"t@{n}", definition={"to": [f"d{n % 3}", f"e{n % 5}"]}) for n in range(30)]
    house.start()
    wait_for(lambda: all(state_of(house.ledger, run_id) == "succeeded" for run_id in ids), what="end of all runs")
    assert len(house.sender.sent) == len({claim.delivery_id for claim in house.sender.sent}) == 60


def test_to_one_destination_never_two_go_at_once(house: House) -> None:
    busy, most = [0], [0]

    def first(claim: Claim) -> None:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        threading.Event().wait(0.02)
        busy[0] -= 1

    house.sender.first = first
    ids = [ask(house.ledger, f"t@{n}") for n in range(10)]
    house.start()
    wait_for(lambda: all(state_of(house.ledger, run_id) == "succeeded" for run_id in ids), what="end of all runs")
    assert most == [1]


def test_a_run_that_cannot_be_made_fails_alone(house: House) -> None:
    def first(build: Build) -> None:
        if build.occurrence_key == "t@1":
            raise KeyError("nobody expected this")

    house.maker.first = first
    broken, whole = ask(house.ledger, "t@1"), ask(house.ledger, "t@2")
    house.start()
    house.reached(whole, "succeeded")
    house.reached(broken, "retry")
    assert "KeyError" in house.ledger.run(broken).run.reason


def test_a_run_whose_condition_does_not_hold_sends_nothing(house: House) -> None:
    def first(build: Build) -> None:
        raise NotMet("condition not met", "Revenue moved by 1 %", made=Made(versions={"sales": 2}))

    house.maker.first = first
    run_id = ask(house.ledger)
    house.start()
    house.reached(run_id, "ignored")
    assert house.ledger.run(run_id).run.versions == {"sales": 2}
    assert house.sender.sent == []


def test_a_try_that_breaks_after_it_began_is_unknown(house: House) -> None:
    def first(claim: Claim) -> None:
        raise RuntimeError

    house.sender.first = first
    run_id = ask(house.ledger)
    house.start()
    house.reached(run_id, "retry")
    assert outcomes(house.ledger, run_id) == ["unknown"]


def test_with_sending_switched_off_runs_are_made_and_wait(house: House) -> None:
    house.start(is_sending=False)
    run_id = ask(house.ledger)
    wait_for(lambda: house.ledger.run(run_id).run.built_at, what="run that was made")
    house.ledger.ask(subject_id="e", name="E", definition={}, trigger_kind="hand", occurrence_key="t@2", planned_at=NOW)
    wait_for(lambda: len(house.maker.made) == 2, what="second run that was made")
    assert only(house.ledger, run_id).state == "planned"


def test_without_room_on_the_disk_a_run_waits_and_says_why(ledger: Ledger, tmp_path: Path) -> None:
    house = House(ledger, tmp_path / "artefacts", free_bytes=10**6)
    run_id = ask(ledger)
    executor = house.start()
    house.reached(run_id, "retry")
    executor.drain(60)
    assert "1 MB left" in ledger.run(run_id).run.reason
    assert house.maker.made == []


def test_a_stop_waits_for_what_is_under_way(house: House) -> None:
    began, go_on = threading.Event(), threading.Event()

    def first(claim: Claim) -> None:
        began.set()
        go_on.wait(60)

    house.sender.first = first
    run_id = ask(house.ledger)
    executor = house.start()
    assert began.wait(60)
    stop = threading.Thread(target=executor.drain)
    stop.start()
    go_on.set()
    stop.join(60)
    assert not stop.is_alive()
    assert state_of(house.ledger, run_id) == "succeeded"


def test_a_stop_gives_back_what_hangs_before_its_first_byte(house: House) -> None:
    began, go_on = threading.Event(), threading.Event()

    class Slow(Sender):
        def send(self, claim: Claim) -> object:  # type: ignore[override]
            began.set()
            go_on.wait(60)
            return super().send(claim)

    house.sender = Slow(house.ledger)
    run_id = ask(house.ledger)
    executor = house.start()
    assert began.wait(60)
    executor.drain(0.1)
    assert state_of(house.ledger, run_id) == "retry"
    go_on.set()
    executor.drain(60)
    assert house.sender.sent == []
    assert outcomes(house.ledger, run_id) == ["ignored"]


def test_after_a_stop_nothing_is_claimed(house: House) -> None:
    house.start().drain(60)
    run_id = ask(house.ledger)
    assert house.maker.made == []
    assert state_of(house.ledger, run_id) == "planned"


def test_what_was_sent_while_the_store_was_locked_is_written_down_later(
    house: House, store: Store, tmp_path: Path
) -> None:
    with closing(
        sqlite3.connect(tmp_path / "var" / "bridgecast.sqlite", isolation_level=None, check_same_thread=False)
    ) as lock:
        house.sender.first = lambda claim: lock.execute("BEGIN EXCLUSIVE")  # type: ignore[assignment]
        run_id = ask(house.ledger)
        house.start()
        wait_for(lambda: house.sender.sent, what="delivery that was sent")
        lock.execute("ROLLBACK")
        house.reached(run_id, "succeeded")
    assert len(house.sender.sent) == 1


class FullDisk(Ledger):
    """A ledger that takes nothing at first."""

    left = 2

    def sent(self, claim: Claim, receipt: Receipt) -> bool:
        if self.left:
            self.left -= 1
            raise OperationalError("UPDATE", {}, sqlite3.OperationalError("database or disk is full"))
        return super().sent(claim, receipt)


def test_what_was_sent_is_written_down_also_while_the_sidecar_stops(store: Store, tmp_path: Path) -> None:
    house = House(FullDisk(store, "o", Clock(NOW)), tmp_path / "artefacts")
    run_id = ask(house.ledger)
    executor = house.start()
    wait_for(lambda: house.sender.sent, what="delivery that was sent")
    executor.drain(60)
    assert state_of(house.ledger, run_id) == "succeeded"


def test_what_is_done_is_counted(house: House) -> None:
    house.start()
    house.reached(ask(house.ledger, definition={"to": ["a", "b"]}), "succeeded")
    count = house.meters.registry.get_sample_value
    tries = {"kind": "webhook", "outcome": "succeeded"}
    wait_for(lambda: count("bridgecast_tries_total", tries) == 2, what="two tries counted")
    assert count("bridgecast_builds_total", {"outcome": "made"}) == 1
