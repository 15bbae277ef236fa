"""The ledger's rows: runs born once, work claimed under a fence, every arrow between states one conditional update.

Nobody else writes a `state`. Each arrow leaves a `RunEvent` in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, col, func, or_, select, update

from core.errors import NotFound
from core.model.access import Organisation
from core.model.runs import FINAL, OPEN, Artefact, Attempt, Delivery, Run, RunEvent, State
from core.store.circuits import blocked_ids, paused_connections

WAITING = ("planned", "retry")
LOOKED_AT = 4
"""Rows for each delivery that is asked for: several may wait for one destination."""
PATIENCE = timedelta(minutes=1)
"""How long a last chance waits for a moment when nothing else is under way, before it stops others to get one."""


def insert_run(session: Session, run: Run) -> tuple[Run, bool]:
    """Give birth to a run, unless its occurrence has one: the one there is, and whether it is new."""
    values = run.model_dump()
    made = session.exec(insert(Run).values(values).on_conflict_do_nothing(index_elements=["occurrence_key"]))
    return session.exec(select(Run).where(Run.occurrence_key == run.occurrence_key)).one(), made.rowcount == 1


def move(
    session: Session,
    row: Run | Delivery,
    state: str,
    changes: Mapping[str, Any],
    *,
    at: datetime,
    text: str = "",
    person: str = "",
) -> bool:
    """One arrow. False when the row has left the state or the fence that were read: then nothing was changed."""
    table = type(row)
    same = (col(table.id) == row.id, col(table.state) == row.state, col(table.fence) == row.fence)
    if session.exec(update(table).where(*same).values({"state": state, **changes})).rowcount != 1:
        return False
    add_event(session, row, state, at=at, text=text, person=person)
    return True


def add_event(
    session: Session, row: Run | Delivery, state: str, *, at: datetime, text: str = "", person: str = ""
) -> None:
    """Write down what happened to a run, or to one of its deliveries."""
    of = (row.id, None) if isinstance(row, Run) else (row.run_id, row.id)
    told = {"run_id": of[0], "delivery_id": of[1], "at": at, "state": state, "text": text, "person": person}
    session.exec(insert(RunEvent).values(told))


def is_held(session: Session, organisation_id: str) -> bool:
    """Whether a person has stopped all sending."""
    query = select(Organisation.sending_held_at).where(Organisation.id == organisation_id)
    return session.exec(query).first() is not None


def last_chance(lost: int) -> ColumnElement[bool]:
    """Deliveries whose next lost try is their last one: they are sent alone, so that none falls with another one."""
    return col(Delivery.unknowns) >= lost


def last_making(lost: int) -> ColumnElement[bool]:
    """Runs whose next lost making is their last one, alike."""
    return (col(Run.losses) >= lost) & col(Run.built_at).is_(None)


def is_working(session: Session, organisation_id: str) -> bool:
    """Whether anything is being made or sent."""
    sending = select(Delivery.id).where(Delivery.state == "running")
    making = select(Run.id).where(Run.organisation_id == organisation_id, Run.state == "running")
    return session.exec(sending.limit(1)).first() is not None or session.exec(making.limit(1)).first() is not None


def _goes_alone(session: Session, organisation_id: str, *, lost: int, now: datetime) -> bool:
    """Whether a last chance is under way, or has waited too long for a quiet moment: then nothing else begins.

    lost: what has cost so many workers has its last chance.
    """
    own = Run.organisation_id == organisation_id
    if _is_any(
        session,
        select(Delivery.id).where(Delivery.state == "running", last_chance(lost)),
        select(Run.id).where(own, Run.state == "running", last_making(lost)),
    ):
        return True
    since = now - PATIENCE
    waiting = select(Delivery.id).join(Run, col(Run.id) == col(Delivery.run_id))
    return is_working(session, organisation_id) and _is_any(
        session,
        waiting.where(*_may_go(organisation_id, now), last_chance(lost), col(Delivery.next_at) <= since),
        select(Run.id).where(own, col(Run.state).in_(WAITING), last_making(lost), col(Run.next_at) <= since),
    )


def _has_last_chance(session: Session, *, lost: int) -> bool:
    """Whether anything that is not over has cost so many workers: hardly ever, so that all else asks this first.

    By the losses alone, which have an index: by their states all that waits would be looked through.
    """
    deliveries = session.exec(select(Delivery.state).where(last_chance(lost)).distinct()).all()
    runs = session.exec(select(Run.state).where(last_making(lost)).distinct()).all()
    return any(state in OPEN for state in (*deliveries, *runs))


def _is_any(session: Session, *queries: Any) -> bool:
    return any(session.exec(query.limit(1)).first() is not None for query in queries)


def _may_go(organisation_id: str, now: datetime) -> list[ColumnElement[bool]]:
    return [
        col(Run.organisation_id) == organisation_id,
        col(Delivery.state).in_(WAITING),
        col(Delivery.next_at) <= now,
        or_(col(Delivery.deadline_at).is_(None), col(Delivery.deadline_at) > now),
        col(Delivery.destination_id).not_in(blocked_ids(now)),
        or_(col(Delivery.connection_id).is_(None), col(Delivery.connection_id).not_in(paused_connections())),
    ]


def due_build(session: Session, organisation_id: str, *, lost: int, now: datetime) -> Run | None:
    """The run that has waited longest for being made; none while a last chance goes alone.

    lost: as `due_deliveries` takes it.
    """
    has_last = _has_last_chance(session, lost=lost)
    if has_last and _goes_alone(session, organisation_id, lost=lost, now=now):
        return None
    last = last_making(lost)
    asked: list[ColumnElement[bool]] = [
        col(Run.organisation_id) == organisation_id,
        col(Run.state).in_(WAITING),
        col(Run.built_at).is_(None),
        or_(col(Run.next_at).is_(None), col(Run.next_at) <= now),
    ]
    if has_last and is_working(session, organisation_id):
        asked.append(~last)
    order = (last.desc(), col(Run.planned_at), col(Run.created_at), col(Run.id))
    return session.exec(select(Run).where(*asked).order_by(*order).limit(1)).first()


def due_deliveries(
    session: Session,
    organisation_id: str,
    *,
    now: datetime,
    lost: int,
    most: int,
    delivery_id: str | None = None,
) -> list[Delivery]:
    """The deliveries that have waited longest and may go: destination idle, circuit closed, time not over.

    Each to another destination. lost: those that cost so many workers wait until nothing else is under way, then one
    of them comes first, alone; while it goes there are no others. delivery_id: this one or none.
    """
    has_last = _has_last_chance(session, lost=lost)
    if has_last and _goes_alone(session, organisation_id, lost=lost, now=now):
        return []
    busy = select(Delivery.destination_id).where(Delivery.state == "running")
    asked = [*_may_go(organisation_id, now), col(Delivery.destination_id).not_in(busy)]
    last = last_chance(lost)
    if has_last and is_working(session, organisation_id):
        asked.append(~last)
    if delivery_id is not None:
        asked.append(col(Delivery.id) == delivery_id)
    query = select(Delivery).join(Run, col(Run.id) == col(Delivery.run_id)).where(*asked)
    order = (last.desc(), col(Delivery.next_at), col(Run.created_at), col(Delivery.id))
    found = session.exec(query.order_by(*order).limit(LOOKED_AT * most)).all()
    if found and found[0].unknowns >= lost:
        return [found[0]]
    first_of_each = {row.destination_id: row for row in reversed(found)}
    return [row for row in found if first_of_each[row.destination_id] is row][:most]


def get_run(session: Session, organisation_id: str, run_id: str) -> Run:
    """The run with this id. Raises NotFound."""
    row = session.get(Run, run_id)
    if row is None or row.organisation_id != organisation_id:
        raise NotFound(f"There is no run '{run_id}'.")
    return row


def claimed_run(session: Session, run_id: str, fence: int) -> Run | None:
    """A run that is still being made under this fence."""
    query = select(Run).where(Run.id == run_id, Run.fence == fence, Run.state == "running")
    return session.exec(query.where(col(Run.built_at).is_(None))).first()


def claimed_delivery(session: Session, delivery_id: str, fence: int) -> Delivery | None:
    """A delivery that is still being sent under this fence."""
    query = select(Delivery).where(Delivery.id == delivery_id, Delivery.fence == fence, Delivery.state == "running")
    return session.exec(query).first()


def failure_of(session: Session, run_id: str) -> str:
    """Why a run failed in its making, as its history tells it; "" where its deliveries failed."""
    said = select(RunEvent).where(RunEvent.run_id == run_id, col(RunEvent.delivery_id).is_(None))
    failed = said.where(RunEvent.state == "failed", RunEvent.person == "").order_by(col(RunEvent.id).desc())
    event = session.exec(failed).first()
    return event.text if event else ""


def get_attempt(session: Session, delivery_id: str, fence: int) -> Attempt:
    """The try that a claim wrote down."""
    return session.exec(select(Attempt).where(Attempt.delivery_id == delivery_id, Attempt.fence == fence)).one()


def mark_begun(session: Session, delivery_id: str, fence: int) -> None:
    """From now on the try may have had an effect."""
    same = (col(Attempt.delivery_id) == delivery_id, col(Attempt.fence) == fence)
    session.exec(update(Attempt).where(*same).values(has_begun=True))


def lost_builds(session: Session, organisation_id: str, *, now: datetime | None) -> list[Run]:
    """Runs whose maker is gone: the lease has run out, or, without `now`, whatever the lease."""
    query = select(Run).where(
        Run.organisation_id == organisation_id, Run.state == "running", col(Run.built_at).is_(None)
    )
    return list(session.exec(query if now is None else query.where(col(Run.lease_until) <= now)))


def lost_deliveries(session: Session, organisation_id: str, *, now: datetime | None) -> list[Delivery]:
    """Deliveries whose sender is gone, alike."""
    query = select(Delivery).join(Run, col(Run.id) == col(Delivery.run_id))
    query = query.where(Run.organisation_id == organisation_id, Delivery.state == "running")
    return list(session.exec(query if now is None else query.where(col(Delivery.lease_until) <= now)))


def late_deliveries(session: Session, organisation_id: str, *, now: datetime) -> list[Delivery]:
    """Deliveries that wait for another try although their time is over."""
    query = select(Delivery).join(Run, col(Run.id) == col(Delivery.run_id))
    late = (col(Delivery.state).in_(WAITING), col(Delivery.deadline_at) <= now)
    return list(session.exec(query.where(Run.organisation_id == organisation_id, *late)))


def wait_longer(session: Session, organisation_id: str, held: timedelta) -> None:
    """Give what waits for another try the time back that it was held for."""
    query = select(Delivery).join(Run, col(Run.id) == col(Delivery.run_id))
    waiting = (col(Delivery.state).in_(WAITING), col(Delivery.deadline_at).is_not(None))
    for row in session.exec(query.where(Run.organisation_id == organisation_id, *waiting)):
        row.deadline_at = row.deadline_at + held if row.deadline_at else None
        session.add(row)


def stuck_deliveries(session: Session, organisation_id: str, *, now: datetime) -> list[tuple[Delivery, datetime]]:
    """Deliveries that were never tried since nothing may go where they go, and since when they wait."""
    query = select(Delivery, Run).join(Run, col(Run.id) == col(Delivery.run_id))
    blocked = or_(
        col(Delivery.destination_id).in_(blocked_ids(now)), col(Delivery.connection_id).in_(paused_connections())
    )
    never = (col(Delivery.state).in_(WAITING), col(Delivery.first_attempt_at).is_(None), blocked)
    found = session.exec(query.where(Run.organisation_id == organisation_id, *never)).all()
    return [(row, max(at for at in (run.planned_at, run.built_at, row.next_at) if at)) for row, run in found]


def waiting_deliveries(session: Session, destination_id: str) -> list[Delivery]:
    """What is still to go to a destination."""
    query = select(Delivery).where(Delivery.destination_id == destination_id, col(Delivery.state).in_(WAITING))
    return list(session.exec(query))


def unmade_runs(session: Session, subject_id: str) -> list[Run]:
    """Runs of an export that wait to be made."""
    query = select(Run).where(Run.subject_id == subject_id, col(Run.state).in_(WAITING), col(Run.built_at).is_(None))
    return list(session.exec(query))


def runs_being_made(session: Session, subject_id: str) -> list[Run]:
    """Runs of an export of which a worker makes the report now."""
    query = select(Run).where(Run.subject_id == subject_id, Run.state == "running", col(Run.built_at).is_(None))
    return list(session.exec(query))


def unsent_deliveries(session: Session, subject_id: str) -> list[Delivery]:
    """What of an export is still to go."""
    query = select(Delivery).join(Run, col(Run.id) == col(Delivery.run_id))
    return list(session.exec(query.where(Run.subject_id == subject_id, col(Delivery.state).in_(WAITING))))


def deliveries_being_sent(session: Session, subject_id: str) -> list[Delivery]:
    """What of an export a worker sends now."""
    query = select(Delivery).join(Run, col(Run.id) == col(Delivery.run_id))
    return list(session.exec(query.where(Run.subject_id == subject_id, Delivery.state == "running")))


def deliveries_of(session: Session, run_id: str) -> list[Delivery]:
    """The deliveries of a run, by name."""
    query = select(Delivery).where(Delivery.run_id == run_id)
    return list(session.exec(query.order_by(col(Delivery.name), col(Delivery.id))))


def artefacts_of(session: Session, run_id: str) -> list[Artefact]:
    """The files of a run, by name."""
    return list(session.exec(select(Artefact).where(Artefact.run_id == run_id).order_by(col(Artefact.name))))


def find_artefact(session: Session, organisation_id: str, run_id: str, name: str) -> Artefact | None:
    """A file of a run by its name; None when it is not kept."""
    query = select(Artefact).join(Run, col(Run.id) == col(Artefact.run_id))
    return session.exec(
        query.where(Run.organisation_id == organisation_id, Artefact.run_id == run_id, Artefact.name == name)
    ).first()


def find_delivery(session: Session, organisation_id: str, delivery_id: str) -> Delivery | None:
    """A delivery of the organisation by its id."""
    query = select(Delivery).join(Run, col(Run.id) == col(Delivery.run_id))
    return session.exec(query.where(Run.organisation_id == organisation_id, Delivery.id == delivery_id)).first()


def events_of(session: Session, run_id: str) -> list[RunEvent]:
    """What happened to a run, in its order."""
    return list(session.exec(select(RunEvent).where(RunEvent.run_id == run_id).order_by(col(RunEvent.id))))


def attempts_of(session: Session, delivery_ids: Iterable[str]) -> list[Attempt]:
    """The tries of deliveries, in their order."""
    query = select(Attempt).where(col(Attempt.delivery_id).in_(list(delivery_ids)))
    return list(session.exec(query.order_by(col(Attempt.delivery_id), col(Attempt.fence))))


def add_all(session: Session, rows: Sequence[Artefact | Delivery | Attempt]) -> None:
    """Keep new rows."""
    session.add_all(rows)
    session.flush()


def settle(session: Session, run_id: str, *, at: datetime) -> State:
    """Let the state of a run that was made follow its deliveries; the state it has then."""
    counted = select(Delivery.state, func.count()).where(Delivery.run_id == run_id).group_by(Delivery.state)
    state = derived({state for state, _ in session.exec(counted).all()})
    now_in = session.exec(select(Run.state).where(Run.id == run_id)).one()
    if now_in != state:
        ended = {"finished_at": at if state in FINAL else None}
        move(session, session.get_one(Run, run_id), state, ended, at=at)
    return state


def derived(states: set[str]) -> State:
    """The state of a run from those of its deliveries."""
    for state in ("running", "retry", "planned"):
        if state in states:
            return state
    if "failed" in states:
        return "failed"
    return "ignored" if states == {"ignored"} else "succeeded"


def count_open(session: Session, organisation_id: str) -> dict[str, int]:
    """How many runs are in each state that something still leaves."""
    query = select(Run.state, func.count()).where(
        Run.organisation_id == organisation_id, col(Run.state).in_(sorted(OPEN))
    )
    return dict(session.exec(query.group_by(Run.state)).all())


def oldest_due(session: Session, organisation_id: str, *, now: datetime) -> datetime | None:
    """Since when the delivery that has waited longest could have gone, if any waits."""
    query = select(func.min(Delivery.next_at)).join(Run, col(Run.id) == col(Delivery.run_id))
    due = (col(Delivery.state).in_(WAITING), col(Delivery.next_at) <= now)
    return session.exec(query.where(Run.organisation_id == organisation_id, *due)).one()
