"""A sidecar of its own for a benchmark: the real process on a free loopback port, with a data folder of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from core.app import App, open_app
from core.settings import REPOSITORY, read_settings

HOST = "127.0.0.1"
DEADLINE_S = 60


@dataclass(frozen=True)
class Sidecar:
    """A running one. `app`: the same installation seen from this process, as the pages see it."""

    app: App
    process: subprocess.Popen[bytes]
    port: int

    def rss_mb(self) -> float:
        """Memory that it holds now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return round(int(line.split()[1]) / 1024, 1)
        raise SystemExit("The sidecar is gone.")

    def path_of(self, slug: str) -> str:
        """Path of the report link with this slug."""
        for export in self.app.exports.all():
            for link in export.links:
                if link.slug == slug:
                    return "/r/" + link.url.split("/r/", 1)[1]
        raise SystemExit(f"There is no link '{slug}'.")


def get(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own: status, headers, body."""
    connection = HTTPConnection(HOST, port, timeout=DEADLINE_S)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@contextmanager
def running(folder: Path, *, demo: bool) -> Iterator[Sidecar]:
    """Start it, wait until it is healthy, stop it at the end."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    os.environ |= {
        "BRIDGECAST_DATA_DIR": str(folder),
        "BRIDGECAST_API_PORT": str(port),
        "BRIDGECAST_HOST": HOST,
        "BRIDGECAST_DEMO": str(int(demo)),
        "BRIDGECAST_LOG": "warning",
    }
    process = subprocess.Popen([sys.executable, "-m", "core.scheduler"], cwd=REPOSITORY)
    try:
        _wait(process, port)
        app = open_app(read_settings())
        try:
            yield Sidecar(app, process, port)
        finally:
            app.close()
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"The sidecar ended with status {process.returncode}.")
        try:
            if get(port, "/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The sidecar did not become healthy.")
