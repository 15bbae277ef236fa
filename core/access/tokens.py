"""API tokens: made, hashed, verified. Only a SHA-256 is kept: for 256 random bits a slow hash adds nothing."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from core.errors import AccessDenied
from core.store import Store
from core.store.people import LAST_USE_GRAIN, find_token, touch_token

ALL_SCOPES = ("read", "write", "run", "admin")
PREFIX = "bc_"


@dataclass(frozen=True)
class Caller:
    """Somebody who showed a valid token."""

    person_id: str
    email: str
    role: str
    organisation_id: str
    scopes: frozenset[str]

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
    """Whose token it is; None when it is unknown or has expired. Remembers the last use."""
    digest = hash_token(token)
    with store.read() as session:
        found = find_token(session, digest)
    if found is None or not hmac.compare_digest(found[0].sha256, digest):
        return None
    row, person = found
    if row.expires_at is not None and row.expires_at <= now:
        return None
    if row.last_used_at is None or now - row.last_used_at >= LAST_USE_GRAIN:
        with store.write() as session:
            touch_token(session, row.id, now=now)
    return Caller(person.id, person.email, person.role, person.organisation_id, frozenset(row.scopes.split()))
