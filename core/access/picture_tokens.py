"""The token of an address at which a card's picture is seen: the run and the file, signed.

It works for as long as the file is kept.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from itsdangerous import BadSignature, Signer

from core.access.keys import Keys

ID_BYTES = 16


def sign_picture_token(keys: Keys, run_id: str, name: str) -> str:
    """The token, safe in a URL."""
    payload = UUID(run_id).bytes + name.encode("utf-8")
    return _signer(keys).sign(urlsafe_b64encode(payload).rstrip(b"=")).decode("ascii")


def read_picture_token(keys: Keys, token: str) -> tuple[str, str] | None:
    """Run id and name of the file; None for everything that was not signed here, whatever is wrong with it."""
    try:
        bare = _signer(keys).unsign(token)
        payload = urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))
        return str(UUID(bytes=payload[:ID_BYTES])), payload[ID_BYTES:].decode("utf-8")
    except (BadSignature, ValueError):
        return None


def _signer(keys: Keys) -> Signer:
    return Signer(keys.oldest_first, salt="bridgecast picture", digest_method=hashlib.sha256)
