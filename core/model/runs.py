"""The ledger: a run is one execution of an export, a delivery its sending to one destination, an attempt one try."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.model.base import id_column, json_column, time_column

State = Literal["planned", "running", "retry", "succeeded", "failed", "ignored"]
Outcome = Literal["succeeded", "accepted", "failed", "unknown", "ignored"]
FINAL: frozenset[str] = frozenset({"succeeded", "failed", "ignored"})
"""States that nothing leaves by itself."""
OPEN: frozenset[str] = frozenset({"planned", "running", "retry"})


def _json(default: type[list[object]] | type[dict[str, object]]) -> object:
    return Field(sa_column=Column(JSON, nullable=False), default_factory=default)


class Run(SQLModel, table=True):
    """One execution of an export, or of the refresh of a dataset.

    name: of its subject, as it was called then. definition: the specification as it was run, with its revision.
    where: filters locked for this run alone (parameters of a trigger URL). planned_at: when it was due.
    versions: data version of each dataset, pinned when the run begins. steps: what was made, with times and sizes.
    built_at: when the artefacts stood and the deliveries were written; from then on `state` follows the deliveries.
    fence, lease_until, next_at: of the making, as a delivery has them of the sending. builds: tries to make it.
    losses: tries in a row whose worker died.
    parent_id: what it replays. is_hidden: put away by a person, found by a filter.
    """

    __table_args__ = (
        UniqueConstraint("occurrence_key"),
        Index("ix_run_due", "state", "next_at"),
        Index("ix_run_created", "organisation_id", "created_at"),
        Index("ix_run_lost", "losses"),
    )

    id: str = id_column()
    organisation_id: str
    subject_kind: str = "export"
    subject_id: str = Field(index=True)
    name: str
    trigger_id: str | None = Field(default=None, index=True)
    trigger_kind: str
    occurrence_key: str
    definition: dict[str, object] = json_column()
    where: dict[str, object] = json_column()
    state: str = "planned"
    reason: str = ""
    planned_at: datetime = time_column()
    created_at: datetime = time_column()
    started_at: datetime | None = time_column(nullable=True)
    built_at: datetime | None = time_column(nullable=True)
    finished_at: datetime | None = time_column(nullable=True)
    versions: dict[str, int] = _json(dict)  # type: ignore[assignment]
    steps: list[dict[str, object]] = _json(list)  # type: ignore[assignment]
    next_at: datetime | None = time_column(nullable=True)
    fence: int = 0
    lease_until: datetime | None = time_column(nullable=True)
    builds: int = 0
    losses: int = 0
    is_test: bool = False
    is_hidden: bool = False
    note: str = ""
    requested_by: str | None = None
    parent_id: str | None = Field(default=None, index=True)
    replays: str = ""
    pruned_at: datetime | None = time_column(nullable=True)


def refreshed_dataset(run: Run) -> str | None:
    """The slug of the dataset that a run refreshes; None of an export's run."""
    spec = run.definition.get("spec")
    return str(spec["slug"]) if run.subject_kind == "dataset" and isinstance(spec, dict) else None


class Artefact(SQLModel, table=True):
    """A file that a run made: below the data folder's `artefacts/<run>/`, checked by size and SHA-256 before each use.

    Names are one file each: "headline.txt", "waterfall.png", "email.json" (what a channel is handed).
    """

    __table_args__ = (UniqueConstraint("run_id", "name"),)

    id: str = id_column()
    run_id: str = Field(foreign_key="run.id", ondelete="CASCADE", index=True)
    name: str
    media_type: str
    bytes: int
    sha256: str = Field(max_length=64)
    created_at: datetime = time_column()


class Delivery(SQLModel, table=True):
    """The sending of a run to one destination.

    destination: its specification as it was then. message: name of the artefact that the channel is handed.
    recipients: address to {"state", "answer"} where a channel tells them apart. cursor: where a sending of several
    steps goes on. unknowns: attempts in a row whose worker died. deadline_at: no attempt begins after it.
    """

    __table_args__ = (
        UniqueConstraint("run_id", "destination_id", "bundle_id"),
        Index("ix_delivery_due", "state", "next_at"),
        Index("ix_delivery_lost", "unknowns"),
    )

    id: str = id_column()
    run_id: str = Field(foreign_key="run.id", ondelete="CASCADE", index=True)
    destination_id: str = Field(index=True)
    bundle_id: str = ""
    kind: str
    name: str
    connection_id: str | None = None
    destination: dict[str, object] = json_column()
    message: str = ""
    state: str = "planned"
    reason: str = ""
    next_at: datetime | None = time_column(nullable=True)
    fence: int = 0
    lease_until: datetime | None = time_column(nullable=True)
    tries: int = 0
    unknowns: int = 0
    first_attempt_at: datetime | None = time_column(nullable=True)
    deadline_at: datetime | None = time_column(nullable=True)
    finished_at: datetime | None = time_column(nullable=True)
    recipients: dict[str, dict[str, str]] = _json(dict)  # type: ignore[assignment]
    cursor: dict[str, object] = json_column()


class Attempt(SQLModel, table=True):
    """One try of a delivery, committed before anything is sent. outcome: None while it is under way."""

    __table_args__ = (UniqueConstraint("delivery_id", "fence"),)

    id: str = id_column()
    delivery_id: str = Field(foreign_key="delivery.id", ondelete="CASCADE", index=True)
    fence: int
    started_at: datetime = time_column()
    finished_at: datetime | None = time_column(nullable=True)
    outcome: str | None = None
    error_class: str = ""
    status: int | None = None
    request: str = ""
    response: str = ""
    note: str = ""
    has_begun: bool = False


class RunEvent(SQLModel, table=True):
    """What happened to a run: rows are only added. delivery_id: of which delivery, None of the run itself."""

    __tablename__ = "run_event"

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", ondelete="CASCADE", index=True)
    delivery_id: str | None = None
    at: datetime = time_column()
    state: str
    text: str = ""
    person: str = ""


class Circuit(SQLModel, table=True):
    """How a destination fares. id: the destination's.

    failures: final or retried attempts in a row; failed_deliveries: how many deliveries they belong to;
    refused_deliveries: how many in a row failed because the address is not to be called.
    open_until: nothing is sent before (circuit breaker, or a receiver's Retry-After); open_s: how long it was last.
    disabled_at: nothing is sent until a person enables it again.
    told: what people were told of it ("disabled"), with the moment that it was about.
    """

    id: str = Field(primary_key=True)
    organisation_id: str
    export_id: str = Field(index=True)
    failures: int = 0
    failed_deliveries: int = 0
    refused_deliveries: int = 0
    last_failed_delivery: str = ""
    failing_since: datetime | None = time_column(nullable=True)
    open_until: datetime | None = time_column(nullable=True)
    open_s: int = 0
    disabled_at: datetime | None = time_column(nullable=True)
    disabled_reason: str = ""
    last_success_at: datetime | None = time_column(nullable=True)
    told: dict[str, str] = _json(dict)  # type: ignore[assignment]


class InboxCard(SQLModel, table=True):
    """A message in the app. body: what is shown, as the report's texts and figures; read_at: when it was opened."""

    __tablename__ = "inbox_card"

    id: str = id_column()
    organisation_id: str
    person_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True)
    run_id: str | None = None
    delivery_id: str | None = Field(default=None, index=True)
    kind: str = "report"
    title: str
    body: dict[str, object] = json_column()
    link: str = ""
    created_at: datetime = time_column()
    read_at: datetime | None = time_column(nullable=True)


class Unsubscribed(SQLModel, table=True):
    """An address that wants no more mail of an export."""

    __table_args__ = (UniqueConstraint("export_id", "address"),)

    id: str = id_column()
    organisation_id: str
    export_id: str = Field(foreign_key="export.id", ondelete="CASCADE", index=True)
    address: str
    at: datetime = time_column()


class Subscription(SQLModel, table=True):
    """Somebody who asked for a report by mail that they may look at."""

    __table_args__ = (UniqueConstraint("export_id", "person_id"),)

    id: str = id_column()
    organisation_id: str
    export_id: str = Field(foreign_key="export.id", ondelete="CASCADE", index=True)
    person_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True)
    created_at: datetime = time_column()
