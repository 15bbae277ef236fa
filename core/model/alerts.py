"""Alerts about exports themselves: who hears of what, and what was told already."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field as SpecField
from pydantic import model_validator
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.model.base import Spec, id_column, json_column, time_column

AlertKind = Literal["failed", "succeeded", "empty", "late", "recovered", "disabled"]
OF_FAILURES: tuple[AlertKind, ...] = ("failed", "disabled", "recovered")
"""What `failure_recipients` stands for; the author hears of these in any case."""
ALERTS_ID = "alerts"
"""Under which the ledger keeps messages about exports: no export has this id."""


class AlertTarget(Spec):
    """Somebody or something that hears of it: an address, a person (id or e-mail address), or a connection."""

    email: str | None = None
    person: str | None = None
    connection: str | None = None
    settings: dict[str, Any] = {}

    @model_validator(mode="after")
    def _is_one(self) -> AlertTarget:
        if sum(one is not None for one in (self.email, self.person, self.connection)) != 1:
            raise ValueError("an alert goes to one of email, person and connection")
        if self.settings and self.connection is None:
            raise ValueError("settings belong to a connection")
        return self


class AlertSpec(Spec):
    """What is told to whom.

    failed: a delivery, or the whole run, failed for good. recovered: what failed arrives again. disabled: a destination
    was switched off. late: a run did not end in time, or was missed. empty: there was nothing to send.
    """

    on: tuple[AlertKind, ...] = SpecField(min_length=1)
    to: tuple[AlertTarget, ...] = SpecField(min_length=1, max_length=20)


class Trouble(SQLModel, table=True):
    """Something that fails: a destination by one class of errors, or (kind "") the making of an export.

    destination_id: of a making "", or the dataset whose refresh failed.

    failures: since it was told last. told_at: when people heard of it; recovered_at: when they heard that it was over.
    ended_at: since when it is over, None while it lasts. channel: the connection that fails, which does not carry the
    news of it.
    """

    __table_args__ = (UniqueConstraint("export_id", "destination_id", "error_class"),)

    id: str = id_column()
    organisation_id: str
    export_id: str = Field(index=True)
    destination_id: str = ""
    error_class: str
    kind: str = ""
    name: str = ""
    text: str = ""
    channel: str = ""
    run_id: str
    tried: int = 0
    failures: int = 0
    since: datetime = time_column()
    last_at: datetime = time_column()
    told_at: datetime | None = time_column(nullable=True)
    recovered_at: datetime | None = time_column(nullable=True)
    ended_at: datetime | None = time_column(nullable=True)


class Notice(SQLModel, table=True):
    """One piece of news for one recipient; it waits here until a message takes it along.

    key: of the news, so that nobody hears it twice. target: an AlertTarget, target_key the same as a text. about: what
    is told. channel: the connection that the news must not go by. run_id: the message's run, "" for an inbox card.
    """

    __table_args__ = (UniqueConstraint("key", "target_key"), Index("ix_notice_waiting", "organisation_id", "told_at"))

    id: str = id_column()
    organisation_id: str
    export_id: str = Field(index=True)
    key: str
    target_key: str = Field(index=True)
    target: dict[str, object] = json_column()
    about: dict[str, object] = json_column()
    locale: str = "en"
    channel: str = ""
    created_at: datetime = time_column()
    told_at: datetime | None = time_column(nullable=True)
    run_id: str = ""


class AlertMark(SQLModel, table=True):
    """How far the events of runs were looked through: `event_id` is the last one."""

    __tablename__ = "alert_mark"

    organisation_id: str = Field(primary_key=True)
    event_id: int = 0
