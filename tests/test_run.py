"""The launcher as a program: real processes in a small tree of their own, on free ports."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import run

ROOT = Path(run.__file__).parent
DEADLINE_S = 60
SIDECAR = """
import http.server, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(b'{"product": "bridgecast", "pid": %d}' % os.getpid())
    def log_message(self, *_): pass
http.server.HTTPServer(("localhost", int(os.environ["BRIDGECAST_API_PORT"])), Answer).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def stamped(venv: Path, lock: Path) -> None:
    """Say that `venv` holds what `lock` names, as a finished set-up does."""
    (venv / f".{lock.name}.sha256").write_text(run.digest(lock))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with the real launcher, the environment that runs this test, and a sidecar of a few lines."""
    shutil.copy(ROOT / "run.py", tmp_path)
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").touch()
    (tmp_path / "core" / "scheduler.py").write_text(SIDECAR)
    (tmp_path / "Home.py").write_text("import streamlit as st\nst.write('hello')\n")
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    bin_dir = tmp_path / ".venv" / "bin"
    bin_dir.mkdir(parents=True)
    for part in ("lib", "pyvenv.cfg"):
        (tmp_path / ".venv" / part).symlink_to(Path(sys.prefix) / part)
    (bin_dir / "python").symlink_to(sys.executable)
    stamped(tmp_path / ".venv", tmp_path / "requirements.txt")
    return tmp_path


class Running:
    """A launcher under test."""

    def __init__(self, tree: Path) -> None:
        self.ui_port, self.api_port = free_port(), free_port()
        self.errors = tree / "stderr.txt"
        ports = {"BRIDGECAST_UI_PORT": str(self.ui_port), "BRIDGECAST_API_PORT": str(self.api_port)}
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "run.py"],
                cwd=tree,
                env={**os.environ, **ports},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def wait_until_ready(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors.read_text()
        return line

    def sidecar(self) -> str | None:
        connection = http.client.HTTPConnection("localhost", self.api_port, timeout=2)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/healthz")
            return connection.getresponse().read().decode()
        return None


@pytest.fixture
def start(tree: Path) -> Iterator[Callable[[], Running]]:
    started: list[Running] = []

    def start() -> Running:
        started.append(Running(tree))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.terminate()
        running.process.wait(DEADLINE_S)
        assert running.process.stdout is not None
        running.process.stdout.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("localhost", port)) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_says_one_line_when_both_are_well_and_a_signal_ends_both(
    start: Callable[[], Running], number: signal.Signals
) -> None:
    running = start()
    assert running.wait_until_ready() == f"Bridgecast is ready: http://localhost:{running.ui_port}\n"
    running.process.send_signal(number)
    assert running.process.wait(DEADLINE_S) == 0
    assert is_free(running.ui_port)
    assert is_free(running.api_port)
    assert running.process.stdout is not None
    assert running.process.stdout.read() == ""


def test_a_killed_launcher_leaves_no_orphan(start: Callable[[], Running]) -> None:
    running = start()
    running.wait_until_ready()
    running.process.kill()
    until(lambda: is_free(running.ui_port) and is_free(running.api_port))


def test_a_killed_child_comes_back(start: Callable[[], Running]) -> None:
    running = start()
    running.wait_until_ready()
    before = running.sidecar()
    assert before is not None
    os.kill(int(before.split()[-1].rstrip("}")), signal.SIGKILL)
    until(lambda: running.sidecar() not in (None, before))


def test_a_child_that_cannot_live_ends_it_with_its_last_words(
    tree: Path, start: Callable[[], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "core" / "scheduler.py").write_text("raise SystemExit('the store is broken')")
    code = (tree / "run.py").read_text().replace("LONGEST_PAUSE_S = 10", "LONGEST_PAUSE_S = 0")
    (tree / "run.py").write_text(code)
    running = start()
    assert running.process.wait(DEADLINE_S) == run.FAILED
    assert "died 5 times. Its last words:\nthe store is broken" in running.errors.read_text()
    assert is_free(running.ui_port)


def test_a_wrong_setting_is_said_at_once(tree: Path, start: Callable[[], Running]) -> None:
    (tree / "core" / "scheduler.py").write_text("import sys; print('BRIDGECAST_LOG is odd.'); sys.exit(2)")
    running = start()
    assert running.process.wait(DEADLINE_S) == run.WRONG_ENVIRONMENT
    assert "The sidecar did not start:\nBRIDGECAST_LOG is odd." in running.errors.read_text()


def test_a_taken_port_is_one_sentence() -> None:
    with socket.create_server(("localhost", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(run.Refusal, match=f"Port {port} is in use; set BRIDGECAST_UI_PORT to another one"):
            run.check_port("localhost", port, "BRIDGECAST_UI_PORT")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.5", "example.org"])
def test_a_host_that_others_could_reach_is_refused(host: str) -> None:
    with pytest.raises(run.Refusal, match="listens on this computer only"):
        run.read_addresses({"BRIDGECAST_HOST": host})


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(run.Refusal, match="BRIDGECAST_API_PORT is"):
        run.read_addresses({"BRIDGECAST_API_PORT": port})


def test_an_old_python_is_one_sentence() -> None:
    with pytest.raises(run.Refusal, match=r"needs Python 3\.11 or newer, this is 3\.9"):
        run.check_python((3, 9))


def test_an_environment_whose_python_is_gone_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PYTHON", tmp_path / "bin" / "python")
    assert not run.is_whole()
