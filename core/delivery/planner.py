"""From schedules, and from what datasets publish, to runs. Every beat asks for what is due; the ledger's unique key
makes each occurrence happen once, however many plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from core.access.audit import Subject, record
from core.delivery.attempts import attempted
from core.delivery.catch_up import LeftOut, Plan, plan_due
from core.delivery.ledger import Ledger
from core.delivery.rules import fingerprint, occurrences
from core.delivery.subjects import Started, subject_of
from core.delivery.work import Asked
from core.delivery.zones import ZONE_DATA
from core.errors import DataError, UnknownDataset
from core.model.runs import Run
from core.model.triggers import ScheduleTrigger, Trigger
from core.store import Store
from core.store.runs import add_event
from core.store.triggers import (
    QUEUED,
    due_triggers,
    following_triggers,
    has_queued,
    move_on,
    outdated_triggers,
    release_queued,
    stop_trigger,
    trigger_spec,
    unfinished_runs,
)
from core.warehouse import Version, Warehouse

log = structlog.get_logger(__name__)

A_BATCH = 50
"""So many schedules are planned in one transaction."""
AFTER_THE_OTHER = datetime(9999, 1, 1, tzinfo=UTC)
"""When a run is due that waits for the end of the one before it."""


class Planner:
    """Plans the schedules of one organisation. One thread calls it."""

    def __init__(self, store: Store, ledger: Ledger, warehouse: Warehouse, organisation_id: str) -> None:
        self._store, self._ledger, self._warehouse = store, ledger, warehouse
        self._organisation_id = organisation_id
        self._knows_zones = False

    def beat(self, now: datetime) -> int:
        """Ask for every run that is due; how many there are to be made now."""
        if not self._knows_zones:
            self._reckon_again(now)
            self._knows_zones = True
        with self._store.read() as session:
            due = due_triggers(session, self._organisation_id, now=now)
            following = following_triggers(session, self._organisation_id)
            is_queued = has_queued(session, self._organisation_id)
        planned = sum(self._followed(row, now) for row in following)
        for start in range(0, len(due), A_BATCH):
            judged = [(row, _judged(row, now)) for row in due[start : start + A_BATCH]]
            with self._store.write() as session:
                planned += sum(self._plan(session, *each) for each in judged)
        return planned + (self._release(now) if is_queued else 0)

    def _followed(self, row: Trigger, now: datetime) -> int:
        """One that cannot be followed keeps nobody else from being planned. What the store raises concerns all."""
        match attempted(lambda: self._follow(row, now)):
            case SQLAlchemyError() as error:
                raise error
            case Exception() as error:
                log.error("trigger cannot be followed", trigger=row.id, exc_info=error)
                return 0
            case found:
                return found

    def _follow(self, row: Trigger, now: datetime) -> int:
        """A run with exactly the version that its dataset has published since the last look.

        While a run of it is unfinished the newest version waits; those in between have no run of their own.
        """
        dataset = str(row.rule["dataset"])
        version = self._published(dataset)
        seen = f"v{version.number}@{_stamp(version.published_at)}" if version else ""
        if version is None or row.next_rule == seen:
            return 0
        with self._store.write() as session:
            if row.next_rule and unfinished_runs(session, row.id):
                return 0
            started = subject_of(session, row)
            if not move_on(session, row, None, seen) or not row.next_rule or started is None:
                return 0
            pinned = replace(started, definition={**started.definition, "versions": {dataset: version.number}})
            key = f"{row.id}@{seen}"
            if row.rule["is_paused"]:
                self._run(session, row, pinned, now, key=key, state="ignored", reason="paused")
                return 0
            return int(self._run(session, row, pinned, now, key=key).is_new)

    def _published(self, dataset: str) -> Version | None:
        try:
            return self._warehouse.latest(dataset)
        except UnknownDataset:
            return None
        except (DataError, OSError) as error:
            log.warning("dataset cannot be followed", dataset=dataset, reason=str(error))
            return None

    def _plan(self, session: Session, row: Trigger, judged: tuple[ScheduleTrigger, Plan] | str) -> int:
        """Move one schedule on and write down what becomes of its occurrences; how many runs begin now."""
        if isinstance(judged, str):
            stop_trigger(session, row, judged)
            return 0
        spec, plan = judged
        if not move_on(session, row, plan.next_fire_at, fingerprint(spec)):
            return 0
        started = subject_of(session, row)
        if started is None:
            return 0
        self._write_down(session, row, started, plan.left_out)
        return self._ask(session, row, spec, started, plan.runs)

    def _ask(
        self, session: Session, row: Trigger, spec: ScheduleTrigger, started: Started, moments: Sequence[datetime]
    ) -> int:
        """Ask for runs, but for those that would overlap one before this beat; how many begin now."""
        before = unfinished_runs(session, row.id) if moments and spec.overlap != "allow" else []
        is_one_queued = any(run.reason == QUEUED for run in before)
        begin = 0
        for at in moments:
            if not before:
                begin += self._run(session, row, started, at).is_new
            elif spec.overlap == "queue_one" and not is_one_queued:
                self._run(session, row, started, at, reason=QUEUED, next_at=AFTER_THE_OTHER)
                is_one_queued = True
            else:
                self._run(session, row, started, at, state="ignored", reason="overlap")
        return begin

    def _write_down(self, session: Session, row: Trigger, started: Started, left_out: Sequence[LeftOut]) -> None:
        """Nothing disappears silently: what does not run has a row, many of one reason have one together."""
        for group in left_out:
            for at in () if group.is_one_row else group.moments:
                self._run(session, row, started, at, state="ignored", reason=group.reason)
            if group.is_one_row:
                self._write_down_many(session, row, started, group)

    def _write_down_many(self, session: Session, row: Trigger, started: Started, group: LeftOut) -> None:
        first, last = group.moments[0], group.moments[-1]
        key = f"{_key(row, first)}..{_stamp(last)}"
        asked = self._run(session, row, started, first, key=key, state="ignored", reason=group.reason)
        if asked.is_new:
            count = f"{'more than ' if group.has_more else ''}{len(group.moments)}"
            run = session.get_one(Run, asked.run_id)
            run.note = f"{count} occurrences from {_stamp(first)} to {_stamp(last)}"
            add_event(session, run, "ignored", at=run.created_at, text=run.note)

    def _run(
        self,
        session: Session,
        row: Trigger,
        started: Started,
        at: datetime,
        *,
        key: str = "",
        state: Literal["planned", "ignored"] = "planned",
        reason: str = "",
        next_at: datetime | None = None,
    ) -> Asked:
        return self._ledger.ask(
            subject_kind=started.kind,
            subject_id=started.id,
            name=started.name,
            definition=started.definition,
            trigger_id=row.id,
            trigger_kind=row.kind,
            occurrence_key=key or _key(row, at),
            planned_at=at,
            state=state,
            reason=reason,
            next_at=next_at,
            session=session,
        )

    def _release(self, now: datetime) -> int:
        with self._store.write() as session:
            return release_queued(session, self._organisation_id, now=now)

    def _reckon_again(self, now: datetime) -> None:
        """The rules of zones are other ones than those that moments were reckoned from: reckon them again."""
        with self._store.read() as session:
            rows = outdated_triggers(session, self._organisation_id, ZONE_DATA, now=now)
        for row in rows:
            try:
                spec = schedule_of(row)
                following = next(occurrences(spec, now), None)
            except (DataError, ValidationError) as error:
                log.error("schedule cannot be reckoned again", trigger=row.id, reason=str(error))
                with self._store.write() as session:
                    stop_trigger(session, row, _why(error))
                continue
            with self._store.write() as session:
                is_moved = move_on(session, row, following, fingerprint(spec))
                started = subject_of(session, row)
                if is_moved and started and following != row.next_fire_at:
                    _note(session, row, started, following, now)


def schedule_of(row: Trigger) -> ScheduleTrigger:
    """The rule of a schedule's row. Raises DataError for another kind, ValidationError for no rule at all."""
    spec = trigger_spec(row)
    if not isinstance(spec, ScheduleTrigger):
        raise DataError(f"Trigger '{row.id}' is of kind '{spec.kind}', not a schedule.")
    return spec


def _judged(row: Trigger, now: datetime) -> tuple[ScheduleTrigger, Plan] | str:
    """What becomes of a schedule. One whose rule cannot be reckoned stops, for the reason told; others go on."""
    try:
        spec = schedule_of(row)
        return spec, plan_due(spec, row.next_fire_at or now, now)
    except (DataError, ValidationError) as error:
        log.error("schedule stopped, its rule cannot be reckoned", trigger=row.id, reason=str(error))
        return _why(error)


def _why(error: DataError | ValidationError) -> str:
    """One sentence."""
    if isinstance(error, DataError):
        return str(error)
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ").capitalize() + "."


def _note(session: Session, row: Trigger, started: Started, following: datetime | None, now: datetime) -> None:
    detail = {
        "zones": ZONE_DATA,
        "was": _stamp(row.next_fire_at) if row.next_fire_at else "",
        "is": _stamp(following) if following else "",
    }
    record(session, None, "trigger.moved", Subject("trigger", row.id, started.name), at=now, detail=detail)


def _key(row: Trigger, at: datetime) -> str:
    return f"{row.id}@{_stamp(at)}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
