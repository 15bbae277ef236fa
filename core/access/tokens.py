"""API tokens: made, hashed, verified. Only a SHA-256 is kept: for 256 random bits a slow hash adds nothing."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from core.errors import AccessDenied
from core.model.access import Person
from core.store import Store
from core.store.people import LAST_USE_GRAIN, find_token, touch_token

ALL_SCOPES = ("read", "write", "run", "admin")
PREFIX = "bc_"


@dataclass(frozen=True)
class Caller:
    """Who acts: somebody who showed a valid token (`token_id`), who is signed in (`session_id`), or the built-in owner
    while nobody has a password (neither)."""

    person_id: str
    email: str
    role: str
    organisation_id: str
    scopes: frozenset[str]
    name: str = ""
    session_id: str | None = None
    token_id: str | None = None

    def require(self, scope: str) -> None:
        """Raises AccessDenied unless the token carries `scope`."""
        if scope not in self.scopes:
            held = ", ".join(s for s in ALL_SCOPES if s in self.scopes) or "none"
            raise AccessDenied(f"This needs a token with scope '{scope}'. This token's scopes: {held}.")


def make_token() -> str:
    """A new token. It is shown once: only its hash is kept."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def verify_token(store: Store, token: str, *, now: datetime) -> Caller | None:
    """Whose token it is; None when it is unknown or has ended, or its person has left. Remembers the last use."""
    digest = hash_token(token)
    with store.read() as session:
        found = find_token(session, digest)
    if found is None or not hmac.compare_digest(found[0].sha256, digest):
        return None
    row, person = found
    has_ended = row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now)
    if has_ended or person.left_at is not None:
        return None
    if row.last_used_at is None or now - row.last_used_at >= LAST_USE_GRAIN:
        with store.write() as session:
            touch_token(session, row.id, now=now)
    return caller_for(person, frozenset(row.scopes.split()), token_id=row.id)


def caller_for(
    person: Person, scopes: frozenset[str], *, session_id: str | None = None, token_id: str | None = None
) -> Caller:
    """A person as the one who acts."""
    who = (person.id, person.email, person.role, person.organisation_id)
    return Caller(*who, scopes, name=person.name, session_id=session_id, token_id=token_id)
