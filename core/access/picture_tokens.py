"""The token of an address at which a card's picture is seen: the run and the file, signed.

It works for as long as the file is kept.
"""

from __future__ import annotations

from core.access.keys import Keys
from core.access.signed_pairs import read_pair, sign_pair

SALT = "bridgecast picture"


def sign_picture_token(keys: Keys, run_id: str, name: str) -> str:
    """The token, safe in a URL."""
    return sign_pair(keys, run_id, name, salt=SALT)


def read_picture_token(keys: Keys, token: str) -> tuple[str, str] | None:
    """Run id and name of the file; None for everything that was not signed here, whatever is wrong with it."""
    return read_pair(keys, token, salt=SALT)
