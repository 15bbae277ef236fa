"""What the tables of definitions share: an owner, a slug, a revision that guards against overwriting."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlmodel import Session, select

from core.errors import Stale
from core.model.analysis import Analysis
from core.model.data import Dataset

Slugged = TypeVar("Slugged", Analysis, Dataset)


def by_slug(session: Session, table: type[Slugged], organisation_id: str, slug: str) -> Slugged | None:
    """The row with this slug, or None."""
    query = select(table).where(table.organisation_id == organisation_id, table.slug == slug)
    return session.exec(query).first()


def first_values(organisation_id: str, spec: BaseModel, *, person_id: str, now: datetime) -> dict[str, Any]:
    """What a new row of any definition holds."""
    return {
        "organisation_id": organisation_id,
        "spec": spec.model_dump(mode="json"),
        "created_by": person_id,
        "created_at": now,
        "modified_at": now,
    }


def require_revision(what: str, newest: int, if_revision: int | None) -> None:
    """Raises Stale unless the change was made from the newest revision, or from no matter which (None)."""
    if if_revision not in (None, newest):
        raise Stale(f"{what} was changed meanwhile. Load revision {newest} and repeat the change.")
