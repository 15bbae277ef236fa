"""Runs in a ledger, as tests arrange them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.delivery.ledger import Ledger
from core.delivery.work import Claim, Made, PlannedDelivery
from core.model.runs import Delivery

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def ask(ledger: Ledger, key: str = "t@1", **values: Any) -> str:
    """A run of the export "e"; its id."""
    asked = {"subject_id": "e", "name": "Morning", "definition": {"revision": 1}, "trigger_kind": "hand"}
    return ledger.ask(**{**asked, "occurrence_key": key, "planned_at": NOW, **values}).run_id


def planned(destination_id: str = "d", **values: Any) -> PlannedDelivery:
    return PlannedDelivery(
        **{"kind": "webhook", "name": f"to {destination_id}", "destination": {}, **values},
        destination_id=destination_id,
    )


def make(ledger: Ledger, *deliveries: PlannedDelivery, key: str = "t@1", **values: Any) -> str:
    """A run that was made, with these deliveries (one to "d" if none); its id."""
    run_id = ask(ledger, key, **values)
    build = ledger.claim_build()
    assert build is not None
    assert build.run_id == run_id
    ledger.built(build, Made(versions={"sales": 1}, deliveries=deliveries or (planned(),)))
    return run_id


def claim(ledger: Ledger) -> Claim:
    """The delivery that may go now."""
    taken = ledger.claim_delivery()
    assert taken is not None
    return taken


def only(ledger: Ledger, run_id: str) -> Delivery:
    """The one delivery of a run."""
    (delivery,) = ledger.run(run_id).deliveries
    return delivery


def state_of(ledger: Ledger, run_id: str) -> str:
    return ledger.run(run_id).run.state


def outcomes(ledger: Ledger, run_id: str) -> list[str | None]:
    """How the tries of a run's one delivery ended."""
    (attempts,) = ledger.run(run_id).attempts.values()
    return [attempt.outcome for attempt in attempts]
