"""What the runs of an export that were sent had found out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from core.model.runs import Run

MOST = 400
"""More than a year of daily runs."""


def steps_of_sent(session: Session, subject_id: str, *, but_for: str) -> list[list[Mapping[str, Any]]]:
    """The steps of the runs of an export that were made and not ignored, the newest first; tests are none of them."""
    query = select(Run).where(
        Run.subject_id == subject_id,
        Run.id != but_for,
        col(Run.built_at).is_not(None),
        Run.state != "ignored",
        col(Run.is_test).is_(False),
    )
    rows = session.exec(query.order_by(col(Run.created_at).desc()).limit(MOST))
    return [list(row.steps) for row in rows]
