"""A receiver on bare sockets that does by path what no server should: hang, drip, never end, tear the line down."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PIECE = 65_536
DRIP_S = 0.5
HEAD = b"HTTP/1.1 200 OK\r\n"


@dataclass
class RawReceiver:
    """poured: bytes that were taken of an answer, by path; ids: of the messages that came, by path."""

    port: int = 0
    poured: Counter[str] = field(default_factory=Counter)
    ids: dict[str, list[str]] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, line: socket.socket) -> None:
        """One call, whole, then what its path says."""
        path, message_id = _read(line)
        self.ids.setdefault(path, []).append(message_id)
        match path:
            case "/hang":
                self.stopping.wait()
            case "/drip":
                self._drip(line)
            case "/endless":
                self._pour(line, path, b"\r\n", b"x" * PIECE)
            case "/bomb":
                packed = gzip.compress(bytes(50_000_000))
                self._pour(line, path, b"Content-Encoding: gzip\r\n\r\n", packed)
            case _:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _drip(self, line: socket.socket) -> None:
        for byte in HEAD + b"X-Slow: " + b"y" * 10_000:
            line.sendall(bytes([byte]))
            if self.stopping.wait(DRIP_S):
                return

    def _pour(self, line: socket.socket, path: str, head: bytes, piece: bytes) -> None:
        line.sendall(HEAD + head)
        while not self.stopping.is_set():
            line.sendall(piece)
            self.poured[path] += len(piece)


def _read(line: socket.socket) -> tuple[str, str]:
    head, _, body = _until_head(line)
    fields = dict(row.lower().split(b": ", 1) for row in head.split(b"\r\n")[1:])
    missing = int(fields[b"content-length"]) - len(body)
    while missing > 0:
        missing -= len(line.recv(PIECE))
    return head.split(b" ", 2)[1].decode(), fields[b"webhook-id"].decode()


def _until_head(line: socket.socket) -> tuple[bytes, bytes, bytes]:
    read = b""
    while b"\r\n\r\n" not in read:
        read += line.recv(PIECE)
    return read.partition(b"\r\n\r\n")


@contextmanager
def raw_receiver() -> Iterator[RawReceiver]:
    own = RawReceiver()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        own.port = listener.getsockname()[1]

        def one(line: socket.socket) -> None:
            with line, suppress(OSError):
                own.answer(line)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    threading.Thread(target=one, args=(line,), daemon=True).start()

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        try:
            yield own
        finally:
            own.stopping.set()
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()
