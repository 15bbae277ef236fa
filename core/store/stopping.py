"""What waits and is not to go any more: written off, visibly, in the transaction that says why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from core.model.runs import Delivery, Run
from core.store.runs import deliveries_being_sent, move, runs_being_made, settle, unmade_runs, unsent_deliveries

EXPORT_OFF, EXPORT_GONE = "export switched off", "export deleted"


def stop_waiting(session: Session, export_id: str, reason: str, *, now: datetime) -> None:
    """Write off what still waits of an export that was switched off or deleted."""
    for run in unmade_runs(session, export_id):
        move(session, run, "ignored", {"reason": reason, "next_at": None, "finished_at": now}, at=now, text=reason)
    for row in (*runs_being_made(session, export_id), *deliveries_being_sent(session, export_id)):
        row.reason = reason
        session.add(row)
    write_off(session, unsent_deliveries(session, export_id), reason, now=now)


def was_stopped(row: Run | Delivery) -> bool:
    """Whether its export ended while it was being made or sent: then nothing of it is sent, or not once more."""
    return row.reason in (EXPORT_OFF, EXPORT_GONE)


def write_off(session: Session, rows: Iterable[Delivery], reason: str, *, now: datetime) -> None:
    """Deliveries that nobody will send."""
    for row in rows:
        ended = {"reason": reason, "next_at": None, "finished_at": now}
        move(session, row, "ignored", ended, at=now, text=reason)
        settle(session, row.run_id, at=now)
