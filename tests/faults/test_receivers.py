"""Receivers that fail, pause, vanish: what was promised for each, with a real sidecar and a real receiver."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.model.runs import Delivery
from tests.faults.conftest import Works
from tests.faults.receiver import Came
from tests.polling import wait_for

pytestmark = pytest.mark.timeout(600)


def only(works: Works, run_id: str) -> Delivery:
    (delivery,) = works.sent(run_id)
    return delivery


def again_now(works: Works, run_id: str) -> None:
    """Do not wait for the delay."""
    works.reached(run_id, "retry")
    works.app.ledger.start_now(run_id, by=None)


def test_after_two_500_the_third_try_arrives_with_the_same_id_and_a_later_time(works: Works) -> None:
    statuses = iter([500, 500, 200])
    works.receiver.answer = lambda came: (next(statuses), {})
    run_id = works.ask(works.export("/a"))
    works.start()
    again_now(works, run_id)
    wait_for(lambda: only(works, run_id).tries == 2, what="second try")
    again_now(works, run_id)
    works.reached(run_id, "succeeded")
    assert works.outcomes(run_id) == ["failed", "failed", "succeeded"]
    assert len(works.receiver.counts) == 1
    times = [int(came.timestamp) for came in works.receiver.came]
    assert times == sorted(times)


def test_a_pause_that_a_receiver_asks_for_holds_for_the_whole_destination(works: Works) -> None:
    works.receiver.answer = lambda came: (429, {"Retry-After": "120"})
    export_id = works.export("/a")
    first = works.ask(export_id)
    works.start()
    works.reached(first, "retry")
    second = works.ask(export_id)
    wait_for(lambda: works.app.ledger.run(second).run.built_at, what="second run that was made")
    delivery, (circuit,) = only(works, first), works.app.ledger.circuits()
    assert delivery.first_attempt_at is not None
    assert delivery.next_at is not None
    assert timedelta(seconds=119) < delivery.next_at - delivery.first_attempt_at < timedelta(seconds=150)
    assert circuit.open_until == delivery.next_at
    works.app.ledger.start_now(second, by=None)
    assert works.app.ledger.claim_delivery() is None
    assert len(works.receiver.came) == 1


def test_a_destination_that_is_gone_is_switched_off_at_once(works: Works) -> None:
    works.receiver.answer = lambda came: (410, {})
    export_id = works.export("/a")
    first = works.ask(export_id)
    works.start()
    works.reached(first, "failed")
    second = works.ask(export_id)
    wait_for(lambda: works.app.ledger.run(second).run.finished_at, what="end of the second run")
    assert only(works, second).state == "ignored"
    assert only(works, second).reason == "destination disabled"
    assert len(works.receiver.came) == 1
    works.receiver.answer = lambda came: (200, {})
    assert works.app.ledger.switch_on(only(works, second).destination_id) == [second]
    works.reached(works.ask(export_id), "succeeded")


def test_a_receiver_that_fails_does_not_hold_up_the_others(works: Works) -> None:
    def answer(came: Came) -> tuple[int, dict[str, str]]:
        return (503 if came.path == "/bad" else 200), {}

    works.receiver.answer = answer
    run_id = works.ask(works.export("/bad", "/good"))
    works.start()
    works.reached(run_id, "retry")
    wait_for(lambda: "/good" in {came.path for came in works.receiver.came}, what="message at the good one")
    wait_for(
        lambda: {row.state for row in works.sent(run_id)} == {"retry", "succeeded"},
        what="one that waits and one that arrived",
    )
