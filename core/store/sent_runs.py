"""What the runs of an export that were sent had found out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import String, cast
from sqlmodel import Session, col, or_, select

from core.model.runs import Delivery, Run

MOST = 400
"""More than a year of daily runs."""


def steps_of_sent(session: Session, subject_id: str, *, but_for: str) -> list[list[Mapping[str, Any]]]:
    """The steps of the runs of an export that were sent, or are about to be, the newest first; tests are none of them.

    One that failed for everybody was not sent. A link is delivered without anybody being told.
    """
    is_served = or_(col(Delivery.state) == "succeeded", cast(col(Delivery.recipients), String).contains('"succeeded"'))
    reached = select(Delivery.run_id).where(Delivery.kind != "link", is_served)
    query = select(Run).where(
        Run.subject_id == subject_id,
        Run.id != but_for,
        col(Run.built_at).is_not(None),
        Run.state != "ignored",
        or_(Run.state != "failed", col(Run.id).in_(reached)),
        col(Run.is_test).is_(False),
    )
    rows = session.exec(query.order_by(col(Run.created_at).desc()).limit(MOST))
    return [list(row.steps) for row in rows]
