"""The token of an address by which somebody leaves an export's mails: the export's id and the address, signed.

It never ends: whoever finds an old mail may still leave.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from itsdangerous import BadSignature, Signer

from core.access.keys import Keys

ID_BYTES = 16


def sign_leave_token(keys: Keys, export_id: str, address: str) -> str:
    """The token, safe in a URL."""
    payload = UUID(export_id).bytes + address.encode("utf-8")
    return _signer(keys).sign(urlsafe_b64encode(payload).rstrip(b"=")).decode("ascii")


def read_leave_token(keys: Keys, token: str) -> tuple[str, str] | None:
    """Export id and address; None for everything that was not signed here, whatever is wrong with it."""
    try:
        bare = _signer(keys).unsign(token)
        payload = urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))
        return str(UUID(bytes=payload[:ID_BYTES])), payload[ID_BYTES:].decode("utf-8")
    except (BadSignature, ValueError):
        return None


def _signer(keys: Keys) -> Signer:
    return Signer(keys.oldest_first, salt="bridgecast leaving mails", digest_method=hashlib.sha256)
