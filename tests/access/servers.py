"""Real servers on loopback: one that answers as it is told, one that never does, and a proxy."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Told:
    """What a server answers, and what it was asked."""

    status: int = 200
    body: bytes = b"hello"
    headers: dict[str, str] = field(default_factory=dict)
    port: int = 0
    asked: list[str] = field(default_factory=list)
    received: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def http_server(tls: ssl.SSLContext | None = None, *, keeps_lines: bool = False, **told: Any) -> Iterator[Told]:
    """Answers every GET and POST alike."""
    state = Told(**told)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keeps_lines else "HTTP/1.0"

        def do_GET(self) -> None:
            state.asked.append(self.path)
            state.received.append(dict(self.headers))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(state.status)
            for name, value in {"Content-Length": str(len(state.body)), **state.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            # Whoever reads to a limit hangs up early.
            try:
                self.wfile.write(state.body)
            except OSError:
                self.close_connection = True

        do_POST = do_GET  # noqa: N815  http.server asks for this name

        def log_message(self, *_arguments: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            """A client that does not trust the certificate hangs up: expected."""

        def finish_request(self, request: Any, client_address: Any) -> None:
            if tls is not None:
                request = tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
            request.close()

    server = Server(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    with _running(server.serve_forever, server.shutdown):
        yield state
    server.server_close()


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections and never says a word; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@dataclass
class Proxy:
    """A CONNECT proxy: its port, the heads it was sent, the port it leads to whatever is asked for."""

    leads_to: int
    status: str = "200 Connection established"
    port: int = 0
    heads: list[str] = field(default_factory=list)


@contextmanager
def connect_proxy(leads_to: int, **given: Any) -> Iterator[Proxy]:
    """Digs one tunnel after the other."""
    state = Proxy(leads_to, **given)
    listener = socket.create_server(("127.0.0.1", 0))
    state.port = int(listener.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_dig, args=(client, state), daemon=True).start()

    def stop() -> None:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    with _running(serve, stop):
        yield state


def _dig(client: socket.socket, state: Proxy) -> None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    state.heads.append(head.decode("ascii"))
    client.sendall(f"HTTP/1.1 {state.status}\r\nVia: tests\r\n\r\n".encode("ascii"))
    if not state.status.startswith("200"):
        client.close()
        return
    server = socket.create_connection(("127.0.0.1", state.leads_to))
    back = threading.Thread(target=_pour, args=(server, client), daemon=True)
    back.start()
    _pour(client, server)
    back.join(10)
    client.close()
    server.close()


def _pour(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(65_536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def _running(serve: Any, stop: Any) -> Iterator[None]:
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(10)


@contextmanager
def dripping_server(words: bytes, every_s: float = 0.05, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Says `words` to whoever connects and then one byte after the other without end; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def drip(client: socket.socket) -> None:
        try:
            with tls.wrap_socket(client, server_side=True) if tls else client as line:
                line.sendall(words)
                while not stopped.wait(every_s):
                    line.sendall(b"x")
        except OSError:
            return

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(client,), daemon=True).start()

    def stop() -> None:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    with _running(serve, stop):
        yield int(listener.getsockname()[1])
