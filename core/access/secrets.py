"""Secrets at rest: sealed with the newest of the installation's keys, opened by any of them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.access.keys import Keys
from core.errors import SecretsLost
from core.logs import never_log

SALT = b"bridgecast secrets at rest"
FERNET_BYTES, ID_BYTES = 32, 4


class Secrets:
    """Seals and opens texts such as passwords. A sealed text is "<id of its key>:<Fernet token>"."""

    def __init__(self, keys: Keys) -> None:
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in keys.keys])
        self._ids = tuple(map(key_id, keys.keys))

    def seal(self, values: Mapping[str, str]) -> str:
        """The values as one text that only holders of the newest key can read."""
        never_log(values.values())
        token = self._fernet.encrypt(json.dumps(dict(values)).encode("utf-8"))
        return f"{self._ids[0]}:{token.decode('ascii')}"

    def open(self, sealed: str) -> dict[str, str]:
        """What was sealed. Raises SecretsLost when its key is not there any more."""
        values: dict[str, str] = json.loads(self._decrypt(sealed))
        never_log(values.values())
        return values

    def renew(self, sealed: str) -> str:
        """The same values, sealed with the newest key. Raises SecretsLost."""
        if self.is_newest(sealed):
            return sealed
        return self.seal(self.open(sealed))

    def is_newest(self, sealed: str) -> bool:
        """Whether the newest key sealed it."""
        return sealed.partition(":")[0] == self._ids[0]

    def _decrypt(self, sealed: str) -> bytes:
        own, _, token = sealed.partition(":")
        try:
            return self._fernet.decrypt(token.encode("utf-8", "surrogateescape"))
        except InvalidToken:
            raise SecretsLost(_sentence(own, self._ids)) from None


def key_id(key: str) -> str:
    """Names a key without giving anything of it away: 8 hexadecimal digits."""
    return _derived(key, b"id", ID_BYTES).hex()


def _fernet_key(key: str) -> bytes:
    return urlsafe_b64encode(_derived(key, b"fernet", FERNET_BYTES))


def _derived(key: str, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, SALT, purpose).derive(key.encode("utf-8"))


def _sentence(own: str, known: tuple[str, ...]) -> str:
    if own in known:
        return "The secrets were damaged in the store. Type them again, or put a backup in its place."
    there = f"the key of this installation is {known[0]}" if len(known) == 1 else f"those there are: {', '.join(known)}"
    return (
        f"The secrets were sealed with key {own or 'unknown'}, and {there}. Put the old key behind the others in "
        "BRIDGECAST_SECRET_KEY, or type the secrets again."
    )
