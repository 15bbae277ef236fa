"""Deliveries that may leave in one mail: those of one bundle that wait, and what is still to come in its slot."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, or_, select, update

from core.model.runs import Delivery, Run
from core.model.triggers import Trigger
from core.store.circuits import blocked_ids, paused_connections
from core.store.runs import WAITING

SEALED = "."
"""Stands in the id of a bundle that has left: nothing joins it any more."""


def held_back(session: Session, organisation_id: str, *, now: datetime) -> list[tuple[Delivery, Run]]:
    """Deliveries that wait for others of their bundle."""
    query = select(Delivery, Run).join(Run, col(Run.id) == col(Delivery.run_id))
    waits = (col(Delivery.state).in_(WAITING), col(Delivery.next_at) > now, col(Delivery.first_attempt_at).is_(None))
    is_open = (col(Delivery.bundle_id) != "", ~col(Delivery.bundle_id).contains(SEALED))
    return list(session.exec(query.where(Run.organisation_id == organisation_id, *waits, *is_open)).all())


def first_made(session: Session, bundle_id: str) -> datetime | None:
    """When the first of a bundle was ready, whether it has left or not; None where there is none."""
    query = select(func.min(Run.built_at)).join(Delivery, col(Delivery.run_id) == col(Run.id))
    own = or_(Delivery.bundle_id == bundle_id, col(Delivery.bundle_id).startswith(f"{bundle_id}{SEALED}"))
    return session.exec(query.where(own)).one()


def leave_now(session: Session, delivery_ids: list[str], *, now: datetime) -> None:
    """Hold these back no longer."""
    same = (col(Delivery.id).in_(delivery_ids), col(Delivery.state).in_(WAITING), col(Delivery.next_at) > now)
    session.exec(update(Delivery).where(*same).values(next_at=now))


def unmade_between(session: Session, organisation_id: str, since: datetime, until: datetime) -> list[Run]:
    """Runs due within these moments that are still to be made, or are being made."""
    due = (col(Run.planned_at) >= since, col(Run.planned_at) < until)
    unmade = (col(Run.state).in_((*WAITING, "running")), col(Run.built_at).is_(None))
    return list(session.exec(select(Run).where(Run.organisation_id == organisation_id, *due, *unmade)))


def due_between(session: Session, organisation_id: str, since: datetime, until: datetime) -> list[Trigger]:
    """Schedules of exports whose next occurrence lies within these moments and is not planned yet."""
    due = (col(Trigger.next_fire_at) >= since, col(Trigger.next_fire_at) < until)
    asked = (Trigger.organisation_id == organisation_id, Trigger.is_active, Trigger.kind == "schedule", *due)
    return list(session.exec(select(Trigger).where(*asked, Trigger.subject_kind == "export")))


def of_bundle(session: Session, bundle_id: str, *, now: datetime) -> list[tuple[Delivery, Run]]:
    """The deliveries of a bundle that could go: destination idle, circuit closed, time not over; the oldest first."""
    busy = select(Delivery.destination_id).where(Delivery.state == "running")
    query = select(Delivery, Run).join(Run, col(Run.id) == col(Delivery.run_id))
    query = query.where(
        Delivery.bundle_id == bundle_id,
        col(Delivery.state).in_(WAITING),
        or_(col(Delivery.deadline_at).is_(None), col(Delivery.deadline_at) > now),
        col(Delivery.destination_id).not_in(busy),
        col(Delivery.destination_id).not_in(blocked_ids(now)),
        or_(col(Delivery.connection_id).is_(None), col(Delivery.connection_id).not_in(paused_connections())),
    )
    return list(session.exec(query.order_by(col(Run.planned_at), col(Run.created_at), col(Delivery.id))).all())
