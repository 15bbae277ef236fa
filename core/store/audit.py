"""Entries of the audit: added, read by filter, pruned when their retention ends. Nothing changes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete
from sqlmodel import Session, col, or_, select

from core.model.access import AuditEntry, Organisation


def only_organisation(session: Session) -> str:
    """The id of the installation's one organisation."""
    return session.exec(select(Organisation.id).limit(1)).one()


def add_entry(session: Session, entry: AuditEntry) -> AuditEntry:
    """Keep an entry."""
    session.add(entry)
    session.flush()
    return entry


def list_entries(
    session: Session,
    organisation_id: str,
    *,
    act: str | None = None,
    person: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int | None = None,
) -> list[AuditEntry]:
    """Entries, the newest first.

    act: by its whole name, or by the subject's kind alone ("export"). person: by id, name or e-mail address.
    since (included), until (excluded); before: place of the entry behind which to go on.
    """
    asked = _conditions(organisation_id, act=act, person=person, since=since, until=until)
    if before is not None:
        at, entry_id = before
        asked.append(or_(col(AuditEntry.at) < at, (col(AuditEntry.at) == at) & (col(AuditEntry.id) < entry_id)))
    query = select(AuditEntry).where(*asked).order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc())
    return list(session.exec(query.limit(limit) if limit else query))


def list_acts(session: Session, organisation_id: str) -> list[str]:
    """The acts there are entries of."""
    query = select(AuditEntry.act).where(AuditEntry.organisation_id == organisation_id).distinct()
    return sorted(session.exec(query))


def list_persons(session: Session, organisation_id: str) -> list[tuple[str, str]]:
    """Id and newest name of the people there are entries of, by name."""
    query = select(AuditEntry.person_id, AuditEntry.person).where(
        AuditEntry.organisation_id == organisation_id, col(AuditEntry.person_id).is_not(None)
    )
    found = {str(person_id): name for person_id, name in session.exec(query.order_by(col(AuditEntry.at))).all()}
    return sorted(found.items(), key=lambda person: person[1].casefold())


def prune_entries(session: Session, organisation_id: str, *, before: datetime) -> int:
    """Remove what is older; how many there were."""
    asked = (col(AuditEntry.organisation_id) == organisation_id, col(AuditEntry.at) < before)
    return session.exec(delete(AuditEntry).where(*asked)).rowcount


def _conditions(
    organisation_id: str, *, act: str | None, person: str | None, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    asked: list[Any] = [col(AuditEntry.organisation_id) == organisation_id]
    if act:
        asked.append(or_(col(AuditEntry.act) == act, col(AuditEntry.act).startswith(f"{act}.", autoescape=True)))
    if person:
        asked.append(or_(col(AuditEntry.person_id) == person, col(AuditEntry.person) == person))
    if since:
        asked.append(col(AuditEntry.at) >= since)
    if until:
        asked.append(col(AuditEntry.at) < until)
    return asked
