"""Runs as lists: by filter, the newest first; what a destination missed; what is past its retention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast
from sqlmodel import Session, col, func, or_, select

from core.model.runs import Artefact, Delivery, Run


@dataclass(frozen=True)
class RunFilter:
    """What is asked for; what is empty asks nothing.

    subjects: ids of exports (or datasets). destinations: their ids or kinds. since (included), until (excluded): by
    creation. text: in the names of run and destinations, and in addresses. only_hidden: what was put away, instead of
    all else. with_addresses: whether the text is looked for beyond the run's own name.
    """

    states: tuple[str, ...] = ()
    subjects: tuple[str, ...] | None = None
    destinations: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    only_hidden: bool = False
    with_tests: bool = True
    with_addresses: bool = True


@dataclass(frozen=True)
class RunRow:
    """A run in a list. bytes: of all its files."""

    run: Run
    deliveries: tuple[Delivery, ...]
    files: int
    bytes: int

    @property
    def delivered(self) -> tuple[int, int]:
        """How many were served, of how many: recipients where they are told apart, else destinations."""
        served = [state == "succeeded" for one in self.deliveries for state in _states(one)]
        return sum(served), len(served)


def find_runs(
    session: Session,
    organisation_id: str,
    asked: RunFilter,
    *,
    limit: int,
    before: tuple[datetime, str] | None = None,
) -> list[RunRow]:
    """The newest runs that fit. before: creation and id of the run behind which to go on."""
    conditions = [col(Run.organisation_id) == organisation_id, *_conditions(asked)]
    if before is not None:
        at, run_id = before
        conditions.append(or_(col(Run.created_at) < at, (col(Run.created_at) == at) & (col(Run.id) < run_id)))
    query = select(Run).where(*conditions).order_by(col(Run.created_at).desc(), col(Run.id).desc())
    return _with_deliveries(session, list(session.exec(query.limit(limit))))


def missed_runs(session: Session, destination_id: str, reason: str, *, since: datetime, limit: int) -> list[str]:
    """Runs of which a destination got nothing because of that reason, the oldest first.

    Of one that was replayed since the replay counts, if that was missed too.
    """
    replayed = select(Run.parent_id).where(col(Run.parent_id).is_not(None))
    query = select(Delivery.run_id).where(
        Delivery.destination_id == destination_id,
        Delivery.state == "ignored",
        Delivery.reason == reason,
        col(Delivery.finished_at) >= since,
        col(Delivery.run_id).not_in(replayed),
    )
    return list(session.exec(query.order_by(col(Delivery.finished_at)).limit(limit)))


def last_bytes(session: Session, subject_id: str) -> int:
    """How much the last run of this subject made."""
    newest = select(Run.id).where(Run.subject_id == subject_id, col(Run.built_at).is_not(None))
    newest = newest.order_by(col(Run.built_at).desc()).limit(1)
    total = select(func.coalesce(func.sum(Artefact.bytes), 0)).where(col(Artefact.run_id).in_(newest))
    return int(session.exec(total).one())


def _states(one: Delivery) -> list[str]:
    return [told["state"] for told in one.recipients.values()] or [one.state]


def _with_deliveries(session: Session, runs: list[Run]) -> list[RunRow]:
    ids = [run.id for run in runs]
    deliveries: dict[str, list[Delivery]] = {run_id: [] for run_id in ids}
    query = select(Delivery).where(col(Delivery.run_id).in_(ids)).order_by(col(Delivery.name), col(Delivery.id))
    for delivery in session.exec(query):
        deliveries[delivery.run_id].append(delivery)
    counted = select(Artefact.run_id, func.count(), func.sum(Artefact.bytes)).where(col(Artefact.run_id).in_(ids))
    files = {run_id: (count, size) for run_id, count, size in session.exec(counted.group_by(Artefact.run_id)).all()}
    return [RunRow(run, tuple(deliveries[run.id]), *files.get(run.id, (0, 0))) for run in runs]


def _conditions(asked: RunFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [col(Run.is_hidden).is_(asked.only_hidden)]
    if asked.states:
        found.append(col(Run.state).in_(asked.states))
    if asked.subjects is not None:
        found.append(col(Run.subject_id).in_(asked.subjects))
    if asked.since is not None:
        found.append(col(Run.created_at) >= asked.since)
    if asked.until is not None:
        found.append(col(Run.created_at) < asked.until)
    if not asked.with_tests:
        found.append(col(Run.is_test).is_(False))
    return [*found, *_of_deliveries(asked)]


def _of_deliveries(asked: RunFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.destinations:
        named = or_(col(Delivery.destination_id).in_(asked.destinations), col(Delivery.kind).in_(asked.destinations))
        found.append(col(Run.id).in_(select(Delivery.run_id).where(named)))
    if text := asked.text.strip():
        shown = (col(Delivery.name), cast(col(Delivery.recipients), String))
        named = or_(*(each.icontains(text, autoescape=True) for each in shown))
        in_run = col(Run.name).icontains(text, autoescape=True)
        in_delivery = col(Run.id).in_(select(Delivery.run_id).where(named))
        found.append(or_(in_run, in_delivery) if asked.with_addresses else in_run)
    return found
