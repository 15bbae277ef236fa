"""Who: the organisation, its people, their API tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from core.model.base import id_column, time_column


class Organisation(SQLModel, table=True):
    """One per installation; every row of the other tables carries its id."""

    id: str = id_column()
    name: str
    time_zone: str = "UTC"
    locale: str = "en"
    samples_loaded: bool = False
    created_at: datetime = time_column()


class Person(SQLModel, table=True):
    """Somebody who may use this installation."""

    __table_args__ = (UniqueConstraint("organisation_id", "email"),)

    id: str = id_column()
    organisation_id: str = Field(foreign_key="organisation.id")
    email: str
    name: str
    role: str
    created_at: datetime = time_column()


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
