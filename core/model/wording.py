"""An organisation's own wording of single messages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from core.model.base import id_column, time_column


class MessageTemplate(SQLModel, table=True):
    """A message in an organisation's own words; without a row the catalogue's are printed."""

    __tablename__ = "message_template"
    __table_args__ = (UniqueConstraint("organisation_id", "language", "key"),)

    id: str = id_column()
    organisation_id: str = Field(foreign_key="organisation.id")
    language: str
    key: str
    text: str
    changed_by: str
    changed_at: datetime = time_column()
