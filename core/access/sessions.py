"""Sessions in the browser: a cookie holds a random secret, its SHA-256 lies in the store and is looked up each time."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.access.audit import Subject, actor, note, record
from core.access.passwords import is_password
from core.access.tokens import ALL_SCOPES, Caller, caller_for, hash_token
from core.errors import AccessDenied, NotFound
from core.model.access import Person, SignIn
from core.store import Store
from core.store.people import (
    LAST_USE_GRAIN,
    email_of,
    find_person,
    first_owner,
    get_person,
    has_password,
    list_people,
)
from core.store.sign_ins import add_sign_in, end_sign_ins, find_sign_in, list_sign_ins, touch_sign_in

COOKIE = "bridgecast_session"
SIGNED_IN_FOR = timedelta(days=30)
LONGEST_AGENT = 200
LONGEST_EMAIL = 254


@dataclass(frozen=True)
class Visitor:
    """From where somebody comes: network address and what the browser calls itself."""

    address: str = ""
    agent: str = ""


def caller_of_session(store: Store, secret: str, *, now: datetime) -> Caller | None:
    """Whose session it is; None when it is unknown or has ended, or its person has left. Remembers the last use."""
    with store.read() as session:
        found = find_sign_in(session, hash_token(secret))
    if found is None:
        return None
    row, person = found
    if row.revoked_at is not None or row.expires_at <= now or person.left_at is not None:
        return None
    if now - row.seen_at >= LAST_USE_GRAIN:
        with store.write() as session:
            touch_sign_in(session, row, now=now)
    return caller_for(person, frozenset(ALL_SCOPES), session_id=row.id)


class Sessions:
    """The sessions of one organisation's people."""

    def __init__(self, store: Store, organisation_id: str, clock: Callable[[], datetime]) -> None:
        self._store, self._organisation_id, self._clock = store, organisation_id, clock

    def has_password(self) -> bool:
        """Whether anybody has one: until then nobody can sign in."""
        with self._store.read() as session:
            return has_password(session, self._organisation_id)

    def built_in_owner(self) -> Caller:
        """The owner, as whom an app opens that only this computer can reach, while nobody has a password."""
        with self._store.read() as session:
            return caller_for(first_owner(session, self._organisation_id), frozenset(ALL_SCOPES))

    def sign_in(self, email: str, password: str, visitor: Visitor) -> str | None:
        """The secret of a new session; None for a wrong password and for somebody unknown, after the same time."""
        with self._store.read() as session:
            person = find_person(session, self._organisation_id, email)
        if not is_password(person.password_hash if person else None, password) or person is None:
            with self._store.write() as session:
                tried = Subject("person", "", email_of(email)[:LONGEST_EMAIL])
                record(session, None, "sign_in.failed", tried, at=self._clock(), address=visitor.address)
            return None
        try:
            return self.open(person.id, visitor, password_hash=person.password_hash)
        except AccessDenied:
            return None

    def open(self, person_id: str, visitor: Visitor, *, password_hash: str | None = None) -> str:
        """The secret of a new session of somebody who has shown who they are.

        password_hash: of the password that was shown. Raises AccessDenied when it was changed while it was looked at,
        or the person has left meanwhile: what ends all sessions must end this one too.
        """
        secret, now = secrets.token_urlsafe(32), self._clock()
        with self._store.write() as session:
            person = get_person(session, person_id)
            if person.left_at is not None or password_hash not in (None, person.password_hash):
                raise AccessDenied("This sign-in no longer counts. Start again.")
            add_sign_in(
                session,
                person_id,
                hash_token(secret),
                address=visitor.address,
                agent=visitor.agent[:LONGEST_AGENT],
                now=now,
                expires_at=now + SIGNED_IN_FOR,
            )
            who = caller_for(person, frozenset())
            record(session, who, "sign_in.succeeded", _subject(person), at=now, address=visitor.address)
        return secret

    def caller_of(self, secret: str | None) -> Caller | None:
        """Whose session it is, or None."""
        caller = caller_of_session(self._store, secret, now=self._clock()) if secret else None
        return caller if caller is not None and caller.organisation_id == self._organisation_id else None

    def sign_out(self, secret: str) -> None:
        """End a session. An unknown one is fine."""
        with self._store.write() as session:
            if found := find_sign_in(session, hash_token(secret)):
                end_sign_ins(session, found[0].person_id, now=self._clock(), only=found[0].id)
                who = caller_for(found[1], frozenset())
                address = actor().address
                record(session, who, "sign_in.ended", _subject(found[1]), at=self._clock(), address=address)

    def all(self, person_id: str | None = None) -> list[SignIn]:
        """The sessions of one person, or of everybody, that have not ended, the last used first."""
        with self._store.read() as session:
            ids = [person_id] if person_id else [p.id for p in list_people(session, self._organisation_id)]
            return list_sign_ins(session, ids, now=self._clock())

    def end(self, person_id: str, session_id: str) -> None:
        """End one session of a person at once. Raises NotFound."""
        with self._store.write() as session:
            if not end_sign_ins(session, person_id, now=self._clock(), only=session_id):
                raise NotFound(f"There is no session '{session_id}'.")
            note(session, "sign_in.ended", _subject(get_person(session, person_id)), at=self._clock())

    def end_all(self, person_id: str, *, except_for: str | None = None) -> int:
        """End all sessions of a person at once, perhaps except for the one that asks; how many ended."""
        with self._store.write() as session:
            count = end_sign_ins(session, person_id, now=self._clock(), except_for=except_for)
            subject = _subject(get_person(session, person_id))
            note(session, "sign_in.ended", subject, at=self._clock(), detail={"count": count})
            return count


def _subject(person: Person) -> Subject:
    return Subject("person", person.id, person.email)
