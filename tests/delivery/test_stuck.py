"""Deliveries that cannot even be tried: given up in time, so that they hold no later run back."""

from __future__ import annotations

from core.connectors.base import SendError
from core.delivery.ledger import Ledger
from core.model.connections import Connection
from core.store import Store
from core.store.connections import add_connection
from core.store.people import get_organisation
from tests.delivery.ledgers import NOW, Clock, claim, make, only, planned, state_of

REFUSAL = SendError("535: wrong password", permanent=True, pauses_connection=True)
BY_MAIL = {"kind": "email", "connection_id": "mail"}


def hold(store: Store, ledger: Ledger) -> None:
    with store.write() as session:
        organisation = get_organisation(session, ledger.organisation_id)
        organisation.sending_held_at = NOW
        session.add(organisation)


def paused(ledger: Ledger) -> str:
    """A delivery that was never tried, since its connection was refused before; its run's id."""
    make(ledger, planned("a", **BY_MAIL), key="t@1")
    ledger.send_failed(claim(ledger), REFUSAL)
    return make(ledger, planned("b", **BY_MAIL), key="t@2")


def test_behind_a_refused_connection_a_delivery_is_given_up_after_its_time(ledger: Ledger, clock: Clock) -> None:
    run_id = paused(ledger)
    clock.forward(hours=3, minutes=59)
    assert ledger.reap(at_start=False) == 0
    clock.forward(minutes=1)
    ledger.reap(at_start=False)
    assert state_of(ledger, run_id) == "failed"
    assert only(ledger, run_id).reason.startswith("given up: its time for tries is over")


def test_while_a_person_holds_all_sending_it_waits(ledger: Ledger, clock: Clock, store: Store) -> None:
    run_id = paused(ledger)
    hold(store, ledger)
    clock.forward(days=3)
    ledger.reap(at_start=False)
    assert state_of(ledger, run_id) == "planned"


def test_what_may_go_is_not_given_up_however_long_it_waited(ledger: Ledger, clock: Clock, store: Store) -> None:
    run_id = make(ledger, planned("free"))
    clock.forward(days=3)
    ledger.reap(at_start=False)
    assert state_of(ledger, run_id) == "planned"
    assert claim(ledger).run_id == run_id


def new_mail(store: Store, ledger: Ledger) -> Connection:
    with store.write() as session:
        settings = {"is_default": True}
        return add_connection(session, ledger.organisation_id, "email", "Mail", settings, "", person_id="o", now=NOW)


def test_a_mail_that_names_no_connection_waits_too_when_the_default_one_is_refused(
    ledger: Ledger, clock: Clock, store: Store
) -> None:
    mail = new_mail(store, ledger)
    run_id = make(ledger, planned("a", kind="email"))
    assert only(ledger, run_id).connection_id == mail.id
    clock.forward(seconds=1)
    ledger.send_failed(claim(ledger), REFUSAL)
    assert (state_of(ledger, run_id), only(ledger, run_id).tries) == ("retry", 0)
    assert ledger.claim_delivery() is None


def test_what_a_person_tries_again_waits_for_its_destination_as_long_as_a_new_one(ledger: Ledger, clock: Clock) -> None:
    first = make(ledger, key="t@1")
    ledger.send_failed(claim(ledger), SendError("404", permanent=True))
    clock.forward(days=1)
    second = make(ledger, key="t@2")
    ledger.send_failed(claim(ledger), SendError("429", retry_after_s=1800))
    assert (state_of(ledger, first), state_of(ledger, second)) == ("failed", "retry")
    ledger.retry(first, by="olga")
    clock.forward(minutes=5)
    ledger.reap(at_start=False)
    assert state_of(ledger, first) == "retry"
    clock.forward(minutes=25, seconds=1)
    assert claim(ledger).run_id in {first, second}
