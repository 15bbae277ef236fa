"""Sessions of people who signed in, and links that work once. Of both only the secret's SHA-256 is kept."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select, update

from core.model.access import OneTimeLink, Person, SignIn


def add_sign_in(
    session: Session, person_id: str, sha256: str, *, address: str, agent: str, now: datetime, expires_at: datetime
) -> SignIn:
    """Keep a session, and that its person was here."""
    row = SignIn(
        person_id=person_id,
        sha256=sha256,
        address=address,
        agent=agent,
        created_at=now,
        seen_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    _was_here(session, person_id, now)
    return row


def find_sign_in(session: Session, sha256: str) -> tuple[SignIn, Person] | None:
    """The session with this hash and whose it is, or None. Whether it has ended is not decided here."""
    return session.exec(select(SignIn, Person).where(SignIn.sha256 == sha256, SignIn.person_id == Person.id)).first()


def touch_sign_in(session: Session, row: SignIn, *, now: datetime) -> None:
    """Remember the last use."""
    session.exec(update(SignIn).where(col(SignIn.id) == row.id).values(seen_at=now))
    _was_here(session, row.person_id, now)


def list_sign_ins(session: Session, person_ids: list[str], *, now: datetime) -> list[SignIn]:
    """The sessions of these people that have not ended, the last used first."""
    query = select(SignIn).where(
        col(SignIn.person_id).in_(person_ids), col(SignIn.revoked_at).is_(None), SignIn.expires_at > now
    )
    return list(session.exec(query.order_by(col(SignIn.seen_at).desc())))


def end_sign_ins(
    session: Session, person_id: str, *, now: datetime, only: str | None = None, except_for: str | None = None
) -> int:
    """End a person's sessions, `only` the one with that id, or all `except_for` one; how many ended."""
    change = update(SignIn).where(col(SignIn.person_id) == person_id, col(SignIn.revoked_at).is_(None))
    if only is not None:
        change = change.where(col(SignIn.id) == only)
    if except_for is not None:
        change = change.where(col(SignIn.id) != except_for)
    return session.exec(change.values(revoked_at=now)).rowcount


def add_link(
    session: Session, person_id: str, kind: str, sha256: str, *, now: datetime, expires_at: datetime
) -> OneTimeLink:
    """Keep a link that works once; older ones of that person no longer work."""
    void_links(session, person_id, now=now)
    row = OneTimeLink(person_id=person_id, kind=kind, sha256=sha256, created_at=now, expires_at=expires_at)
    session.add(row)
    session.flush()
    return row


def find_link(session: Session, sha256: str, *, now: datetime) -> tuple[OneTimeLink, Person] | None:
    """A link that still works and whom it is for; None for all others."""
    query = select(OneTimeLink, Person).where(
        OneTimeLink.sha256 == sha256,
        col(OneTimeLink.used_at).is_(None),
        OneTimeLink.expires_at > now,
        OneTimeLink.person_id == Person.id,
        col(Person.left_at).is_(None),
    )
    return session.exec(query).first()


def void_links(session: Session, person_id: str, *, now: datetime) -> None:
    """Links of that person no longer work."""
    change = update(OneTimeLink).where(col(OneTimeLink.person_id) == person_id, col(OneTimeLink.used_at).is_(None))
    session.exec(change.values(used_at=now))


def _was_here(session: Session, person_id: str, now: datetime) -> None:
    session.exec(update(Person).where(col(Person.id) == person_id).values(last_seen_at=now))
