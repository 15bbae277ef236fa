"""Destinations that fail are left alone for a while, and in the end switched off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from core.connectors.base import Receipt, SendError
from core.delivery.circuits import count_failure
from core.delivery.ledger import Ledger
from core.delivery.work import Made
from core.errors import HostRefused, NotFound
from core.model.connections import Connection
from core.model.runs import Circuit
from core.store import Store
from core.store.connections import add_connection, change_connection, get_connection, keep_check
from tests.delivery.ledgers import NOW, Clock, ask, claim, make, only, planned, state_of


def fail(ledger: Ledger, clock: Clock, times: int, text: str = "500") -> None:
    """So many tries that fail, each at its time."""
    for _ in range(times):
        while (taken := ledger.claim_delivery()) is None:
            clock.forward(seconds=30)
        ledger.send_failed(taken, SendError(text))


def test_five_failures_of_two_deliveries_leave_the_destination_alone_for_five_minutes(
    ledger: Ledger, clock: Clock
) -> None:
    make(ledger, key="t@1")
    make(ledger, key="t@2")
    fail(ledger, clock, 5)
    (circuit,) = ledger.circuits()
    assert (circuit.failures, circuit.open_s) == (5, 300)
    waiting = make(ledger, key="t@3")
    clock.forward(seconds=299)
    assert ledger.claim_delivery() is None
    assert only(ledger, waiting).tries == 0
    clock.forward(seconds=1)
    assert ledger.claim_delivery() is not None


def test_one_delivery_alone_opens_no_circuit(ledger: Ledger, clock: Clock) -> None:
    make(ledger)
    fail(ledger, clock, 4)
    assert ledger.circuits()[0].open_until is None


def test_a_probe_that_fails_doubles_the_pause_up_to_an_hour() -> None:
    circuit = Circuit(id="d", organisation_id="o", export_id="e")
    pauses = []
    for number in range(10):
        count_failure(circuit, f"delivery {number % 2}", now=NOW)
        pauses.append(circuit.open_s)
    assert pauses == [0, 0, 0, 0, 300, 600, 1200, 2400, 3600, 3600]
    assert circuit.open_until == NOW + timedelta(hours=1)


def test_another_destination_is_served_meanwhile(ledger: Ledger, clock: Clock) -> None:
    make(ledger, key="t@1")
    make(ledger, key="t@2")
    fail(ledger, clock, 5)
    make(ledger, planned("other"), key="t@3")
    assert claim(ledger).destination_id == "other"


def test_a_success_closes_the_circuit(ledger: Ledger, clock: Clock) -> None:
    make(ledger, key="t@1")
    make(ledger, key="t@2")
    fail(ledger, clock, 5)
    clock.forward(minutes=5)
    ledger.sent(claim(ledger), Receipt())
    (circuit,) = ledger.circuits()
    assert (circuit.failures, circuit.open_until, circuit.open_s) == (0, None, 0)
    assert circuit.last_success_at == clock.now


def test_what_a_receiver_asked_for_holds_for_the_whole_destination(ledger: Ledger, clock: Clock) -> None:
    make(ledger, key="t@1")
    make(ledger, key="t@2")
    ledger.send_failed(claim(ledger), SendError("429", retry_after_s=120))
    clock.forward(seconds=119)
    assert ledger.claim_delivery() is None
    clock.forward(seconds=1)
    assert ledger.claim_delivery() is not None


def test_a_destination_that_is_gone_is_switched_off_at_once(ledger: Ledger) -> None:
    first = make(ledger, key="t@1")
    taken = claim(ledger)
    waiting = make(ledger, key="t@2")
    ledger.send_failed(taken, SendError("410: gone", permanent=True, disables=True))
    assert state_of(ledger, first) == "failed"
    assert (only(ledger, waiting).state, only(ledger, waiting).reason) == ("ignored", "destination disabled")
    later = make(ledger, key="t@3")
    assert (state_of(ledger, later), only(ledger, later).reason) == ("ignored", "destination disabled")
    assert ledger.circuits()[0].disabled_reason == "410: gone"


def test_a_host_that_may_not_be_called_is_switched_off_after_three_deliveries(ledger: Ledger) -> None:
    for number in range(3):
        make(ledger, key=f"t@{number}")
        assert ledger.circuits() == [] or ledger.circuits()[0].disabled_at is None
        ledger.send_failed(claim(ledger), HostRefused("10.0.0.1 may not be called."))
    assert ledger.circuits()[0].disabled_reason == "3 deliveries were refused (refused)"


def test_failures_of_another_kind_are_no_refusals(ledger: Ledger, clock: Clock) -> None:
    for number in range(2):
        make(ledger, planned(), key=f"t@{number}")
        fail(ledger, clock, 1, "503")
    make(ledger, planned(), key="t@3")
    while (taken := ledger.claim_delivery()) is None or only(ledger, taken.run_id).tries:
        if taken is not None:
            ledger.send_failed(taken, SendError("503", permanent=True))
        clock.forward(seconds=30)
    ledger.send_failed(taken, HostRefused("10.0.0.1 may not be called."))
    (row,) = ledger.circuits()
    assert (row.refused_deliveries, row.disabled_at) == (1, None)


def test_five_days_of_failures_switch_it_off(ledger: Ledger, clock: Clock) -> None:
    for day in range(5):
        make(ledger, key=f"t@{day}")
        fail(ledger, clock, 1)
        clock.forward(days=1)
        ledger.reap(at_start=False)
    assert ledger.circuits()[0].disabled_at is None
    make(ledger, key="t@5")
    fail(ledger, clock, 1)
    assert ledger.circuits()[0].disabled_reason == "nothing arrived there for 5 days"


def test_switched_on_again_it_says_what_was_missed(ledger: Ledger) -> None:
    make(ledger, key="t@1")
    ledger.send_failed(claim(ledger), SendError("410", permanent=True, disables=True))
    missed = make(ledger, key="t@2")
    assert ledger.switch_on("d") == [missed]
    make(ledger, key="t@3")
    assert claim(ledger).destination_id == "d"


def test_what_was_replayed_in_vain_is_missed_once(ledger: Ledger) -> None:
    make(ledger, key="t@1")
    ledger.send_failed(claim(ledger), SendError("410", permanent=True, disables=True))
    missed = make(ledger, key="t@2")
    replayed = ledger.replay(missed, data="fresh", only="all", by=None)
    build = ledger.claim_build()
    assert build is not None
    ledger.built(build, Made(deliveries=(planned(),)))
    assert ledger.switch_on("d") == [replayed]


def test_a_destination_that_nothing_was_sent_to_is_unknown(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.switch_on("nowhere")


def test_an_account_that_is_refused_pauses_the_connection_and_burns_no_tries(ledger: Ledger, clock: Clock) -> None:
    by_mail = {"kind": "email", "connection_id": "mail"}
    run_id = make(ledger, planned("a", **by_mail), planned("b", **by_mail))
    error = SendError("535: wrong password", permanent=True, pauses_connection=True)
    ledger.send_failed(claim(ledger), error)
    make(ledger, planned("c"), key="t@2")
    clock.forward(hours=1)
    assert claim(ledger).destination_id == "c"
    assert ledger.claim_delivery() is None
    assert [row.tries for row in ledger.run(run_id).deliveries] == [0, 0]
    assert ledger.switch_on("mail") == []
    assert ledger.claim_delivery() is not None


def new_connection(store: Store, organisation_id: str) -> Connection:
    with store.write() as session:
        return add_connection(session, organisation_id, "email", "Mail", {}, "", person_id="olga", now=NOW)


def change(session: Session, row: Connection, now: datetime) -> None:
    change_connection(session, row, "Mail", {"user": "other"}, "", now=now)


def check(session: Session, row: Connection, now: datetime) -> None:
    keep_check(session, row, is_ok=True, text="signed in", now=now)


@pytest.mark.parametrize("mend", [change, check])
def test_a_paused_connection_goes_on_as_soon_as_somebody_mends_it(
    ledger: Ledger, store: Store, clock: Clock, mend: Callable[[Session, Connection, datetime], None]
) -> None:
    connection = new_connection(store, ledger.organisation_id)
    run_id = make(ledger, planned(kind="email", connection_id=connection.id))
    refusal = SendError("535: wrong password", permanent=True, pauses_connection=True)
    clock.forward(seconds=1)
    for _ in range(2):
        ledger.send_failed(claim(ledger), refusal)
        clock.forward(minutes=1)
        assert ledger.claim_delivery() is None
        with store.write() as session:
            mend(session, get_connection(session, ledger.organisation_id, connection.id), clock.now)
        clock.forward(seconds=1)
    ledger.sent(claim(ledger), Receipt())
    assert state_of(ledger, run_id) == "succeeded"
    assert {circuit.disabled_at for circuit in ledger.circuits()} == {None}


def test_a_run_that_was_never_made_opens_no_circuit(ledger: Ledger) -> None:
    ask(ledger)
    assert ledger.circuits() == []
