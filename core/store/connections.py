"""Connections to outside systems. Their secrets come and go sealed: nothing here can read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select, update

from core.errors import AlreadyExists, NotFound
from core.model.connections import Connection
from core.store.rows import require_revision


def add_connection(
    session: Session,
    organisation_id: str,
    kind: str,
    name: str,
    settings: Mapping[str, object],
    sealed: str,
    *,
    person_id: str,
    now: datetime,
) -> Connection:
    """Keep a new connection. Raises AlreadyExists when its name is taken."""
    _require_free(session, organisation_id, name)
    row = Connection(
        organisation_id=organisation_id,
        kind=kind,
        name=name,
        settings=dict(settings),
        secrets=sealed,
        created_by=person_id,
        created_at=now,
        modified_at=now,
    )
    return _kept(session, row)


def change_connection(
    session: Session,
    row: Connection,
    name: str,
    settings: Mapping[str, object],
    sealed: str,
    *,
    now: datetime,
    if_revision: int | None = None,
) -> Connection:
    """Replace what a connection holds; what its last check found is forgotten. Raises Stale and AlreadyExists."""
    require_revision(f"Connection '{row.name}'", row.revision, if_revision)
    _require_free(session, row.organisation_id, name, but_for=row.id)
    row.name, row.settings, row.secrets = name, dict(settings), sealed
    row.checked_at, row.check_ok, row.check_text = None, None, ""
    row.modified_at, row.revision = now, row.revision + 1
    return _kept(session, row)


def keep_secrets(session: Session, row: Connection, sealed: str) -> None:
    """Keep secrets that a service renewed by itself: for people the connection is the same."""
    row.secrets = sealed
    session.add(row)


def keep_check(session: Session, row: Connection, *, is_ok: bool, text: str, now: datetime) -> None:
    """Keep what a check found, unless the connection was changed or deleted while it ran."""
    found: dict[str, Any] = {"checked_at": now, "check_ok": is_ok, "check_text": text}
    same = (col(Connection.id) == row.id, col(Connection.revision) == row.revision)
    session.exec(update(Connection).where(*same).values(found))


def keep_sealed(session: Session, row: Connection, sealed: str) -> None:
    """The same secrets, sealed with another key: for readers nothing changes."""
    row.secrets = sealed
    _kept(session, row)


def keep_only_default(session: Session, row: Connection) -> None:
    """One connection of a kind is the default: the others no longer are."""
    for other in list_connections(session, row.organisation_id):
        if other.kind == row.kind and other.id != row.id and other.settings.get("is_default"):
            other.settings = {**other.settings, "is_default": False}
            other.revision += 1
            _kept(session, other)


def get_connection(session: Session, organisation_id: str, connection_id: str) -> Connection:
    """The connection with this id. Raises NotFound."""
    row = session.get(Connection, connection_id)
    if row is None or row.organisation_id != organisation_id:
        raise NotFound(f"There is no connection '{connection_id}'.")
    return row


def list_connections(session: Session, organisation_id: str) -> list[Connection]:
    """All connections, the oldest first."""
    query = select(Connection).where(Connection.organisation_id == organisation_id)
    return list(session.exec(query.order_by(col(Connection.created_at), col(Connection.id))))


def every_connection(session: Session) -> list[Connection]:
    """The connections of whoever is in this store, for work on their seals."""
    return list(session.exec(select(Connection).order_by(col(Connection.created_at), col(Connection.id))))


def delete_connection(session: Session, organisation_id: str, connection_id: str) -> Connection:
    """Forget a connection with its secrets; what it was."""
    row = get_connection(session, organisation_id, connection_id)
    session.delete(row)
    session.flush()
    return row


def _require_free(session: Session, organisation_id: str, name: str, *, but_for: str | None = None) -> None:
    for row in list_connections(session, organisation_id):
        if row.name.casefold() == name.casefold() and row.id != but_for:
            raise AlreadyExists(f"There is a connection '{row.name}' already. Choose another name.")


def _kept(session: Session, row: Connection) -> Connection:
    session.add(row)
    session.flush()
    return row
