"""Waiting for a state, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
DEADLINE_S = 60.0


def wait_for(look: Callable[[], Found], *, what: str, deadline_s: float = DEADLINE_S) -> Found:
    """What `look` finds, as soon as it is anything."""
    deadline = time.monotonic() + deadline_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"after {deadline_s} s still no {what}"
        time.sleep(0.01)
    return found
