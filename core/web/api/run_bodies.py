"""What the API answers of runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from core.delivery.people_acts import RunDetail
from core.model.runs import Attempt, Delivery, Run, State, refreshed_dataset
from core.store.run_lists import RunRow


class DeliveryRow(BaseModel):
    """A delivery in a list."""

    id: str
    destination: str
    kind: str
    state: State


class RunFacts(BaseModel):
    """What is told of a run wherever it is told. `late_s`: how long after its time it began; null before it has.

    `export`: id of what ran; null where `dataset` (its slug) was refreshed, which sends nothing.
    """

    id: str
    export: str | None
    dataset: str | None
    name: str
    state: State
    reason: str
    note: str
    hidden: bool
    test: bool
    trigger: str
    created_at: datetime
    planned_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    late_s: float | None
    data_version: dict[str, int]
    parent_id: str | None


class RunAnswer(RunFacts):
    """A run in a list. `state` follows its deliveries."""

    files: int
    bytes: int
    delivered: tuple[int, int]
    deliveries: list[DeliveryRow]


class AttemptAnswer(BaseModel):
    """One try. `outcome` null: under way."""

    at: datetime
    outcome: Literal["succeeded", "accepted", "failed", "unknown", "ignored"] | None
    error_class: str
    status: int | None
    request: str
    response: str
    note: str
    latency_ms: int | None


class DeliveryAnswer(DeliveryRow):
    """A delivery with its tries; `recipients`: address to state and answer, where the channel tells them apart."""

    name: str
    reason: str
    next_at: datetime | None
    finished_at: datetime | None
    recipients: dict[str, dict[str, str]]
    attempts: list[AttemptAnswer]


class ArtefactAnswer(BaseModel):
    """A file that the run made."""

    name: str
    media_type: str
    bytes: int
    sha256: str
    url: str


class EventAnswer(BaseModel):
    """What happened; `delivery_id` null: to the run itself."""

    at: datetime
    state: str
    text: str
    person: str
    delivery_id: str | None


class RunDetailAnswer(RunFacts):
    """All that is known of a run. `definition`: the export as it was run, with its revision."""

    occurrence_key: str
    definition: dict[str, Any]
    where: dict[str, Any]
    steps: list[dict[str, Any]]
    artefacts: list[ArtefactAnswer]
    events: list[EventAnswer]
    deliveries: list[DeliveryAnswer]


def _late_s(run: Run) -> float | None:
    """How many seconds after its time a run began; None before it has."""
    return None if run.started_at is None else max(0.0, (run.started_at - run.planned_at).total_seconds())


def _facts(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "export": run.subject_id if run.subject_kind == "export" else None,
        "dataset": refreshed_dataset(run),
        "name": run.name,
        "state": run.state,
        "reason": run.reason,
        "note": run.note,
        "hidden": run.is_hidden,
        "test": run.is_test,
        "trigger": run.trigger_kind,
        "created_at": run.created_at,
        "planned_at": run.planned_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "late_s": _late_s(run),
        "data_version": run.versions,
        "parent_id": run.parent_id,
    }


def run_row(row: RunRow) -> RunAnswer:
    deliveries = [
        DeliveryRow.model_validate({"id": d.id, "destination": d.destination_id, "kind": d.kind, "state": d.state})
        for d in row.deliveries
    ]
    return RunAnswer(
        **_facts(row.run), files=row.files, bytes=row.bytes, delivered=row.delivered, deliveries=deliveries
    )


def run_detail(detail: RunDetail, path: str) -> RunDetailAnswer:
    return RunDetailAnswer(
        **_facts(detail.run),
        occurrence_key=detail.run.occurrence_key,
        definition=detail.run.definition,
        where=detail.run.where,
        steps=[dict(step) for step in detail.run.steps],
        artefacts=[
            ArtefactAnswer(**file.model_dump(), url=f"{path}/artefacts/{file.name}") for file in detail.artefacts
        ],
        events=[EventAnswer.model_validate(event, from_attributes=True) for event in detail.events],
        deliveries=[_delivery(delivery, detail.attempts.get(delivery.id, ())) for delivery in detail.deliveries],
    )


def _delivery(delivery: Delivery, attempts: Iterable[Attempt]) -> DeliveryAnswer:
    return DeliveryAnswer.model_validate(
        delivery.model_dump(include={"id", "kind", "state", "name", "reason", "next_at", "finished_at", "recipients"})
        | {"destination": delivery.destination_id, "attempts": [_attempt(attempt) for attempt in attempts]}
    )


def _attempt(attempt: Attempt) -> AttemptAnswer:
    took = attempt.finished_at - attempt.started_at if attempt.finished_at else None
    told = attempt.model_dump(include={"outcome", "error_class", "status", "request", "response", "note"})
    return AttemptAnswer(at=attempt.started_at, latency_ms=round(took.total_seconds() * 1000) if took else None, **told)
