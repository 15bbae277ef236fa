"""An id and a text in one signed token, safe in a URL: what addresses carry that somebody opens without signing in."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from itsdangerous import BadSignature, Signer

from core.access.keys import Keys

ID_BYTES = 16


def sign_pair(keys: Keys, own_id: str, text: str, *, salt: str) -> str:
    """The token. salt: tells tokens of one purpose from those of another."""
    payload = UUID(own_id).bytes + text.encode("utf-8")
    return _signer(keys, salt).sign(urlsafe_b64encode(payload).rstrip(b"=")).decode("ascii")


def read_pair(keys: Keys, token: str, *, salt: str) -> tuple[str, str] | None:
    """Id and text; None for everything that was not signed here for this purpose, whatever is wrong with it."""
    try:
        bare = _signer(keys, salt).unsign(token)
        payload = urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))
        return str(UUID(bytes=payload[:ID_BYTES])), payload[ID_BYTES:].decode("utf-8")
    except (BadSignature, ValueError):
        return None


def _signer(keys: Keys, salt: str) -> Signer:
    return Signer(keys.oldest_first, salt=salt, digest_method=hashlib.sha256)
