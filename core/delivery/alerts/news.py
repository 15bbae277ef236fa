"""From what happened to runs to what is told: each event is looked at once, in the transaction that says so.

A destination (or the making of an export) that fails by one class of errors is one trouble. It is told at its first
final failure, once a day while it lasts, and once when it is over; one that comes back soon waits before it is told
again, so that what flaps does not flood anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from sqlmodel import Session

from core.delivery.alerts.mailer import mail_connection
from core.delivery.alerts.outbox import ALERT, Outbox
from core.delivery.alerts.recipients import Everybody, everybody, listeners, target_key
from core.model.access import Person
from core.model.alerts import AlertKind, AlertTarget, Notice, Trouble
from core.model.connections import Connection
from core.model.data import Dataset
from core.model.delivery import Export, ExportSpec
from core.model.runs import Circuit, Delivery, Run, RunEvent, refreshed_dataset
from core.model.triggers import Trigger
from core.report.alert_mail import News
from core.store.alerts import (
    MOST_EVENTS,
    add_notice,
    ends_after,
    find_trouble,
    last_attempt,
    late_runs,
    mark_of,
    name_of_destination,
    newest_event,
    off_circuits,
    open_troubles,
    stopped_triggers,
)
from core.store.exports import export_spec
from core.store.people import first_owner
from core.store.runs import is_held
from core.store.triggers import following_triggers

DIGEST_AFTER = timedelta(days=1)
AGAIN_AFTER = timedelta(hours=1)
"""What fails anew is told no sooner after it was said to be over."""
LATE_AFTER = timedelta(minutes=30)
"""A run that has not ended so long after its time is late."""
MAKING = "making"
"""The class of failures by which a run was never made."""
REFRESH = "dataset:"
"""Where an export fails that was not asked for, since the refresh of this dataset failed."""
EMPTY = frozenset({"no data", "no rows"})
MADE = frozenset({"condition not met", "unchanged"})
"""Reasons of ignored runs that could be made."""
TOLD = "disabled"
MOST_MOMENTS = 5


@dataclass(frozen=True)
class Gathering:
    """One look at what happened. pages: what the addresses of pages begin with."""

    session: Session
    organisation_id: str
    pages: str
    outbox: Outbox
    now: datetime

    @cached_property
    def everybody(self) -> Everybody:
        """Who can be told."""
        return everybody(self.session, self.organisation_id)

    @cached_property
    def failing(self) -> set[str]:
        """Ids of exports with something that fails: of all others nothing can be over."""
        return {trouble.export_id for trouble in open_troubles(self.session, self.organisation_id)}

    @cached_property
    def specs(self) -> dict[str, ExportSpec]:
        """The specifications that were read."""
        return {}

    def look(self) -> None:
        """Write down what is to be told."""
        mark = mark_of(self.session, self.organisation_id)
        until = min(newest_event(self.session), mark.event_id + MOST_EVENTS)
        missed: dict[str, list[Run]] = {}
        for event, run in ends_after(self.session, self.organisation_id, mark.event_id, until):
            if run.subject_kind == ALERT and event.state != "succeeded" and event.delivery_id:
                self._alert_failed(run, event.delivery_id)
            if (dataset := refreshed_dataset(run)) is not None:
                self._refresh_ended(dataset, run, event)
            export = self.session.get(Export, run.subject_id) if run.subject_kind == "export" else None
            if export is None or run.is_test:
                continue
            if event.state == "ignored" and run.reason == "missed":
                missed.setdefault(export.id, []).append(run)
            elif event.delivery_id is not None and event.state == "succeeded" and export.id not in self.failing:
                continue
            elif event.delivery_id is not None:
                self._delivery_ended(export, run, event, self.session.get_one(Delivery, event.delivery_id))
            else:
                self._run_ended(export, run, event)
        mark.event_id = until
        self.session.add(mark)
        for export_id, runs in missed.items():
            self._missed(self.session.get_one(Export, export_id), runs)
        self._tell_troubles()
        if not is_held(self.session, self.organisation_id):
            self._tell_late(late_runs(self.session, self.organisation_id, before=self.now - LATE_AFTER))
        self._tell_switched_off()
        self._tell_stopped()

    def _alert_failed(self, run: Run, delivery_id: str) -> None:
        """No alert about an alert: who should have had it finds it in the inbox."""
        row = self.session.get_one(Delivery, delivery_id)
        self.outbox.put_into_inbox(self.session, run, row.id, row.destination_id, self.now)

    def _delivery_ended(self, export: Export, run: Run, event: RunEvent, row: Delivery) -> None:
        if event.state == "failed":
            attempt = last_attempt(self.session, row.id)
            trouble = self._trouble(export, row.destination_id, (attempt.error_class if attempt else "") or "refused")
            trouble.kind, trouble.name, trouble.text = row.kind, row.name, row.reason or event.text
            trouble.tried, trouble.channel = row.fence, self._channel(row)
            self._fails(trouble, run, event.at)
        elif event.state == "succeeded":
            self._over(export, run, row.destination_id)

    def _run_ended(self, export: Export, run: Run, event: RunEvent) -> None:
        if event.state == "failed" and run.built_at is None:
            self._not_made(export, "", run, event)
        elif event.state != "ignored" or run.reason in MADE:
            self._over(export, run, "")
        if event.state == "succeeded":
            self._tell(
                export, ("succeeded",), f"succeeded:{run.id}", News("succeeded", export.name, link=self._run(run))
            )
        if event.state == "ignored" and run.reason in EMPTY:
            news = News("empty", export.name, text=run.note or run.reason, link=self._run(run))
            self._tell(export, ("empty",), f"empty:{run.id}", news)
        if run.finished_at and event.state != "ignored" and run.finished_at - run.planned_at > LATE_AFTER:
            self._tell_late([run])

    def _refresh_ended(self, dataset: str, run: Run, event: RunEvent) -> None:
        """What follows a dataset is not even asked for while its refresh fails."""
        for export in self._following(dataset):
            if event.state == "failed":
                self._not_made(export, f"{REFRESH}{dataset}", run, event)
            elif event.state == "succeeded":
                self._over(export, run, f"{REFRESH}{dataset}")

    def _following(self, dataset: str) -> list[Export]:
        """The exports that run when a dataset was refreshed, each once."""
        rows = following_triggers(self.session, self.organisation_id)
        ids = {row.subject_id for row in rows if row.rule["dataset"] == dataset and not row.rule["is_paused"]}
        return [export for id_ in sorted(ids) if (export := self.session.get(Export, id_)) is not None]

    def _not_made(self, export: Export, place: str, run: Run, event: RunEvent) -> None:
        trouble = self._trouble(export, place, MAKING)
        trouble.text, trouble.name = event.text or run.reason, export.name
        self._fails(trouble, run, event.at)

    def _missed(self, export: Export, runs: list[Run]) -> None:
        moments = [run.note or f"{run.planned_at:%Y-%m-%d %H:%M} UTC" for run in runs]
        more = f", +{len(moments) - MOST_MOMENTS}" if len(moments) > MOST_MOMENTS else ""
        found = News("missed", export.name, text=", ".join(moments[:MOST_MOMENTS]) + more, link=self._run(runs[-1]))
        self._tell(export, ("failed", "late"), f"missed:{runs[0].id}", found)

    def _trouble(self, export: Export, destination_id: str, error_class: str) -> Trouble:
        found = find_trouble(self.session, export.id, destination_id, error_class)
        return found or Trouble(
            organisation_id=self.organisation_id,
            export_id=export.id,
            destination_id=destination_id,
            error_class=error_class,
            run_id="",
            since=self.now,
            last_at=self.now,
        )

    def _fails(self, trouble: Trouble, run: Run, at: datetime) -> None:
        if trouble.ended_at is not None:
            trouble.ended_at, trouble.since, trouble.failures = None, at, 0
        trouble.failures += 1
        trouble.run_id, trouble.last_at = run.id, at
        self.failing.add(trouble.export_id)
        self.session.add(trouble)
        self.session.flush()

    def _over(self, export: Export, run: Run, destination_id: str) -> None:
        if export.id not in self.failing:
            return
        for trouble in open_troubles(self.session, self.organisation_id, export.id, destination_id):
            trouble.ended_at = self.now
            if _was_told(trouble):
                trouble.recovered_at = self.now
                what = "recovered" if trouble.kind else "made_again"
                news = News(what, export.name, trouble.name, link=self._run(run))  # type: ignore[arg-type]
                self._tell(export, ("recovered",), f"recovered:{trouble.id}:{self.now.isoformat()}", news)
            self.session.add(trouble)

    def _tell_troubles(self) -> None:
        for trouble in open_troubles(self.session, self.organisation_id):
            export = self.session.get(Export, trouble.export_id)
            if export is None:
                self.session.delete(trouble)
            elif is_due(trouble, self.now):
                self._tell_trouble(export, trouble)

    def _tell_trouble(self, export: Export, trouble: Trouble) -> None:
        lasts = _was_told(trouble)
        what = ("failing" if lasts else "failed") if trouble.kind else ("unmade_still" if lasts else "unmade")
        news = News(
            what,  # type: ignore[arg-type]
            export.name,
            trouble.name,
            trouble.text,
            tried=trouble.tried,
            count=trouble.failures,
            at=trouble.last_at,
            since=trouble.since,
            link=f"{self.pages}/Runs?run={trouble.run_id}",
        )
        key = f"failed:{trouble.id}:{self.now.isoformat()}"
        self._tell(export, ("failed",), key, news, channel=trouble.channel)
        trouble.told_at, trouble.failures = self.now, 0
        self.session.add(trouble)

    def _tell_late(self, runs: Iterable[Run]) -> None:
        for run in runs:
            export = self.session.get(Export, run.subject_id)
            if export is not None:
                news = News("late", export.name, text=run.reason, at=run.planned_at, link=self._run(run))
                self._tell(export, ("late",), f"late:{run.id}", news)

    def _tell_switched_off(self) -> None:
        """Each time a destination or a connection is switched off, once."""
        for circuit, since in off_circuits(self.session, self.organisation_id):
            at = since.isoformat()
            if circuit.told.get(TOLD) != at:
                circuit.told = {**circuit.told, TOLD: at}
                self.session.add(circuit)
                self._tell_off(circuit, f"disabled:{circuit.id}:{at}")

    def _tell_off(self, circuit: Circuit, key: str) -> None:
        export, connection = self.session.get(Export, circuit.export_id), self.session.get(Connection, circuit.id)
        if export is not None:
            name, _ = name_of_destination(self.session, circuit.id)
            news = News("disabled", export.name, name, circuit.disabled_reason, link=f"{self.pages}/Runs")
            self._tell(export, ("disabled",), key, news)
        elif connection is not None:
            news = News("connection", "", connection.name, circuit.disabled_reason, link=f"{self.pages}/Connections")
            keeper = self.session.get(Person, connection.created_by)
            who = keeper if keeper and keeper.left_at is None else first_owner(self.session, self.organisation_id)
            self._keep(AlertTarget(person=who.id), key, news, connection.id, channel=connection.id)

    def _tell_stopped(self) -> None:
        for trigger in stopped_triggers(self.session, self.organisation_id):
            for export in self._stopped(trigger):
                link = f"{self.pages}/Exports?export={export.id}"
                news = News("stopped", export.name, text=trigger.problem, link=link)
                self._tell(export, ("failed",), f"stopped:{trigger.id}:{trigger.rule_revision}:{export.id}", news)

    def _stopped(self, trigger: Trigger) -> list[Export]:
        """What a schedule no longer starts: an export, or those that follow the dataset which it refreshed."""
        if trigger.subject_kind == "dataset":
            dataset = self.session.get(Dataset, trigger.subject_id)
            return self._following(dataset.slug) if dataset is not None else []
        export = self.session.get(Export, trigger.subject_id)
        return [export] if export is not None else []

    def _tell(self, export: Export, kinds: tuple[AlertKind, ...], key: str, news: News, *, channel: str = "") -> None:
        """A notice for everybody who hears of one of these kinds."""
        spec = self.specs.get(export.id) or self.specs.setdefault(export.id, export_spec(export))
        heard = [target for kind in kinds for target in listeners(self.everybody, spec, kind, export.created_by)]
        for target in {target_key(one): one for one in heard}.values():
            self._keep(target, key, news, export.id, channel=channel, locale=spec.content.locale)

    def _keep(
        self, target: AlertTarget, key: str, news: News, subject_id: str, *, channel: str, locale: str = "en"
    ) -> None:
        notice = Notice(
            organisation_id=self.organisation_id,
            export_id=subject_id,
            key=key,
            target_key=target_key(target),
            target=target.model_dump(),
            about=news.as_json(),
            locale=locale,
            channel=channel,
            created_at=self.now,
        )
        add_notice(self.session, notice)

    def _channel(self, row: Delivery) -> str:
        """The connection that failed; "" where it answered, and refused recipients alone."""
        if any(told.get("answer") for told in row.recipients.values()):
            return ""
        if row.connection_id is None and row.kind == "email":
            mail = mail_connection(self.session, self.organisation_id)
            return mail.id if mail else ""
        return row.connection_id or ""

    def _run(self, run: Run) -> str:
        return f"{self.pages}/Runs?run={run.id}"


def is_due(trouble: Trouble, now: datetime) -> bool:
    """Whether something that fails is to be told now."""
    if trouble.told_at is None:
        return True
    if not _was_told(trouble):
        return trouble.recovered_at is None or now >= trouble.recovered_at + AGAIN_AFTER
    return trouble.failures > 0 and now >= trouble.told_at + DIGEST_AFTER


def _was_told(trouble: Trouble) -> bool:
    """Whether the last that people heard is that it fails."""
    return trouble.told_at is not None and (trouble.recovered_at is None or trouble.recovered_at < trouble.told_at)
