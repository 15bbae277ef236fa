"""What people do with runs, and what they read of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session

from core.access.audit import Subject, note
from core.delivery import circuits
from core.delivery.carrier import Carrier
from core.delivery.outcomes import DISABLED
from core.errors import Conflict, Gone, NotFound
from core.model.base import new_id
from core.model.runs import FINAL, Artefact, Attempt, Circuit, Delivery, Run, RunEvent
from core.store import Store
from core.store.circuits import find_circuit, keep_circuit, list_circuits
from core.store.run_lists import RunFilter, RunRow, find_runs, last_bytes, missed_runs
from core.store.runs import (
    WAITING,
    add_event,
    artefacts_of,
    attempts_of,
    deliveries_of,
    events_of,
    failure_of,
    get_run,
    insert_run,
    move,
    settle,
)

BY_HAND = "by hand"
AGAIN = "tried again by hand"
Data = Literal["same", "fresh"]
Only = Literal["failed", "all"]
MOST_MISSED = 100


@dataclass(frozen=True)
class RunDetail:
    """All that is known of a run. attempts: by delivery's id, in their order."""

    run: Run
    deliveries: tuple[Delivery, ...]
    attempts: dict[str, list[Attempt]]
    events: tuple[RunEvent, ...]
    artefacts: tuple[Artefact, ...]

    @property
    def whom(self) -> Only:
        """To whom it is replayed, unless somebody says otherwise; also one that was put away after it had failed."""
        return "failed" if any(row.state != "succeeded" for row in self.deliveries) else "all"


class PeopleActs:
    """The people's half of the ledger. Who may do what is asked of `core.access.rights` before."""

    def __init__(self, store: Store, organisation_id: str, clock: Callable[[], datetime], carrier: Carrier) -> None:
        self._store, self._clock, self._carrier = store, clock, carrier
        self.organisation_id = organisation_id

    def runs(
        self, asked: RunFilter | None = None, *, limit: int = 50, before: tuple[datetime, str] | None = None
    ) -> list[RunRow]:
        """Runs by filter, the newest first. before: creation and id of the run behind which to go on."""
        with self._store.read() as session:
            return find_runs(session, self.organisation_id, asked or RunFilter(), limit=limit, before=before)

    def run(self, run_id: str) -> RunDetail:
        """One run. Raises NotFound."""
        with self._store.read() as session:
            row = get_run(session, self.organisation_id, run_id)
            deliveries = deliveries_of(session, run_id)
            tries: dict[str, list[Attempt]] = {delivery.id: [] for delivery in deliveries}
            for attempt in attempts_of(session, tries):
                tries[attempt.delivery_id].append(attempt)
            events, artefacts = events_of(session, run_id), artefacts_of(session, run_id)
            return RunDetail(row, tuple(deliveries), tries, tuple(events), tuple(artefacts))

    def last_bytes(self, subject_id: str) -> int:
        """How much the files of the last run of an export took."""
        with self._store.read() as session:
            return last_bytes(session, subject_id)

    def retry(self, run_id: str, *, by: str | None) -> None:
        """Try a failed run again: the same deliveries, the same bytes, and of recipients only those that failed.

        Raises Conflict when it has not failed or its destinations are switched off, Gone when its files were removed.
        """
        now = self._clock()
        with self._store.write() as session:
            row = self._row(session, run_id)
            if row.state != "failed":
                raise Conflict(f"The run is {row.state}: only a failed one is tried again. Replay it instead.")
            if row.built_at is None:
                fresh = {"builds": 0, "losses": 0, "next_at": now, "finished_at": None, "reason": ""}
                move(session, row, "retry", fresh, at=now, text=AGAIN, person=by or "")
            else:
                self._retry_deliveries(session, row, by or "", now)
            self._note(session, "run.retried", row)

    def _retry_deliveries(self, session: Session, run: Run, by: str, now: datetime) -> None:
        _require_files(run)
        failed = [row for row in deliveries_of(session, run.id) if row.state == "failed"]
        can_go = [row for row in failed if not self._is_off(session, row.destination_id)]
        if not can_go:
            raise Conflict("The destinations that failed are switched off. Switch them on again first.")
        for row in can_go:
            recipients = {
                address: {**told, "state": "retry"} if told["state"] == "failed" else told
                for address, told in row.recipients.items()
            }
            fresh = {"tries": 0, "unknowns": 0, "first_attempt_at": None, "deadline_at": None, "finished_at": None}
            changes = {"next_at": now, "reason": "", "recipients": recipients}
            move(session, row, "retry", {**fresh, **changes}, at=now, text=AGAIN, person=by)
            self._carrier.enqueue(session, row.id)
        settle(session, run.id, at=now)

    def replay(self, run_id: str, *, data: Data, only: Only, by: str | None) -> str:
        """A new run like this one; its id. A planned run is started now instead.

        data: "same" sends the stored files byte for byte, "fresh" makes them again. only: "failed" leaves out whoever
        has it already. Raises Conflict for a run under way, or when everybody has it, and Gone when "same" was removed.
        """
        now = self._clock()
        with self._store.write() as session:
            row = self._row(session, run_id)
            if row.state == "planned" and row.built_at is None:
                self._start(session, row, by or "", now)
                return row.id
            self._require_replayable(session, row, data, only)
            new_run = self._insert_replay(session, row, f"{data}:{only}", by, now)
            add_event(session, row, row.state, at=now, text=f"replayed as {new_run}", person=by or "")
            self._note(session, "run.replayed", row)
            return new_run

    def _require_replayable(self, session: Session, run: Run, data: Data, only: Only) -> None:
        if run.state not in FINAL:
            raise Conflict("The run is still under way. Wait for its end, then replay it.")
        states = {row.state for row in deliveries_of(session, run.id)}
        if only == "failed" and states == {"succeeded"}:
            raise Conflict("Everybody has it already. Replay it to all, if they are to get it again.")
        if data == "same":
            _require_files(run)
            if not states:
                raise Conflict("The run was never made, so there is nothing to send again. Replay it with fresh data.")

    def _insert_replay(self, session: Session, run: Run, replays: str, by: str | None, now: datetime) -> str:
        kept = ("organisation_id", "subject_kind", "subject_id", "name", "definition", "where", "is_test")
        values: dict[str, Any] = {name: getattr(run, name) for name in kept}
        values |= {"planned_at": now, "created_at": now, "occurrence_key": f"replay:{new_id()}"}
        values |= {"trigger_kind": "replay", "requested_by": by, "parent_id": run.id, "replays": replays}
        row, _ = insert_run(session, Run(**values))
        add_event(session, row, row.state, at=now, text=f"replay of {run.id}", person=by or "")
        return row.id

    def start_now(self, run_id: str, *, by: str | None) -> None:
        """Begin at once with what waits for its time. Raises Conflict when nothing waits."""
        now = self._clock()
        with self._store.write() as session:
            self._start(session, self._row(session, run_id), by or "", now)

    def _start(self, session: Session, run: Run, by: str, now: datetime) -> None:
        if run.state not in WAITING:
            raise Conflict(f"The run is {run.state}: there is nothing to start.")
        if run.built_at is None:
            move(session, run, run.state, {"next_at": now}, at=now, text="started by hand", person=by)
        for row in deliveries_of(session, run.id):
            if row.state in WAITING:
                move(session, row, row.state, {"next_at": now}, at=now, text="started by hand", person=by)
                self._carrier.enqueue(session, row.id)
        self._note(session, "run.started", run)

    def ignore(self, run_id: str, text: str, *, by: str | None) -> None:
        """Put a finished run away with a note; a failed one becomes ignored. Raises Conflict while it is under way."""
        now = self._clock()
        with self._store.write() as session:
            row = self._row(session, run_id)
            if row.state not in FINAL:
                raise Conflict("The run is still under way: only a finished one can be put away.")
            away = {"is_hidden": True, "note": text}
            if row.state == "failed":
                move(session, row, "ignored", {**away, "reason": BY_HAND}, at=now, text=text, person=by or "")
            else:
                move(session, row, row.state, away, at=now, text=f"put away. {text}", person=by or "")
            self._note(session, "run.ignored", row)

    def restore(self, run_id: str, *, by: str | None) -> None:
        """Bring back what was put away; it is again what it was."""
        now = self._clock()
        with self._store.write() as session:
            row = self._row(session, run_id)
            if not row.is_hidden:
                return
            was_failed = row.state == "ignored" and row.reason == BY_HAND
            reason = failure_of(session, run_id) if was_failed else row.reason
            back = {"is_hidden": False, "note": "", "reason": reason}
            state = "failed" if was_failed else row.state
            move(session, row, state, back, at=now, text="brought back", person=by or "")
            self._note(session, "run.restored", row)

    def circuits(self) -> list[Circuit]:
        """How each destination and connection fares that anything was sent to."""
        with self._store.read() as session:
            return list_circuits(session, self.organisation_id)

    def switch_on(self, circuit_id: str) -> list[str]:
        """Send again to a destination, or by a connection, that was switched off.

        Returns the ids of the runs it missed meanwhile, at most 100. Raises NotFound.
        """
        with self._store.write() as session:
            row = find_circuit(session, self.organisation_id, circuit_id)
            if row is None:
                raise NotFound(f"Nothing is known of a destination '{circuit_id}'.")
            since = row.disabled_at
            circuits.switch_on(row)
            keep_circuit(session, row)
            if since is None:
                return []
            note(session, "destination.switched_on", Subject("destination", circuit_id), at=self._clock())
            return missed_runs(session, circuit_id, DISABLED, since=since, limit=MOST_MISSED)

    def _is_off(self, session: Session, destination_id: str) -> bool:
        row = find_circuit(session, self.organisation_id, destination_id)
        return row is not None and row.disabled_at is not None

    def _row(self, session: Session, run_id: str) -> Run:
        return get_run(session, self.organisation_id, run_id)

    def _note(self, session: Session, act: str, run: Run) -> None:
        note(session, act, Subject("run", run.id, run.name), at=self._clock())


def _require_files(run: Run) -> None:
    if run.pruned_at is not None:
        raise Gone(
            f"The files of this run were removed on {run.pruned_at:%Y-%m-%d}, at the end of their retention. "
            "Replay it with fresh data."
        )
