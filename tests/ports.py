"""Ports for servers that are started a moment later."""

from __future__ import annotations

import fcntl
import random
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

# Below those that the kernel gives to outgoing calls: one of these could take a port that was free a moment ago.
FIRST, LAST = 15_000, 32_000
# Who draws a port locks its byte here as long as the process lives: until its server listens, which takes a while,
# nobody else draws it.
BOOK = (Path(tempfile.gettempdir()) / "bridgecast-test-ports").open("ab")
DRAWN: set[int] = set()


def free_port() -> int:
    """A port of this machine that nobody listens on, and that no other test of this machine has drawn."""
    drawn = random.SystemRandom()
    while True:
        port = drawn.randrange(FIRST, LAST)
        if port in DRAWN:
            continue
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            fcntl.lockf(BOOK, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            DRAWN.add(port)
            return port
