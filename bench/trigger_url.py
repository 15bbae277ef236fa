"""From a call of a trigger URL to the first byte at the receiver: a real sidecar and a webhook on loopback.

Run: .venv/bin/python -m bench.trigger_url [--triggers 100]
Prints JSON; ends with status 1 if a figure misses its bound.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.rounds import Took, machine, show, summary
from bench.sidecar import HOST, Sidecar, get, running
from core.model.delivery import ExportSpec

BOUND_MS = 1000.0
AN_EXPORT = 20
"""An export has at most so many triggers."""
WARM_UP = 5
PATIENCE_S = 60


class Receiver(ThreadingHTTPServer):
    """Answers 200 to everything; `heard` gets the moment at which each request's first line was read."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Listener)
        self.heard: queue.Queue[float] = queue.Queue()


class _Listener(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.heard.put(time.perf_counter())
        self.rfile.read(int(self.headers.get("content-length", "0")))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        """Nothing is written."""


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver in a thread."""
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        thread.join()
        receiver.server_close()


def prepare(sidecar: Sidecar, port: int, count: int) -> list[str]:
    """Exports of a sample with trigger URLs and the receiver as webhook; the paths of the URLs."""
    app = sidecar.app
    caller = app.sessions.built_in_owner()
    settings = {"url": f"http://{HOST}:{port}/hook"}
    connection = app.connections.create("webhook", "Receiver", settings, {}, by=caller.person_id)
    paths: list[str] = []
    while len(paths) < count:
        export = {
            "name": f"Triggered {len(paths)}",
            "content": {"kind": "report", "analysis": "shop-revenue"},
            "triggers": [{"kind": "url"}] * min(AN_EXPORT, count - len(paths)),
            "refresh": "none",
            "destinations": [{"kind": "webhook", "connection": connection.id}],
        }
        saved = app.exports.create(ExportSpec.model_validate(export), by=caller.person_id)
        paths += [str(trigger.url).removeprefix(app.settings.report_base_url) for trigger in saved.triggers]
    return paths


def measure(sidecar: Sidecar, receiver: Receiver, paths: list[str]) -> dict[str, object]:
    """Call each once, and wait for what arrives."""
    answered, sent = [], []
    for number, path in enumerate(paths):
        began = time.perf_counter()
        status = get(sidecar.port, path)[0]
        took = time.perf_counter() - began
        if status != 202:
            raise SystemExit(f"The trigger URL answered {status}.")
        arrived = receiver.heard.get(timeout=PATIENCE_S)
        if number >= WARM_UP:
            answered.append(Took(took, 0.0))
            sent.append(Took(arrived - began, 0.0))
    figures = summary(sent)
    return {
        "answered": summary(answered),
        "first byte sent": figures,
        "p95_must_be_at_most_ms": BOUND_MS,
        "ok": figures["p95_ms"] <= BOUND_MS,
    }


def main() -> int:
    """All of it; 1 when the bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triggers", type=int, default=100)
    asked = parser.parse_args()
    os.environ["BRIDGECAST_EGRESS_ALLOW"] = HOST
    with tempfile.TemporaryDirectory() as folder, listening() as receiver, running(Path(folder), demo=True) as sidecar:
        paths = prepare(sidecar, receiver.server_port, asked.triggers + WARM_UP)
        figures = measure(sidecar, receiver, paths)
    show({"machine": machine(), "triggers": asked.triggers, **figures})
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
