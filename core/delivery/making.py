"""What follows the making of a run: its deliveries, or its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from core.delivery.alerts.mailer import mail_connection
from core.delivery.artefacts import DiskFull
from core.delivery.bundles import bundle_of, leaves_at
from core.delivery.outcomes import DISABLED
from core.delivery.retry import BUILD, is_permanent, next_try, sentence
from core.delivery.work import Build, PlannedDelivery
from core.model.runs import FINAL, Circuit, Delivery, Run
from core.store.runs import add_all, add_event, move
from core.store.stopping import was_stopped

DISK_WAIT = timedelta(minutes=5)


def build_of(row: Run) -> Build:
    """What a maker is told of a run."""
    return Build(
        run_id=row.id,
        fence=row.fence,
        builds=row.builds,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        name=row.name,
        trigger_id=row.trigger_id,
        trigger_kind=row.trigger_kind,
        occurrence_key=row.occurrence_key,
        planned_at=row.planned_at,
        definition=row.definition,
        where=row.where,
        is_test=row.is_test,
        requested_by=row.requested_by,
        parent_id=row.parent_id,
        replays=row.replays,
    )


def add_deliveries(session: Session, run: Run, planned: Iterable[PlannedDelivery], *, now: datetime) -> list[Delivery]:
    """Keep the deliveries of a run; those that may go. A destination that is switched off is passed over, visibly."""
    wanted = [_addressed(session, run, each) for each in planned]
    off = _switched_off(session, [each.destination_id for each in wanted])
    rows = [_delivery(session, run, each, is_off=each.destination_id in off, now=now) for each in wanted]
    add_all(session, rows)
    for row in rows:
        add_event(session, row, row.state, at=now, text=row.reason)
    return [row for row in rows if row.state == "planned"]


def after_build_error(session: Session, row: Run, error: BaseException, *, now: datetime) -> None:
    """The making failed: later again, or for good. While the disk is full it waits, and no try is counted."""
    text = sentence(error)
    if was_stopped(row) and not row.is_test:
        move(session, row, "ignored", {"lease_until": None, "finished_at": now}, at=now, text=text)
        return
    if isinstance(error, DiskFull):
        waits = {"reason": text, "lease_until": None, "losses": 0, "next_at": now + DISK_WAIT, "builds": row.builds - 1}
        move(session, row, "retry", waits, at=now, text=text)
        return
    at = None if is_permanent(error) else next_try(BUILD, row.builds, now=now, deadline_at=None, key=row.id)
    if at is None:
        move(session, row, "failed", {"reason": text, "lease_until": None, "finished_at": now}, at=now, text=text)
    else:
        again = {"reason": text, "lease_until": None, "losses": 0, "next_at": at}
        move(session, row, "retry", again, at=now, text=text)


def _addressed(session: Session, run: Run, planned: PlannedDelivery) -> PlannedDelivery:
    """A mail that names no connection goes by the default one: named here, so that a refused sign-in holds it too."""
    if planned.kind != "email" or planned.connection_id is not None:
        return planned
    mail = mail_connection(session, run.organisation_id)
    return replace(planned, connection_id=mail.id if mail else None)


def _switched_off(session: Session, destination_ids: list[str]) -> set[str]:
    query = select(Circuit.id).where(col(Circuit.id).in_(destination_ids), col(Circuit.disabled_at).is_not(None))
    return set(session.exec(query))


def _delivery(session: Session, run: Run, planned: PlannedDelivery, *, is_off: bool, now: datetime) -> Delivery:
    is_passed_over = is_off and planned.state == "planned"
    state = "ignored" if is_passed_over else planned.state
    bundle_id = bundle_of(session, run, planned.destination, planned.recipients, planned.connection_id)
    return Delivery(
        run_id=run.id,
        destination_id=planned.destination_id,
        bundle_id=bundle_id,
        kind=planned.kind,
        name=planned.name,
        connection_id=planned.connection_id,
        destination=dict(planned.destination),
        message=planned.message,
        state=state,
        reason=DISABLED if is_passed_over else planned.reason,
        next_at=leaves_at(session, bundle_id, now=now) if state == "planned" else None,
        finished_at=now if state in FINAL else None,
        recipients={address: {"state": planned.state, "answer": ""} for address in planned.recipients},
        cursor={},
    )
