"""Ports for servers that are started a moment later."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

# Below those that the kernel gives to outgoing calls: one of these could take a port that was free a moment ago.
FIRST, LAST = 15_000, 32_000


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    drawn = random.SystemRandom()
    while True:
        port = drawn.randrange(FIRST, LAST)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
