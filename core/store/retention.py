"""What is past its retention: files of runs first, whole runs later. Never a run that something still leaves."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete
from sqlmodel import Session, col, func, or_, select, update

from core.model.alerts import AlertMark
from core.model.delivery import RETENTION_DAYS
from core.model.runs import FINAL, OPEN, Artefact, Delivery, Run, RunEvent

FAILED_DAYS = 30
"""A failed run that nobody has resolved keeps its files that long, for a retry."""
PICTURE_DAYS = 30
"""Cards of these kinds show pictures by a link, which lives as long as the file."""
PICTURE_KINDS = ("teams",)
RUN_DAYS = 90
"""Runs, with what happened to them; also their keys, by which nothing is started twice."""


def kept_days(session: Session, organisation_id: str) -> list[int]:
    """The retentions that runs with files ask for, in days."""
    query = select(_days()).where(Run.organisation_id == organisation_id, col(Run.pruned_at).is_(None)).distinct()
    return sorted(session.exec(query))


def runs_to_empty(session: Session, organisation_id: str, days: int, *, now: datetime, limit: int) -> list[str]:
    """Runs with that retention whose files are to go, the oldest first."""
    pictured = select(Delivery.run_id).where(col(Delivery.kind).in_(PICTURE_KINDS))
    query = select(Run.id).where(
        *_finished(organisation_id, now - timedelta(days=days)),
        col(Run.pruned_at).is_(None),
        _days() == days,
        or_(Run.state != "failed", col(Run.finished_at) < now - timedelta(days=max(days, FAILED_DAYS))),
        or_(
            col(Run.id).not_in(pictured),
            col(Run.finished_at) < now - timedelta(days=max(days, PICTURE_DAYS)),
        ),
    )
    return list(session.exec(query.order_by(col(Run.finished_at)).limit(limit)))


def empty_runs(session: Session, run_ids: list[str], *, now: datetime) -> None:
    """Forget the files of runs; the runs stay readable."""
    session.exec(delete(Artefact).where(col(Artefact.run_id).in_(run_ids)))
    session.exec(update(Run).where(col(Run.id).in_(run_ids)).values(pruned_at=now))


def runs_to_forget(session: Session, organisation_id: str, *, now: datetime, limit: int) -> list[str]:
    """Runs that are to go altogether, the oldest first."""
    query = select(Run.id).where(
        *_finished(organisation_id, now - timedelta(days=RUN_DAYS)), col(Run.pruned_at).is_not(None)
    )
    return list(session.exec(query.order_by(col(Run.finished_at)).limit(limit)))


def forget_runs(session: Session, run_ids: list[str]) -> None:
    """Forget runs with their deliveries, tries and events.

    Where these were the newest events their numbers are given again: to those that are looked through later.
    """
    session.exec(delete(Run).where(col(Run.id).in_(run_ids)))
    newest = select(func.coalesce(func.max(RunEvent.id), 0)).scalar_subquery()
    session.exec(update(AlertMark).where(col(AlertMark.event_id) > newest).values(event_id=newest))


def known_runs(session: Session, run_ids: list[str]) -> set[str]:
    """Which of these runs there are, with files that are not past their retention."""
    query = select(Run.id).where(col(Run.id).in_(run_ids), col(Run.pruned_at).is_(None))
    return set(session.exec(query))


def _days() -> ColumnElement[int]:
    """How long a run's export keeps its files."""
    return func.coalesce(col(Run.definition)["spec"]["retention_days"].as_integer(), RETENTION_DAYS)


def _finished(organisation_id: str, before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Ended before that moment, and no run under way replays it."""
    replayed = select(Run.parent_id).where(col(Run.state).in_(sorted(OPEN)), col(Run.parent_id).is_not(None))
    return (
        col(Run.organisation_id) == organisation_id,
        col(Run.state).in_(sorted(FINAL)),
        col(Run.finished_at) < before,
        col(Run.id).not_in(replayed),
    )
