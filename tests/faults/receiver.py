"""A receiver of webhooks on loopback: keeps what came, and answers as it is told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Came:
    """One message."""

    path: str
    message_id: str
    timestamp: str
    occurrence: str
    body: bytes


Answer = tuple[int, dict[str, str]]


@dataclass
class Receiver:
    """What came in its order. answer: status and headers for a message; called after it was kept."""

    port: int = 0
    came: list[Came] = field(default_factory=list)
    answer: Callable[[Came], Answer] = lambda came: (200, {})
    guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def counts(self) -> Counter[str]:
        """How often each message came."""
        with self.guard:
            return Counter(came.message_id for came in self.came)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def take(self, came: Came) -> Answer:
        with self.guard:
            self.came.append(came)
        return self.answer(came)


@contextmanager
def receiver() -> Iterator[Receiver]:
    own = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            named = ("webhook-id", "webhook-timestamp", "X-Bridgecast-Occurrence")
            status, headers = own.take(Came(self.path, *(self.headers.get(name, "") for name in named), body))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: it would fill the tests' output."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A caller that was killed cuts its line: that is what these tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    own.port = server.server_address[1]
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield own
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
