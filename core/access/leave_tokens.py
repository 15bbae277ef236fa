"""The token of an address by which somebody leaves an export's mails: the export's id and the address, signed.

It never ends: whoever finds an old mail may still leave.
"""

from __future__ import annotations

from core.access.keys import Keys
from core.access.signed_pairs import read_pair, sign_pair

SALT = "bridgecast leaving mails"


def sign_leave_token(keys: Keys, export_id: str, address: str) -> str:
    """The token, safe in a URL."""
    return sign_pair(keys, export_id, address, salt=SALT)


def read_leave_token(keys: Keys, token: str) -> tuple[str, str] | None:
    """Export id and address; None for everything that was not signed here, whatever is wrong with it."""
    return read_pair(keys, token, salt=SALT)
