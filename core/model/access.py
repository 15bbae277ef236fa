"""Who: the organisation, its people, their API tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.model.base import id_column, json_column, time_column


class Organisation(SQLModel, table=True):
    """One per installation; every row of the other tables carries its id.

    home: fingerprint of the data folder that it was last run from, so that a copy of a store is told from its original.
    sending_held_at: nothing is sent since then, until a person lets it go on.
    recipient_domains: mails go to these alone; none: to any.
    """

    id: str = id_column()
    name: str
    time_zone: str = "UTC"
    locale: str = "en"
    samples_loaded: bool = False
    audit_days: int = 365
    home: str = ""
    sending_held_at: datetime | None = time_column(nullable=True)
    sending_held_why: str = ""
    recipient_domains: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    created_at: datetime = time_column()


class Person(SQLModel, table=True):
    """Somebody who may use this installation. password_hash: argon2id, None until one is set; left_at: gone since."""

    __table_args__ = (UniqueConstraint("organisation_id", "email"),)

    id: str = id_column()
    organisation_id: str = Field(foreign_key="organisation.id")
    email: str
    name: str
    role: str
    password_hash: str | None = None
    created_at: datetime = time_column()
    last_seen_at: datetime | None = time_column(nullable=True)
    left_at: datetime | None = time_column(nullable=True)


class SignIn(SQLModel, table=True):
    """A session: its cookie holds the secret, only the secret's SHA-256 is kept."""

    __tablename__ = "sign_in"

    id: str = id_column()
    person_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True)
    sha256: str = Field(unique=True, max_length=64)
    address: str = ""
    agent: str = ""
    created_at: datetime = time_column()
    seen_at: datetime = time_column()
    expires_at: datetime = time_column()
    revoked_at: datetime | None = time_column(nullable=True)


class OneTimeLink(SQLModel, table=True):
    """An invitation or a password reset that was mailed: works once, until it expires. Only its SHA-256 is kept."""

    __tablename__ = "one_time_link"

    id: str = id_column()
    person_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True)
    kind: str
    sha256: str = Field(unique=True, max_length=64)
    created_at: datetime = time_column()
    expires_at: datetime = time_column()
    used_at: datetime | None = time_column(nullable=True)


class AuditEntry(SQLModel, table=True):
    """Who did what, when, from where. Rows are only added, and removed when retention ends."""

    __tablename__ = "audit_entry"

    id: str = id_column()
    organisation_id: str
    at: datetime = time_column()
    person_id: str | None = None
    person: str = ""
    act: str = Field(index=True)
    subject_kind: str = ""
    subject_id: str = ""
    subject: str = ""
    address: str = ""
    detail: dict[str, object] = json_column()


class ApiToken(SQLModel, table=True):
    """An API token: only its SHA-256 is kept."""

    __tablename__ = "api_token"

    id: str = id_column()
    person_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True)
    name: str
    sha256: str = Field(unique=True, max_length=64)
    scopes: str
    created_at: datetime = time_column()
    expires_at: datetime | None = time_column(nullable=True)
    last_used_at: datetime | None = time_column(nullable=True)
    revoked_at: datetime | None = time_column(nullable=True)
