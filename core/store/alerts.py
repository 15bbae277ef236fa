"""What is told of exports: how far the events were looked through, what fails, and what waits to be told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, col, func, or_, select, update

from core.model.alerts import AlertMark, Notice, Trouble
from core.model.runs import FINAL, OPEN, Attempt, Circuit, Delivery, Run, RunEvent
from core.model.triggers import Trigger
from core.store.triggers import QUEUED

MOST_EVENTS = 500


def mark_of(session: Session, organisation_id: str) -> AlertMark:
    """How far the events were looked through."""
    return session.get(AlertMark, organisation_id) or AlertMark(organisation_id=organisation_id)


def newest_event(session: Session) -> int:
    """The number of the last event."""
    return session.exec(select(func.max(RunEvent.id))).one() or 0


def ends_after(session: Session, organisation_id: str, event_id: int, until: int) -> list[tuple[RunEvent, Run]]:
    """The events by which runs and deliveries ended, in their order. until: the last event to look at.

    What people do with a run that has ended (replay it, put it away, bring it back) is no end of it.
    """
    query = select(RunEvent, Run).join(Run, col(Run.id) == col(RunEvent.run_id))
    of = (Run.organisation_id == organisation_id, col(RunEvent.id) > event_id, col(RunEvent.id) <= until)
    is_end = (col(RunEvent.state).in_(sorted(FINAL)), RunEvent.person == "")
    return list(session.exec(query.where(*of, *is_end).order_by(col(RunEvent.id))))


def last_attempt(session: Session, delivery_id: str) -> Attempt | None:
    """The newest try of a delivery."""
    query = select(Attempt).where(Attempt.delivery_id == delivery_id).order_by(col(Attempt.fence).desc())
    return session.exec(query.limit(1)).first()


def find_trouble(session: Session, export_id: str, destination_id: str, error_class: str) -> Trouble | None:
    """What is known of a destination's failures of one class."""
    query = select(Trouble).where(
        Trouble.export_id == export_id,
        Trouble.destination_id == destination_id,
        Trouble.error_class == error_class,
    )
    return session.exec(query).first()


def open_troubles(
    session: Session, organisation_id: str, export_id: str | None = None, destination_id: str | None = None
) -> list[Trouble]:
    """What fails now, the longest first."""
    query = select(Trouble).where(Trouble.organisation_id == organisation_id, col(Trouble.ended_at).is_(None))
    if export_id is not None:
        query = query.where(Trouble.export_id == export_id, Trouble.destination_id == destination_id)
    return list(session.exec(query.order_by(col(Trouble.since), col(Trouble.id))))


def late_runs(session: Session, organisation_id: str, *, before: datetime) -> list[Run]:
    """Runs of exports that should have ended and have not; those that wait for another one by themselves aside."""
    query = select(Run).where(
        Run.organisation_id == organisation_id,
        Run.subject_kind == "export",
        col(Run.state).in_(sorted(OPEN)),
        col(Run.planned_at) <= before,
        Run.reason != QUEUED,
        col(Run.is_test).is_(False),
    )
    return list(session.exec(query.order_by(col(Run.planned_at))))


def off_circuits(session: Session, organisation_id: str) -> list[tuple[Circuit, datetime]]:
    """Destinations and connections that were switched off, and when, the longest first."""
    query = select(Circuit).where(Circuit.organisation_id == organisation_id, col(Circuit.disabled_at).is_not(None))
    rows = session.exec(query.order_by(col(Circuit.disabled_at), col(Circuit.id)))
    return [(row, row.disabled_at) for row in rows if row.disabled_at is not None]


def stopped_triggers(session: Session, organisation_id: str) -> list[Trigger]:
    """Schedules whose rule cannot be reckoned any more."""
    query = select(Trigger).where(Trigger.organisation_id == organisation_id, Trigger.problem != "")
    return list(session.exec(query.order_by(Trigger.id)))


def name_of_destination(session: Session, destination_id: str) -> tuple[str, str]:
    """Name and kind of a destination, as its last delivery called it."""
    query = select(Delivery.name, Delivery.kind).join(Run, col(Run.id) == col(Delivery.run_id))
    query = query.where(Delivery.destination_id == destination_id).order_by(col(Run.created_at).desc())
    return session.exec(query.limit(1)).first() or ("", "")


def add_notice(session: Session, notice: Notice) -> bool:
    """Keep a piece of news for one recipient, unless they had it before."""
    values = notice.model_dump()
    made = session.exec(insert(Notice).values(values).on_conflict_do_nothing(index_elements=["key", "target_key"]))
    return bool(made.rowcount == 1)


def waiting_notices(session: Session, organisation_id: str) -> list[Notice]:
    """What nobody was told yet, the oldest first."""
    query = select(Notice).where(Notice.organisation_id == organisation_id, col(Notice.told_at).is_(None))
    return list(session.exec(query.order_by(col(Notice.created_at), col(Notice.id))))


def notices_of(session: Session, run_id: str) -> list[Notice]:
    """What a message told."""
    return list(session.exec(select(Notice).where(Notice.run_id == run_id).order_by(col(Notice.created_at))))


def count_messages(session: Session, target_key: str, *, since: datetime) -> int:
    """How many messages went to a recipient since then; cards in the inbox do not count."""
    query = select(func.count(func.distinct(Notice.run_id))).where(
        Notice.target_key == target_key, col(Notice.told_at) > since, Notice.run_id != ""
    )
    return int(session.exec(query).one())


def mark_told(session: Session, ids: Iterable[str], run_id: str, *, now: datetime) -> None:
    """A message takes these along."""
    session.exec(update(Notice).where(col(Notice.id).in_(list(ids))).values(told_at=now, run_id=run_id))


def forget_notices(session: Session, organisation_id: str, *, before: datetime) -> int:
    """Forget what was told long ago."""
    old = delete(Notice).where(col(Notice.organisation_id) == organisation_id, col(Notice.told_at) < before)
    return int(session.exec(old).rowcount)


def forget_troubles(session: Session, organisation_id: str, *, before: datetime) -> int:
    """Forget what has been over for long."""
    old = delete(Trouble).where(col(Trouble.organisation_id) == organisation_id, col(Trouble.ended_at) < before)
    return int(session.exec(old).rowcount)


def tries_by(session: Session, connection_id: str, kind: str, limit: int) -> list[Attempt]:
    """The last tries that ended by a connection, the newest first; also those of its kind that name none."""
    by = or_(Delivery.connection_id == connection_id, col(Delivery.connection_id).is_(None))
    query = select(Attempt).join(Delivery, col(Delivery.id) == col(Attempt.delivery_id))
    query = query.where(Delivery.kind == kind, by, col(Attempt.finished_at).is_not(None), Attempt.outcome != "ignored")
    return list(session.exec(query.order_by(col(Attempt.finished_at).desc()).limit(limit)))
