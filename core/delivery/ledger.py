"""The ledger: what was asked for, what is being done, what became of it. Every state changes here, under a fence.

Nothing outside is called within its transactions: claim, then act, then write down the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel import Session, col, or_, update

from core.connectors.base import Receipt, RetryRule
from core.delivery import bundles
from core.delivery.carrier import Carrier, Embedded
from core.delivery.making import add_deliveries, after_build_error, build_of
from core.delivery.outcomes import after_error, after_loss, after_receipt, after_stop, give_up
from core.delivery.people_acts import PeopleActs
from core.delivery.retry import BUILD, MOST_LOST, lease, rule_of
from core.delivery.work import Asked, Build, Claim, Made
from core.errors import Cancelled
from core.model.runs import FINAL, Artefact, Attempt, Delivery, Run, State
from core.store import Store
from core.store.runs import (
    add_all,
    add_event,
    artefacts_of,
    claimed_delivery,
    claimed_run,
    due_build,
    due_deliveries,
    insert_run,
    is_held,
    late_deliveries,
    lost_builds,
    lost_deliveries,
    mark_begun,
    move,
    settle,
    stuck_deliveries,
)
from core.store.stopping import was_stopped
from core.store.together import Together

NO_RULES: Mapping[str, RetryRule] = {}
TAKEN_OVER = "Another worker took this over meanwhile: nothing is sent by this one."


class Ledger(PeopleActs):
    """The ledger of one organisation. Thread-safe; several processes may ask, one sidecar claims.

    rules: how each channel is tried again, by kind.
    """

    def __init__(
        self,
        store: Store,
        organisation_id: str,
        clock: Callable[[], datetime],
        rules: Mapping[str, RetryRule] = NO_RULES,
        carrier: Carrier | None = None,
    ) -> None:
        super().__init__(store, organisation_id, clock, carrier or Embedded())
        self._rules, self._together = rules, Together(store)

    def ask(
        self,
        *,
        subject_id: str,
        name: str,
        definition: Mapping[str, Any],
        trigger_kind: str,
        occurrence_key: str,
        planned_at: datetime,
        subject_kind: Literal["export", "dataset"] = "export",
        trigger_id: str | None = None,
        where: Mapping[str, Any] | None = None,
        by: str | None = None,
        is_test: bool = False,
        parent_id: str | None = None,
        replays: str = "",
        state: State = "planned",
        reason: str = "",
        next_at: datetime | None = None,
        session: Session | None = None,
    ) -> Asked:
        """A run, born once for its occurrence: whoever asks again hears the id of the one there is.

        definition: the specification as it is now, with its `revision`. state: "ignored" with a reason for what is
        written down and never made. next_at: not to be made before. session: a transaction to join.
        """
        now = self._clock()
        run = Run(
            organisation_id=self.organisation_id,
            subject_kind=subject_kind,
            subject_id=subject_id,
            name=name,
            trigger_id=trigger_id,
            trigger_kind=trigger_kind,
            occurrence_key=occurrence_key,
            planned_at=planned_at,
            definition=dict(definition),
            where=dict(where or {}),
            requested_by=by,
            is_test=is_test,
            parent_id=parent_id,
            replays=replays,
            state=state,
            reason=reason,
            next_at=next_at,
            created_at=now,
            finished_at=now if state in FINAL else None,
        )
        if session is not None:
            return self._ask(session, run)
        with self._store.write() as own:
            return self._ask(own, run)

    def _ask(self, session: Session, run: Run) -> Asked:
        row, is_new = insert_run(session, run)
        if is_new:
            add_event(session, row, row.state, at=row.created_at, text=row.reason, person=row.requested_by or "")
        return Asked(row.id, is_new)

    def claim_build(self) -> Build | None:
        """Take the run that has waited longest, to make it."""
        now = self._clock()
        with self._store.write() as session:
            row = due_build(session, self.organisation_id, lost=MOST_LOST - 1, now=now)
            if row is None:
                return None
            changes = {"fence": row.fence + 1, "builds": row.builds + 1, "lease_until": now + lease(BUILD)}
            move(session, row, "running", {**changes, "started_at": row.started_at or now, "next_at": None}, at=now)
            return build_of(row)

    def built(self, build: Build, made: Made) -> None:
        """The run is made: its deliveries wait from now on. Raises Cancelled when another worker took it over."""
        now = self._clock()
        with self._store.write() as session:
            row = self._built_row(session, build)
            add_all(session, made.artefacts)
            if was_stopped(row) and not build.is_test:
                ended = {"built_at": now, "finished_at": now, "lease_until": None, **_found_out(made)}
                move(session, row, "ignored", ended, at=now, text=row.reason)
                return
            text = f"made {len(made.artefacts)} files for {len(made.deliveries)} destinations"
            changes = {"built_at": now, "lease_until": None, "reason": "", **_found_out(made)}
            move(session, row, "planned", changes, at=now, text=text)
            for delivery in add_deliveries(session, row, made.deliveries, now=now):
                self._carrier.enqueue(session, delivery.id)
            settle(session, row.id, at=now)
            bundles.let_go(session, self.organisation_id, now=now)

    def build_failed(self, build: Build, error: BaseException) -> None:
        """The making failed; it is tried again where that can help. Raises Cancelled as `built` does."""
        with self._store.write() as session:
            after_build_error(session, self._built_row(session, build), error, now=self._clock())

    def keep_steps(self, build: Build, steps: Iterable[Mapping[str, Any]]) -> None:
        """What a making that failed had done. Raises Cancelled as `built` does."""
        with self._store.write() as session:
            row = self._built_row(session, build)
            row.steps = [dict(step) for step in steps]
            session.add(row)

    def build_ignored(self, build: Build, reason: str, text: str, made: Made) -> None:
        """The run is not to be sent. made: what was found out until then. Raises Cancelled as `built` does."""
        now = self._clock()
        with self._store.write() as session:
            row = self._built_row(session, build)
            add_all(session, made.artefacts)
            ended = {"built_at": now, "finished_at": now, "lease_until": None, "reason": reason, "note": text}
            move(session, row, "ignored", {**ended, **_found_out(made)}, at=now, text=text or reason)

    def release_build(self, build: Build) -> None:
        """Give a run back unmade, without counting it. Raises Cancelled as `built` does."""
        now = self._clock()
        with self._store.write() as session:
            row = self._built_row(session, build)
            changes = {"builds": row.builds - 1, "next_at": now, "lease_until": None}
            move(session, row, "planned", changes, at=now, text="stopped before it was made")

    def claim_delivery(self, delivery_id: str | None = None) -> Claim | None:
        """Take the delivery that has waited longest (or this one, as a carrier asks), as `claim_deliveries` does."""
        return next(iter(self.claim_deliveries(1, delivery_id)), None)

    def claim_deliveries(self, most: int, delivery_id: str | None = None) -> list[Claim]:
        """Take the deliveries that have waited longest, each to another destination, and write their tries down.

        delivery_id: this one, if it may go. What leaves in one mail with one of them is claimed with it. None while all
        sending is held, and while a delivery or a making that has cost workers has its last chance alone.
        """
        now = self._clock()
        with self._store.write() as session:
            if is_held(session, self.organisation_id):
                return []
            last = MOST_LOST - 1
            rows = due_deliveries(session, self.organisation_id, now=now, lost=last, most=most, delivery_id=delivery_id)
            files: dict[str, tuple[Artefact, ...]] = {}
            for row in rows:
                files[row.run_id] = files.get(row.run_id) or tuple(artefacts_of(session, row.run_id))
            claims: list[Claim] = []
            for row in rows:
                if all(row.destination_id != each.destination_id for claim in claims for each in claim.each):
                    claims.append(self._claimed_with_others(session, row, files[row.run_id], now))
            return claims

    def _claimed_with_others(
        self, session: Session, row: Delivery, files: tuple[Artefact, ...], now: datetime
    ) -> Claim:
        joined = bundles.companions(session, row, files, most_unknowns=MOST_LOST - 1, now=now)
        first = self._claimed(session, row, files, now, joined.changes)
        others = [
            self._claimed(session, other, tuple(artefacts_of(session, other.run_id)), now, joined.changes)
            for other in joined.others
        ]
        return replace(first, others=tuple(others))

    def _claimed(
        self,
        session: Session,
        row: Delivery,
        files: tuple[Artefact, ...],
        now: datetime,
        sealed: Mapping[str, Any],
    ) -> Claim:
        rule = rule_of(self._rules, row.kind)
        first = row.first_attempt_at or now
        deadline_at = row.deadline_at or first + timedelta(seconds=rule.deadline_s)
        changes = {"fence": row.fence + 1, "lease_until": now + lease(rule), "next_at": None}
        changes |= {"first_attempt_at": first, "deadline_at": deadline_at, **sealed}
        move(session, row, "running", changes, at=now)
        add_all(session, [Attempt(delivery_id=row.id, fence=row.fence, started_at=now)])
        settle(session, row.run_id, at=now)
        return self._claim(session, row, files)

    def _claim(self, session: Session, row: Delivery, files: tuple[Artefact, ...]) -> Claim:
        run = session.get_one(Run, row.run_id)
        waiting = (address for address, told in row.recipients.items() if told["state"] in {"planned", "retry"})
        return Claim(
            delivery_id=row.id,
            fence=row.fence,
            run_id=run.id,
            subject_id=run.subject_id,
            occurrence_key=run.occurrence_key,
            at=run.planned_at,
            is_test=run.is_test,
            destination_id=row.destination_id,
            kind=row.kind,
            name=row.name,
            connection_id=row.connection_id,
            destination=row.destination,
            message=row.message,
            recipients=tuple(waiting),
            cursor=row.cursor,
            artefacts=files,
            tries=row.tries,
            lease_until=row.lease_until or self._clock(),
            late=bundles.late_of(row),
        )

    def begun(self, claim: Claim) -> None:
        """The next byte may have an effect. Raises Cancelled when another worker took it over: then nothing is sent."""

        def begin(session: Session) -> None:
            self._sent_rows(session, claim)
            for each in claim.each:
                mark_begun(session, each.delivery_id, each.fence)

        self._together.write(begin)

    def keep(self, claim: Claim, cursor: Mapping[str, Any]) -> None:
        """How far a sending of several steps has come; the claim holds longer by that.

        Raises Cancelled when another worker took it over.
        """
        until = self._clock() + lease(rule_of(self._rules, claim.kind))

        def note_down(session: Session) -> None:
            late = {bundles.LATE: list(claim.late)} if claim.late else {}
            for row in self._sent_rows(session, claim):
                row.cursor, row.lease_until = {**late, **cursor}, until
                session.add(row)

        self._together.write(note_down)

    def sent(self, claim: Claim, receipt: Receipt) -> bool:
        """The channel answered. False when another worker took it over: then only the try's note tells of it."""
        now, rule = self._clock(), rule_of(self._rules, claim.kind)
        note = f"{receipt.outcome}. {receipt.response}"
        return self._ended(claim, lambda session, row: after_receipt(session, row, receipt, rule, now=now), note, now)

    def send_failed(self, claim: Claim, error: BaseException) -> bool:
        """The try failed. False as for `sent`."""
        now, rule = self._clock(), rule_of(self._rules, claim.kind)
        return self._ended(claim, lambda session, row: after_error(session, row, error, rule, now=now), str(error), now)

    def _ended(self, claim: Claim, end: Callable[[Session, Delivery], None], told: str, now: datetime) -> bool:
        """told: what is noted where another worker took it over."""

        def write(session: Session, one: Claim) -> bool:
            row = claimed_delivery(session, one.delivery_id, one.fence)
            if row is None:
                # One that fell before the mail of its bundle left has had its end.
                is_open = or_(col(Attempt.outcome).is_(None), col(Attempt.outcome) == "unknown")
                same = (col(Attempt.delivery_id) == one.delivery_id, col(Attempt.fence) == one.fence, is_open)
                note = f"It ended later: {told} ({now:%Y-%m-%d %H:%M:%S} UTC)"
                session.exec(update(Attempt).where(*same).values(note=note))
                return False
            end(session, row)
            return True

        return all(self._together.write(lambda session: [write(session, one) for one in claim.each]))

    def release(self, claim: Claim) -> bool:
        """Give a delivery back that was not begun; False when something may have been sent."""
        now = self._clock()
        with self._store.write() as session:
            rows = [claimed_delivery(session, each.delivery_id, each.fence) for each in claim.each]
            given_back = [row is not None and after_stop(session, row, now=now) for row in rows]
        return all(given_back)

    def reap(self, *, at_start: bool) -> int:
        """Take back what dead workers held, and give up what has waited too long; how much there was.

        at_start: nobody works yet, so every claim is a dead one's, whatever its lease.
        """
        now = self._clock()
        expired = None if at_start else now
        with self._store.write() as session:
            builds = lost_builds(session, self.organisation_id, now=expired)
            for build in builds:
                self._lose_build(session, build, now)
            lost = lost_deliveries(session, self.organisation_id, now=expired)
            for row in lost:
                after_loss(session, row, now=now)
            late = self._late(session, now)
            for row in late:
                give_up(session, row, now=now)
            bundles.let_go(session, self.organisation_id, now=now)
        return len(builds) + len(lost) + len(late)

    def _late(self, session: Session, now: datetime) -> list[Delivery]:
        """What has tried, or could not even be tried, for as long as tries last. While all is held nothing is late."""
        if is_held(session, self.organisation_id):
            return []
        waited = stuck_deliveries(session, self.organisation_id, now=now)
        return late_deliveries(session, self.organisation_id, now=now) + [
            row for row, since in waited if now >= since + timedelta(seconds=rule_of(self._rules, row.kind).deadline_s)
        ]

    def _lose_build(self, session: Session, row: Run, now: datetime) -> None:
        lost = {"lease_until": None, "losses": row.losses + 1, "builds": row.builds - 1}
        if row.losses + 1 >= MOST_LOST:
            text = f"worker lost {MOST_LOST} times while this was made"
            move(session, row, "failed", {**lost, "reason": text, "finished_at": now}, at=now, text=text)
        else:
            move(session, row, "retry", {**lost, "next_at": now}, at=now, text="worker lost")

    def _built_row(self, session: Session, build: Build) -> Run:
        row = claimed_run(session, build.run_id, build.fence)
        if row is None:
            raise Cancelled(TAKEN_OVER)
        return row

    def _sent_rows(self, session: Session, claim: Claim) -> list[Delivery]:
        found = [claimed_delivery(session, each.delivery_id, each.fence) for each in claim.each]
        rows = [row for row in found if row is not None]
        if len(rows) < len(found):
            raise Cancelled(TAKEN_OVER)
        return rows


def _found_out(made: Made) -> dict[str, Any]:
    return {"versions": dict(made.versions), "steps": [dict(step) for step in made.steps]}
