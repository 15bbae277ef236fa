"""Workers that die at a chosen moment, freeze, or meet another one."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from core.delivery.artefacts import Artefacts
from tests.faults.conftest import Works
from tests.faults.nursery import lives
from tests.polling import wait_for

pytestmark = pytest.mark.timeout(600)


def test_killed_before_anything_is_claimed_a_run_is_sent_once(works: Works, tmp_path: Path) -> None:
    run_id = works.ask(works.export("/a"))
    with closing(sqlite3.connect(tmp_path / "var" / "bridgecast.sqlite", isolation_level=None)) as store:
        store.execute("BEGIN IMMEDIATE")
        works.start()
        works.kill()
    works.start()
    works.reached(run_id, "succeeded")
    assert set(works.receiver.counts.values()) == {1}


def test_killed_while_the_receiver_holds_the_message_it_is_sent_again_with_the_same_id(works: Works) -> None:
    holds, go_on = threading.Event(), threading.Event()

    def answer(came: object) -> tuple[int, dict[str, str]]:
        if not holds.is_set():
            holds.set()
            go_on.wait(60)
        return 200, {}

    works.receiver.answer = answer
    run_id = works.ask(works.export("/a"))
    works.start()
    assert holds.wait(60)
    works.kill()
    go_on.set()
    works.start()
    works.reached(run_id, "succeeded")
    assert works.outcomes(run_id) == ["unknown", "succeeded"]
    (count,) = works.receiver.counts.values()
    assert count == 2
    first, second = works.receiver.came
    assert first.body == second.body
    assert first.occurrence == second.occurrence != ""


def test_a_delivery_that_kills_three_sidecars_is_given_up_and_the_others_arrive(works: Works) -> None:
    victim: list[int] = []

    def answer(came: object) -> tuple[int, dict[str, str]]:
        if getattr(came, "path", "") == "/poison":
            os.kill(victim[0], signal.SIGKILL)
        return 200, {}

    works.receiver.answer = answer
    run_id = works.ask(works.export("/poison", "/good"))
    for _ in range(3):
        victim[:] = [works.start()]
        wait_for(lambda: not lives(victim[0]), what="death of the sidecar")
    victim[:] = [works.start()]
    works.reached(run_id, "failed")
    found = sorted((row.state, row.reason) for row in works.sent(run_id))
    assert found == [("failed", "worker lost 3 times"), ("succeeded", "")]


def test_a_frozen_sidecar_that_wakes_changes_nothing_that_a_newer_try_did(works: Works) -> None:
    """Frozen for longer than its lease, which is made to end meanwhile; the newer try is this process's own."""
    holds, go_on = threading.Event(), threading.Event()

    def answer(came: object) -> tuple[int, dict[str, str]]:
        holds.set()
        go_on.wait(60)
        return 500, {}

    works.receiver.answer = answer
    run_id = works.ask(works.export("/a"))
    frozen = works.start()
    assert holds.wait(60)
    works.freeze(frozen)
    works.app.ledger.reap(at_start=True)
    claim = works.app.ledger.claim_delivery()
    assert claim is not None
    works.receiver.answer = lambda came: (200, {})
    works.app.ledger.sent(claim, works.app.sender.send(claim))
    assert works.state(run_id) == "succeeded"
    go_on.set()
    os.kill(frozen, signal.SIGCONT)

    def late_note() -> bool:
        (tries,) = works.tries(run_id).values()
        return "It ended later" in tries[0].note

    wait_for(late_note, what="note of the late finish")
    assert works.state(run_id) == "succeeded"
    assert works.outcomes(run_id) == ["unknown", "succeeded"]


def test_a_second_sidecar_ends_and_names_the_first(works: Works) -> None:
    first = works.start()
    run_id = works.ask(works.export("/a"))
    works.reached(run_id, "succeeded")
    second = works.start()
    wait_for(lambda: not lives(second), what="end of the second sidecar")
    assert f"Another sidecar (pid {first}) already works on" in works.log.read_text()
    assert lives(first)
    works.running.remove(second)


def test_a_stop_lets_what_is_under_way_finish(works: Works) -> None:
    holds, go_on = threading.Event(), threading.Event()

    def answer(came: object) -> tuple[int, dict[str, str]]:
        holds.set()
        go_on.wait(60)
        return 200, {}

    works.receiver.answer = answer
    run_id = works.ask(works.export("/a"))
    pid = works.start()
    assert holds.wait(60)
    os.kill(pid, signal.SIGTERM)
    go_on.set()
    wait_for(lambda: not lives(pid), what="end of the sidecar")
    assert works.state(run_id) == "succeeded"
    assert works.outcomes(run_id) == ["succeeded"]


@pytest.mark.parametrize("damage", ["altered", "gone"])
def test_a_file_that_was_damaged_on_the_disk_is_not_sent(works: Works, tmp_path: Path, damage: str) -> None:
    works.app.sending.hold("first damage the file")
    run_id = works.ask(works.export("/a"))
    works.start()
    wait_for(lambda: works.app.ledger.run(run_id).run.built_at, what="run that was made")
    message = tmp_path / "var" / "artefacts" / run_id / "webhook.json"
    if damage == "gone":
        message.unlink()
    else:
        message.write_bytes(message.read_bytes().replace(b"Revenue", b"Avenues"))
    works.app.sending.go_on()
    works.reached(run_id, "failed")
    assert works.receiver.came == []
    (delivery,) = works.sent(run_id)
    assert ("SHA-256" in delivery.reason) == (damage == "altered")


def test_without_room_on_the_disk_the_sidecar_lives_and_recovers(works: Works, tmp_path: Path) -> None:
    """The folder of files cannot be written to: what a full disk answers, without filling one."""
    run_id = works.ask(works.export("/a"))
    blocked = tmp_path / "var" / "artefacts" / run_id
    blocked.write_text("a file where the run's folder should be")
    pid = works.start()
    works.reached(run_id, "retry")
    blocked.unlink()
    works.app.ledger.start_now(run_id, by=None)
    works.reached(run_id, "succeeded")
    assert lives(pid)
    assert Artefacts(tmp_path / "var" / "artefacts", works.app.clock).run_ids() == [run_id]


def test_a_store_that_is_locked_for_longer_than_anybody_waits_loses_no_run(works: Works, tmp_path: Path) -> None:
    """As by a backup of another program. What was sent meanwhile is written down when the store is free again."""
    came_in, go_on = threading.Event(), threading.Event()

    def answer(came: object) -> tuple[int, dict[str, str]]:
        came_in.set()
        go_on.wait(60)
        return 200, {}

    run_id = works.ask(works.export("/a"))
    with closing(sqlite3.connect(tmp_path / "var" / "bridgecast.sqlite", isolation_level=None)) as store:
        works.receiver.answer = answer
        pid = works.start()
        assert came_in.wait(60)
        store.execute("BEGIN IMMEDIATE")
        go_on.set()
        wait_for(lambda: "not written down yet" in works.log.read_text(), what="write that was given up for a while")
        store.execute("ROLLBACK")
    works.reached(run_id, "succeeded")
    assert lives(pid)
    assert works.outcomes(run_id) == ["succeeded"]
    assert len(works.receiver.came) == 1
