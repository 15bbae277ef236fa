"""API tokens as people keep them: made, shown once, listed with their last use, revoked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from core.access.audit import Subject, note
from core.access.rights import may, require, scopes_of
from core.access.tokens import ALL_SCOPES, Caller, hash_token, make_token
from core.errors import AccessDenied, AlreadyExists, DataError, NotFound
from core.model.access import ApiToken, Person
from core.model.base import is_one_line
from core.store import Store
from core.store.people import add_token, get_person, get_token, list_people, list_tokens, revoke_tokens

LONGEST_NAME = 100
OF_ENVIRONMENT = "BRIDGECAST_OWNER_TOKEN"


@dataclass(frozen=True)
class KeptToken:
    """A token as it is shown: all but itself."""

    id: str
    name: str
    scopes: tuple[str, ...]
    person_id: str
    person: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    def has_ended(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True)
class ApiTokens:
    """The API tokens of one organisation's people."""

    store: Store
    organisation_id: str
    clock: Callable[[], datetime]

    def all(self, caller: Caller) -> list[KeptToken]:
        """The caller's tokens that were not revoked, the newest first; everybody's for those who may see them."""
        require(caller, "token.own")
        with self.store.read() as session:
            people = {person.id: person for person in list_people(session, self.organisation_id)}
            shown = list(people) if may(caller, "token.all") else [caller.person_id]
            return [_kept(row, people[row.person_id]) for row in list_tokens(session, shown)]

    def make(
        self,
        caller: Caller,
        name: str,
        scopes: Collection[str],
        *,
        person_id: str | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[KeptToken, str]:
        """A new token and, this once, what it reads. person_id: whose it is to be, by default the caller's.

        Raises AccessDenied for scopes beyond the person's role or the caller's own, DataError, AlreadyExists, NotFound.
        """
        require(caller, "token.own")
        now, called = self.clock(), _checked_name(name)
        if expires_at is not None and expires_at <= now:
            raise DataError("The token would end before it begins. Choose a later end, or none.", field="expires_at")
        secret = make_token()
        with self.store.write() as session:
            person = self._whose(session, caller, person_id)
            wanted = _checked_scopes(caller, person, scopes)
            if any(row.name == called for row in list_tokens(session, [person.id])):
                raise AlreadyExists(f"There is a token '{called}' already. Revoke it first, or choose another name.")
            row = add_token(session, person.id, called, hash_token(secret), wanted, now=now, expires_at=expires_at)
            detail = {"scopes": list(wanted), "person": person.email}
            note(session, "token.made", Subject("token", row.id, called), at=now, detail=detail)
            return _kept(row, person), secret

    def revoke(self, caller: Caller, token_id: str) -> None:
        """A token stops working at once. Raises NotFound, also for other people's unless the caller may see them."""
        require(caller, "token.own")
        with self.store.write() as session:
            row = get_token(session, token_id)
            person = get_person(session, row.person_id)
            if person.organisation_id != self.organisation_id or row.revoked_at is not None:
                raise NotFound(f"There is no token '{token_id}'.")
            if person.id != caller.person_id and not may(caller, "token.all"):
                raise NotFound(f"There is no token '{token_id}'.")
            _require_over(caller, person)
            revoke_tokens(session, [row.id], now=self.clock())
            note(session, "token.revoked", Subject("token", row.id, row.name), at=self.clock())

    def drop_environment_token(self) -> None:
        """Revoke the token that BRIDGECAST_OWNER_TOKEN once gave: it is not set any more."""
        with self.store.write() as session:
            people = [person.id for person in list_people(session, self.organisation_id)]
            rows = [row for row in list_tokens(session, people) if row.name == OF_ENVIRONMENT]
            revoke_tokens(session, [row.id for row in rows], now=self.clock())
            for row in rows:
                note(session, "token.revoked", Subject("token", row.id, row.name), at=self.clock())

    def _whose(self, session: Session, caller: Caller, person_id: str | None) -> Person:
        if person_id in (None, caller.person_id):
            return get_person(session, caller.person_id)
        require(caller, "token.all")
        person = get_person(session, str(person_id))
        if person.organisation_id != self.organisation_id or person.left_at is not None:
            raise NotFound(f"There is no person '{person_id}'.")
        _require_over(caller, person)
        return person


def _require_over(caller: Caller, person: Person) -> None:
    """An administrator with an owner's token would be an owner."""
    if person.role == "owner" and caller.role != "owner":
        raise AccessDenied("Only an owner may make or revoke the token of an owner.")


def _checked_name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or not is_one_line(name):
        raise DataError(f"A token has a name of 1 to {LONGEST_NAME} characters on one line.", field="name")
    if name == OF_ENVIRONMENT:
        raise DataError(
            f"'{OF_ENVIRONMENT}' is the token that the environment gives. Choose another name.", field="name"
        )
    return name


def _checked_scopes(caller: Caller, person: Person, scopes: Collection[str]) -> tuple[str, ...]:
    if not scopes or (unknown := sorted(set(scopes) - set(ALL_SCOPES))):
        found = f"There is no scope '{unknown[0]}'." if scopes else "A token needs a scope."
        raise DataError(f"{found} Scopes: {', '.join(ALL_SCOPES)}.", field="scopes")
    allowed = scopes_of(person.role) & caller.scopes
    if beyond := [scope for scope in ALL_SCOPES if scope in scopes and scope not in allowed]:
        held = ", ".join(scope for scope in ALL_SCOPES if scope in allowed)
        raise AccessDenied(f"Scope '{beyond[0]}' is beyond the role {person.role}. It allows: {held}.")
    return tuple(scope for scope in ALL_SCOPES if scope in scopes)


def _kept(row: ApiToken, person: Person) -> KeptToken:
    scopes = tuple(row.scopes.split())
    who = (person.id, person.name or person.email)
    return KeptToken(row.id, row.name, scopes, *who, row.created_at, row.expires_at, row.last_used_at)
