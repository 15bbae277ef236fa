"""Triggers, and what of the ledger decides whether one may start another run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from core.errors import NotFound
from core.model.runs import Run
from core.model.triggers import Trigger, TriggerSpec

QUEUED = "overlap"
"""Why a planned run waits: for the end of the one before it."""
_SPECS: TypeAdapter[TriggerSpec] = TypeAdapter(TriggerSpec)
_LAST_SIGN = "\U0010ffff"


def trigger_spec(row: Trigger) -> TriggerSpec:
    """The specification that the row holds."""
    return _SPECS.validate_python(row.rule)


def list_triggers(session: Session, organisation_id: str, subject_id: str) -> list[Trigger]:
    """The triggers of an export or a dataset, the oldest first."""
    query = select(Trigger).where(Trigger.organisation_id == organisation_id, Trigger.subject_id == subject_id)
    return list(session.exec(query.order_by(col(Trigger.created_at), col(Trigger.id))))


def get_trigger(session: Session, organisation_id: str, subject_id: str, trigger_id: str, *, kind: str) -> Trigger:
    """One trigger of an export or a dataset. Raises NotFound, also when it is of another kind."""
    row = session.get(Trigger, trigger_id)
    if row is None or (row.organisation_id, row.subject_id, row.kind) != (organisation_id, subject_id, kind):
        raise NotFound(f"There is no trigger '{trigger_id}' of kind '{kind}' there.")
    return row


def find_trigger(session: Session, organisation_id: str, public_id: str) -> Trigger | None:
    """The trigger that a URL names, or None."""
    query = select(Trigger).where(Trigger.organisation_id == organisation_id, Trigger.public_id == public_id)
    return session.exec(query).first()


def save_triggers(session: Session, rows: Iterable[Trigger], dropped: Iterable[Trigger] = ()) -> None:
    """Keep rows, forget others."""
    session.add_all(rows)
    for row in dropped:
        session.delete(row)
    session.flush()


def due_triggers(session: Session, organisation_id: str, *, now: datetime) -> list[Trigger]:
    """Schedules with an occurrence that is due, the one that is due longest first."""
    due = (Trigger.is_active, Trigger.kind == "schedule", col(Trigger.next_fire_at) <= now)
    query = select(Trigger).where(Trigger.organisation_id == organisation_id, *due)
    return list(session.exec(query.order_by(col(Trigger.next_fire_at), col(Trigger.id))))


def following_triggers(session: Session, organisation_id: str) -> list[Trigger]:
    """Triggers that wait for a dataset to be published."""
    query = select(Trigger).where(Trigger.organisation_id == organisation_id, Trigger.is_active)
    return list(session.exec(query.where(Trigger.kind == "dataset").order_by(Trigger.id)))


def outdated_triggers(session: Session, organisation_id: str, version: str, *, now: datetime) -> list[Trigger]:
    """Schedules whose next moment is to come and was reckoned from other rules of the zones than these."""
    other = (col(Trigger.next_rule).not_like(f"%@{version}"), col(Trigger.next_fire_at) > now)
    query = select(Trigger).where(Trigger.organisation_id == organisation_id, Trigger.is_active, *other)
    return list(session.exec(query.where(Trigger.kind == "schedule")))


def move_on(session: Session, row: Trigger, next_fire_at: datetime | None, next_rule: str) -> bool:
    """Say when a schedule is due next. False when somebody else did so, or changed its rule, since it was read."""
    same = (
        col(Trigger.id) == row.id,
        col(Trigger.rule_revision) == row.rule_revision,
        col(Trigger.is_active),
        col(Trigger.next_fire_at) == row.next_fire_at,
    )
    changed = update(Trigger).where(*same).values(next_fire_at=next_fire_at, next_rule=next_rule)
    return bool(session.exec(changed).rowcount == 1)


def stop_trigger(session: Session, row: Trigger, problem: str) -> None:
    """Let a schedule rest whose rule cannot be reckoned, until it is saved anew; unless it was changed since."""
    same = (col(Trigger.id) == row.id, col(Trigger.rule_revision) == row.rule_revision)
    session.exec(update(Trigger).where(*same).values(next_fire_at=None, next_rule="", problem=problem))


def was_used(session: Session, trigger_id: str, *, at: datetime) -> None:
    """Remember when a URL was called last."""
    session.exec(update(Trigger).where(col(Trigger.id) == trigger_id).values(last_used_at=at))


def unfinished_runs(session: Session, trigger_id: str) -> list[Run]:
    """Runs of a trigger that the next one would overlap: asked for, being made or being sent, the oldest first.

    Those that are made and wait do not count: neither a receiver that is away nor a hold of all sending keeps the next
    report from being made.
    """
    query = select(Run).where(Run.trigger_id == trigger_id, _is_unfinished())
    return list(session.exec(query.order_by(col(Run.planned_at), col(Run.id))))


def has_queued(session: Session, organisation_id: str) -> bool:
    """Whether a planned run waits for the end of the one before it."""
    return session.exec(_queued(organisation_id).limit(1)).first() is not None


def release_queued(session: Session, organisation_id: str, *, now: datetime) -> int:
    """Let planned runs go that waited for the end of the one before them; how many."""
    ready = [run.id for run in session.exec(_queued(organisation_id)) if _is_first(session, run)]
    if ready:
        session.exec(update(Run).where(col(Run.id).in_(ready)).values(next_at=now, reason=""))
    return len(ready)


def newest_run(session: Session, prefix: str, *, now: datetime) -> Run | None:
    """The run with the last occurrence key that begins so. Those of before the clock was set back do not count."""
    key = col(Run.occurrence_key)
    query = select(Run).where(key >= prefix, key < prefix + _LAST_SIGN, Run.created_at <= now)
    return session.exec(query.order_by(key.desc())).first()


def run_of(session: Session, occurrence_key: str) -> Run | None:
    """The run of an occurrence."""
    return session.exec(select(Run).where(Run.occurrence_key == occurrence_key)).first()


def count_planned(session: Session, trigger_id: str) -> int:
    """How many runs of a trigger nobody has begun."""
    query = select(func.count()).where(Run.trigger_id == trigger_id, Run.state == "planned", _is_waiting())
    return session.exec(query).one()


def delete_triggers(session: Session, organisation_id: str, subject_id: str) -> None:
    """Forget the triggers of what is gone. Their runs stay."""
    save_triggers(session, (), list_triggers(session, organisation_id, subject_id))


def in_order(rows: Sequence[Trigger], specs: Sequence[TriggerSpec]) -> list[Trigger]:
    """The rows in the order in which the specification names them."""
    by_id = {row.id: row for row in rows}
    return [by_id[spec.id] for spec in specs if spec.id in by_id]


def _queued(organisation_id: str) -> SelectOfScalar[Run]:
    return select(Run).where(
        Run.organisation_id == organisation_id, Run.state == "planned", Run.reason == QUEUED, _is_waiting()
    )


def _is_waiting() -> ColumnElement[bool]:
    return col(Run.built_at).is_(None)


def _is_unfinished() -> ColumnElement[bool]:
    return or_(Run.state == "running", and_(col(Run.state).in_(("planned", "retry")), _is_waiting()))


def _is_first(session: Session, run: Run) -> bool:
    return run.trigger_id is None or unfinished_runs(session, run.trigger_id)[0].id == run.id
