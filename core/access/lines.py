"""Lines to the outside that end in time: a deadline for all of a call, however few bytes drip in meanwhile."""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TIME_IS_UP = "timed out: the call took too long as a whole"


class Timed(socket.socket):
    """Every wait ends at its own timeout or at the deadline, whichever comes first, in TimeoutError."""

    _until_s: float = math.inf
    _timeout_s: float | None = None

    def end_within(self, seconds: float) -> None:
        """Set the deadline, counted from now."""
        self._until_s = time.monotonic() + seconds

    def settimeout(self, value: float | None, /) -> None:
        """How long one wait may take."""
        self._timeout_s = value
        super().settimeout(value)

    def recv(self, *given: Any) -> bytes:
        """Wait for bytes."""
        with self._hurrying():
            return super().recv(*given)

    def recv_into(self, *given: Any) -> int:
        """Wait for bytes; files made of the line read by it."""
        with self._hurrying():
            return super().recv_into(*given)

    def send(self, *given: Any) -> int:
        """Send what is taken at once."""
        with self._hurrying():
            return super().send(*given)

    def sendall(self, *given: Any) -> None:
        """Send all of it."""
        with self._hurrying():
            super().sendall(*given)

    @contextmanager
    def _hurrying(self) -> Iterator[None]:
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(TIME_IS_UP)
        if left_s < math.inf:
            super().settimeout(left_s if self._timeout_s is None else min(left_s, self._timeout_s))
        try:
            yield
        except TimeoutError:
            if time.monotonic() >= self._until_s:
                raise TimeoutError(TIME_IS_UP) from None
            raise


class Line(Timed):
    """A connected socket with a deadline."""

    @classmethod
    def of(cls, connected: socket.socket, whole_s: float) -> Line:
        """The same connection, to end within so many seconds; `connected` is used up."""
        timeout_s = connected.gettimeout()
        line = cls(connected.family, connected.type, connected.proto, connected.detach())
        line.settimeout(timeout_s)
        line.end_within(whole_s)
        return line


class TlsLine(Timed, ssl.SSLSocket):
    """What a context makes of a `Line`, whose deadline goes on. Set as the context's `sslsocket_class`."""

    @classmethod
    def _create(cls, sock: socket.socket, *given: Any, **more: Any) -> TlsLine:
        # The only place where the library shows both the line and what becomes of it.
        made: TlsLine = super()._create(sock, *given, **more)  # type: ignore[misc]
        made._until_s = sock._until_s if isinstance(sock, Timed) else math.inf
        return made
