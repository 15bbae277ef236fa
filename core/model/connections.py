"""Connections: stored access to outside systems."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from core.model.base import id_column, json_column, time_column


class Connection(SQLModel, table=True):
    """Settings in the clear, `secrets` sealed (`core.access.secrets`): never shown again, never logged."""

    id: str = id_column()
    organisation_id: str = Field(index=True)
    kind: str
    name: str
    settings: dict[str, object] = json_column()
    secrets: str = Field(repr=False)
    revision: int = 1
    checked_at: datetime | None = time_column(nullable=True)
    check_ok: bool | None = None
    check_text: str = ""
    created_by: str
    created_at: datetime = time_column()
    modified_at: datetime = time_column()
