"""Passwords: argon2id, at most two at a time, and the same time for somebody who has none."""

from __future__ import annotations

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import DataError
from core.settings import SHORTEST_PASSWORD

LONGEST = 1024
# A check takes 64 MiB and some 50 ms: many at once must not take the machine's memory.
AT_ONCE = 2
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1, type=Type.ID)
_room = threading.BoundedSemaphore(AT_ONCE)


def check_new_password(password: str, email: str) -> None:
    """Raises DataError unless the password may be set for the person with that address."""
    if len(password) < SHORTEST_PASSWORD:
        raise DataError(
            f"The password has {len(password)} characters. Use at least {SHORTEST_PASSWORD}.", field="password"
        )
    if len(password) > LONGEST:
        raise DataError(f"The password is longer than {LONGEST} characters. Use a shorter one.", field="password")
    if password.casefold() == email.casefold() or len(set(password)) < 4:
        raise DataError("This password is guessed at once. Use one that nobody would try.", field="password")


def hash_password(password: str) -> str:
    """What is kept of a password: argon2id with its salt and its cost."""
    with _room:
        return _hasher.hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Whether it is the password behind the hash. None, for somebody without one, takes as long and is no."""
    with _room:
        try:
            return _hasher.verify(password_hash or _nobodys_hash(), password[:LONGEST]) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))
