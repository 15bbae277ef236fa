"""Waiting for a state, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
DEADLINE_S = 120.0


def wait_for(look: Callable[[], Found], *, what: str | Callable[[], str], deadline_s: float = DEADLINE_S) -> Found:
    """What `look` finds, as soon as it is anything. what: is missing else; asked only then, where it is a function."""
    deadline = time.monotonic() + deadline_s
    while not (found := look()):
        missing = what if isinstance(what, str) or time.monotonic() < deadline else what()
        assert time.monotonic() < deadline, f"after {deadline_s} s still no {missing}"
        time.sleep(0.01)
    return found
