"""Addresses that want no more mail of an export."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from core.model.runs import Unsubscribed


def gone_from(session: Session, export_id: str) -> frozenset[str]:
    """Who wants no more mail of an export, in lower case."""
    return frozenset(session.exec(select(Unsubscribed.address).where(Unsubscribed.export_id == export_id)))


def let_go(session: Session, organisation_id: str, export_id: str, address: str, *, now: datetime) -> bool:
    """Take an address off; False when it was off before. address: in lower case."""
    if _find(session, export_id, address) is not None:
        return False
    session.add(Unsubscribed(organisation_id=organisation_id, export_id=export_id, address=address, at=now))
    session.flush()
    return True


def take_back(session: Session, export_id: str, address: str) -> bool:
    """Put an address on again; False when it was on. address: in lower case."""
    row = _find(session, export_id, address)
    if row is None:
        return False
    session.delete(row)
    session.flush()
    return True


def _find(session: Session, export_id: str, address: str) -> Unsubscribed | None:
    query = select(Unsubscribed).where(Unsubscribed.export_id == export_id, Unsubscribed.address == address)
    return session.exec(query).first()
