"""What all specifications and tables share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated
from unicodedata import category
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict
from sqlalchemy import JSON, Column, DateTime, Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise ValueError(f"'{text}' is no slug. Use 1 to 63 lower-case letters, digits, '-', '_', the first no mark")
    return text


Slug = Annotated[str, AfterValidator(_slug)]


def is_one_line(text: str) -> bool:
    """Whether a text has no line break, control or invisible character; spaces of any width may be in it."""
    return not any(category(letter) in {"Cc", "Cf", "Zl", "Zp", "Cs"} for letter in text)


class Spec(BaseModel):
    """A specification: frozen, and an unknown field is refused by name, as are numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept in UTC and read back with its zone (SQLite keeps none). A moment without a zone is refused.

    One that UTC has no year for, such as the last hour of 9999 west of Greenwich, is kept as the last or first it has.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            return FIRST if value.year == 1 else LAST

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment with its zone."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def new_id() -> str:
    """A new UUID in lower case."""
    return str(uuid4())


def id_column() -> str:
    """Primary key of a table."""
    return Field(default_factory=new_id, primary_key=True, max_length=36)  # type: ignore[no-any-return]


def time_column(*, nullable: bool = False) -> datetime:
    """A moment with its zone, kept in UTC."""
    return Field(sa_column=Column(UtcDateTime(), nullable=nullable), default=None)  # type: ignore[no-any-return]


def json_column() -> dict[str, object]:
    """A specification, as JSON."""
    return Field(sa_column=Column(JSON, nullable=False))  # type: ignore[no-any-return]
