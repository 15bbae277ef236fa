"""How many heaps the C library keeps for the threads of this process."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

M_ARENA_MAX, HEAPS = -8, 2


def share_heaps() -> None:
    """Let all threads share a few: with one for each of some thirty, what they free stays in pieces, and memory grows.

    Before threads begin: a heap that is there stays. mallopt(3) of glibc; `MALLOC_ARENA_MAX` wins, and another C
    library has no such setting. Measured by `bench.memory`.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)
