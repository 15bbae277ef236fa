"""Throws made-up requests at every operation of the API for a while: `python -m bench.fuzz [seconds [options]]`.

A sidecar of its own on a folder of its own, the samples in it, and schemathesis over the whole description: no answer
may be a fault (5xx), and none may have a status, a type or a form that the description does not name. Ends with
schemathesis's own status; what it found stands on standard output, with a call of curl for each. Options are those of
schemathesis, such as `--report-json-path found.json`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "fuzz-owner-token-of-the-bench"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
SECONDS = 600
# What is there, so that requests get behind the first look-up. Nothing of it is deleted.
KNOWN = """
[parameters]
"path.organization_id" = "{organisation}"
[[operations]]
include-path-regex = "/datasets/"
exclude-method = "DELETE"
parameters = {{ "path.slug" = "shop" }}
[[operations]]
include-path-regex = "/analyses/"
exclude-method = "DELETE"
parameters = {{ "path.slug" = "shop-revenue" }}
[[operations]]
include-path-regex = "/exports/"
exclude-method = "DELETE"
parameters = {{ "path.export_id" = "{export}", "path.link_id" = "{link}" }}
[[operations]]
include-path-regex = "/people/"
include-method = "GET"
parameters = {{ "path.person_id" = "{person}" }}
"""
START_S = 180


def main(arguments: list[str]) -> int:
    """Fuzz for so many seconds; schemathesis's exit status."""
    seconds = int(arguments[0]) if arguments else SECONDS
    program = shutil.which("schemathesis", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if program is None:
        print("schemathesis is not installed: it stands in requirements-test.txt.", file=sys.stderr)
        return 2
    with TemporaryDirectory(prefix="fuzz-") as folder:
        port = free_port()
        sidecar = start_sidecar(Path(folder), port)
        try:
            return fuzz(program, Path(folder), port, wait_for_known(port), seconds, arguments[1:])
        finally:
            sidecar.send_signal(signal.SIGTERM)
            sidecar.wait(120)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("localhost", 0)) as listener:
        return int(listener.getsockname()[1])


def start_sidecar(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """The real sidecar with the samples."""
    settings = {
        "BRIDGECAST_DATA_DIR": str(folder / "var"),
        "BRIDGECAST_API_PORT": str(port),
        "BRIDGECAST_OWNER_TOKEN": TOKEN,
        "BRIDGECAST_DEMO": "1",
        "BRIDGECAST_LOG": "error",
    }
    return subprocess.Popen([sys.executable, "-m", "core.scheduler"], cwd=ROOT, env={**os.environ, **settings})


def wait_for_known(port: int) -> dict[str, str]:
    """The ids of what is there, once the sidecar answers."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            me = asked(port, "/api/v1/me")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            break
    export = asked(port, f"/api/v1/orgs/{me['organization_id']}/exports")["results"][0]
    ids = {"organisation": me["organization_id"], "person": me["id"]}
    return {**ids, "export": export["id"], "link": export["links"][0]["id"]}


def asked(port: int, path: str) -> dict[str, Any]:
    """What the sidecar answers the owner."""
    request = urllib.request.Request(f"http://localhost:{port}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return dict(json.load(answer))


def fuzz(program: str, folder: Path, port: int, known: dict[str, str], seconds: int, options: list[str]) -> int:
    """Run schemathesis; its exit status."""
    (folder / "schemathesis.toml").write_text(KNOWN.format_map(known))
    command = [
        *(program, "run", f"http://localhost:{port}/api/v1/openapi.json", "--header", f"Authorization: Bearer {TOKEN}"),
        *("--checks", ",".join(CHECKS), "--max-time", str(seconds), "--request-timeout", "60"),
        # One: where two threads parse source, as Hypothesis does, Python 3.11 may fail (CPython's issue 106905).
        *("--workers", "1"),
        *("--continue-on-failure", "--no-shrink", *options),
    ]
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
