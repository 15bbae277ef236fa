"""Who asked for reports by mail."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from core.model.access import Person
from core.model.runs import Subscription


def find_subscription(session: Session, export_id: str, person_id: str) -> Subscription | None:
    """Somebody's subscription to an export's report, or None."""
    query = select(Subscription).where(Subscription.export_id == export_id, Subscription.person_id == person_id)
    return session.exec(query).first()


def add_subscription(session: Session, organisation_id: str, export_id: str, person_id: str, *, now: datetime) -> None:
    """Keep a subscription."""
    session.add(Subscription(organisation_id=organisation_id, export_id=export_id, person_id=person_id, created_at=now))
    session.flush()


def subscribed_to(session: Session, person_id: str) -> frozenset[str]:
    """Ids of the exports whose reports somebody asked for."""
    return frozenset(session.exec(select(Subscription.export_id).where(Subscription.person_id == person_id)))


def subscribers_of(session: Session, export_id: str) -> list[Person]:
    """Whoever asked for an export's report and is still here, by address."""
    query = select(Person).join(Subscription, col(Subscription.person_id) == col(Person.id))
    here = query.where(Subscription.export_id == export_id, col(Person.left_at).is_(None))
    return list(session.exec(here.order_by(Person.email)))
