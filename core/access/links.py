"""A report link's token: the link's id and version, signed. So pages can show the address again, and raising the
version makes the old one unknown."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from itsdangerous import BadSignature, Signer

from core.access.keys import Keys

ID_BYTES, VERSION_BYTES = 16, 5  # 21 bytes make 28 characters without padding


def sign_link_token(keys: Keys, link_id: str, version: int) -> str:
    """The token of a link, safe in a URL."""
    payload = UUID(link_id).bytes + version.to_bytes(VERSION_BYTES)
    return _signer(keys).sign(urlsafe_b64encode(payload)).decode("ascii")


def read_link_token(keys: Keys, token: str) -> tuple[str, int] | None:
    """Link id and version; None for everything that was not signed here, whatever is wrong with it."""
    try:
        payload = urlsafe_b64decode(_signer(keys).unsign(token))
    except (BadSignature, ValueError):
        return None
    return str(UUID(bytes=payload[:ID_BYTES])), int.from_bytes(payload[ID_BYTES:])


def _signer(keys: Keys) -> Signer:
    return Signer(keys.oldest_first, salt="bridgecast report link", digest_method=hashlib.sha256)
