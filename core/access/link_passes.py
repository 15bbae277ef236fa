"""What a browser keeps after a reader gave a link's password: signed, for that link and that password alone."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, Signer

from core.access.keys import Keys

WORKS_FOR = timedelta(hours=12)


def make_pass(keys: Keys, link_id: str, password_hash: str, *, now: datetime) -> str:
    """A pass through the password of a link; another password makes it void."""
    until = int((now + WORKS_FOR).timestamp())
    return _signer(keys, link_id, password_hash).sign(str(until)).decode("ascii")


def is_pass(keys: Keys, text: str | None, link_id: str, password_hash: str, *, now: datetime) -> bool:
    """Whether this was made here for that link with that password, and has not ended."""
    try:
        until = int(_signer(keys, link_id, password_hash).unsign(text or ""))
    except (BadSignature, ValueError):
        return False
    return now < datetime.fromtimestamp(until, UTC)


def _signer(keys: Keys, link_id: str, password_hash: str) -> Signer:
    salt = f"bridgecast link password {link_id} {password_hash}"
    return Signer(keys.oldest_first, salt=salt, digest_method=hashlib.sha256)
