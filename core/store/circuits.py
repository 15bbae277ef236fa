"""How destinations and connections fare: which are left alone for a while, which are switched off."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, and_, col, delete, func, not_, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from core.model.connections import Connection
from core.model.runs import Circuit


def blocked_ids(now: datetime) -> SelectOfScalar[str]:
    """A query for the destinations that nothing is sent to now."""
    return select(Circuit.id).where(or_(col(Circuit.disabled_at).is_not(None), col(Circuit.open_until) > now))


def paused_connections() -> SelectOfScalar[str]:
    """A query for the connections whose account was refused, and that nobody has changed or checked well since."""
    since = col(Circuit.disabled_at)
    is_mended = or_(
        col(Connection.modified_at) > since,
        and_(col(Connection.check_ok).is_(True), col(Connection.checked_at) > since),
    )
    query = select(Circuit.id).join(Connection, col(Connection.id) == col(Circuit.id), isouter=True)
    return query.where(since.is_not(None), or_(col(Connection.id).is_(None), not_(func.coalesce(is_mended, False))))


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


def forget_circuits(session: Session, organisation_id: str, export_id: str) -> None:
    """Forget how the destinations of an export fare that is deleted; connections, which others use too, keep theirs."""
    of_it = (col(Circuit.organisation_id) == organisation_id, col(Circuit.export_id) == export_id)
    session.exec(delete(Circuit).where(*of_it))
