"""How destinations and connections fare: which are left alone for a while, which are switched off."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from core.model.runs import Circuit


def blocked_ids(now: datetime) -> SelectOfScalar[str]:
    """A query for the destinations and connections that nothing is sent to now."""
    return select(Circuit.id).where(or_(col(Circuit.disabled_at).is_not(None), col(Circuit.open_until) > now))


def get_circuit(session: Session, circuit_id: str, *, organisation_id: str, export_id: str) -> Circuit:
    """The row of a destination (or, by its id, of a connection); a new one has no failures."""
    row = session.get(Circuit, circuit_id)
    return row or Circuit(id=circuit_id, organisation_id=organisation_id, export_id=export_id)


def find_circuit(session: Session, organisation_id: str, circuit_id: str) -> Circuit | None:
    """The row of a destination or connection that anything was sent to."""
    row = session.get(Circuit, circuit_id)
    return row if row is not None and row.organisation_id == organisation_id else None


def list_circuits(session: Session, organisation_id: str) -> list[Circuit]:
    """Every row, by id."""
    query = select(Circuit).where(Circuit.organisation_id == organisation_id)
    return list(session.exec(query.order_by(col(Circuit.id))))


def keep_circuit(session: Session, row: Circuit) -> None:
    """Keep how it fares."""
    session.add(row)
    session.flush()
