"""Signatures of calls that come in, as Standard Webhooks describes them: HMAC-SHA256 over id, time and the exact body.

A trigger's secret is derived from the installation's key and from the token of its address: nothing of it is stored, a
new address has a new one, and whoever only knows the address cannot sign.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from core.access.keys import Keys
from core.errors import AccessDenied

PREFIX, VERSION = "whsec_", "v1"
TOLERANCE = timedelta(minutes=5)
"""How far the clocks of both sides may differ, and how long a call may be under way."""
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
MOST_SIGNATURES = 10
_SALT = b"bridgecast calls of triggers\0"
_KNOWN_ID = re.compile(r"[\x21-\x7e]{1,255}")
_SECONDS = re.compile(r"[0-9]{1,12}")


def signing_secrets(keys: Keys, trigger_id: str, digest: str) -> tuple[str, ...]:
    """The secrets that calls may be signed with, the one to hand out first. digest: of the address's token."""
    said = _SALT + f"{trigger_id}\0{digest}".encode()
    made = (hmac.digest(key.encode(), said, sha256) for key in keys.keys)
    return tuple(PREFIX + b64encode(secret).decode("ascii") for secret in made)


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """What a caller sends as `webhook-signature`."""
    key = b64decode(secret.removeprefix(PREFIX))
    signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, sha256)
    return f"{VERSION},{b64encode(signed).decode('ascii')}"


def verified_id(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The id of a call that was signed with one of the secrets. Raises AccessDenied for every other one."""
    message_id, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not (_KNOWN_ID.fullmatch(message_id) and _SECONDS.fullmatch(timestamp)):
        raise AccessDenied(
            f"This trigger takes signed calls alone. Send {ID}, {TIMESTAMP} (seconds since 1970) and {SIGNATURE}, as "
            "Standard Webhooks describes them."
        )
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise AccessDenied(f"{TIMESTAMP} is more than 5 minutes from now. Set the clock right, then sign anew.")
    given = [one.encode("utf-8", "replace") for one in headers.get(SIGNATURE, "").split()[:MOST_SIGNATURES]]
    known = [signature(secret, message_id, timestamp, body).encode() for secret in secrets]
    if not any(hmac.compare_digest(one, right) for one in given for right in known):
        raise AccessDenied(
            f"{SIGNATURE} does not fit. Sign the exact bytes of the body with the secret that came with this address."
        )
    return message_id
