"""Datasets: where rows come from, and what the columns mean."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator
from pydantic import Field as SpecField
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from core.model.base import Slug, Spec, id_column, json_column, time_column

ColumnType = Literal["text", "integer", "decimal", "number", "date", "datetime", "boolean"]
Role = Literal["date", "dimension", "metric", "ignored"]
Aggregation = Literal["sum", "distinct"]
NUMERIC_TYPES: frozenset[str] = frozenset({"integer", "decimal", "number"})
DATE_TYPES: frozenset[str] = frozenset({"date", "datetime"})


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is no time zone. Use an IANA name such as Europe/Paris") from None
    return name


ZoneName = Annotated[str, AfterValidator(_zone)]


class ColumnSpec(Spec):
    """One column: what it is called, what it holds, what it is for."""

    name: str
    type: ColumnType
    role: Role
    aggregation: Aggregation = "sum"
    display_name: str | None = None
    description: str = ""
    unit: str = ""
    format: str = ""

    @property
    def label(self) -> str:
        """What people read."""
        return self.display_name or self.name


class ReadOptions(Spec):
    """How a file is to be read where it does not say so itself. What is None is found by inspection."""

    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    date_format: Literal["day-first", "month-first"] | None = None
    encoding: str | None = None
    sheet: str | None = None


class UploadSource(Spec):
    """A file that was handed over; `file_name` is what its sender called it."""

    kind: Literal["upload"] = "upload"
    file_name: str
    read: ReadOptions = ReadOptions()


class FilesSource(Spec):
    """A path or glob on the server; live: checked for change when a report or page loads."""

    kind: Literal["files"] = "files"
    path: str
    read: ReadOptions = ReadOptions()


SourceSpec = Annotated[UploadSource | FilesSource, SpecField(discriminator="kind")]


class Calendar(Spec):
    """How days, weeks and years are cut."""

    time_zone: ZoneName = "UTC"
    first_weekday: int = SpecField(0, ge=0, le=6, description="0 is Monday")
    fiscal_year_start: int = SpecField(1, ge=1, le=12, description="month")


class DatasetSpec(Spec):
    """A dataset's definition. Its versions stand in the warehouse's manifest."""

    version: Literal[1] = 1
    slug: Slug
    name: str
    description: str = ""
    source: SourceSpec
    columns: tuple[ColumnSpec, ...] = ()
    calendar: Calendar = Calendar()


class DatasetAccess(Spec):
    """Who may see a dataset and all that is built on it; nobody named: every analyst. Administrators always may.

    people: ids or e-mail addresses.
    """

    people: tuple[str, ...] = SpecField((), max_length=500)
    roles: tuple[Literal["owner", "admin", "analyst"], ...] = SpecField((), max_length=3)


class Dataset(SQLModel, table=True):
    """A dataset's row: `spec` is a DatasetSpec, `revision` counts its changes."""

    __table_args__ = (UniqueConstraint("organisation_id", "slug"),)

    id: str = id_column()
    organisation_id: str
    slug: str
    revision: int = 1
    spec: dict[str, object] = json_column()
    created_by: str
    created_at: datetime = time_column()
    modified_at: datetime = time_column()


class DatasetRight(SQLModel, table=True):
    """A person or a role that may see a dataset. A dataset without such a row is open to every analyst."""

    __tablename__ = "dataset_right"
    __table_args__ = (UniqueConstraint("organisation_id", "dataset", "person_id", "role"),)

    id: str = id_column()
    organisation_id: str
    dataset: str
    person_id: str | None = Field(default=None, foreign_key="person.id", ondelete="CASCADE", index=True)
    role: str | None = None
