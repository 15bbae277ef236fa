"""The launcher as a program: real processes in a small tree of their own, on free ports."""

from __future__ import annotations

import ast
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
from tests.ports import free_port

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
    shutil.copytree(ROOT / ".streamlit", tmp_path / ".streamlit")
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
        connection = http.client.HTTPConnection("localhost", self.api_port, timeout=DEADLINE_S)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/healthz")
            return connection.getresponse().read().decode()
        return None

    def kill_sidecar(self) -> str:
        """Kill it; what it answered before, with its pid at the end."""
        before = self.sidecar()
        assert before is not None
        os.kill(int(before.split()[-1].rstrip("}")), signal.SIGKILL)
        return before


def with_launcher(tree: Path, was: str, becomes: str) -> Path:
    """The checkout with another piece of code in its launcher."""
    code = (tree / "run.py").read_text()
    assert was in code
    (tree / "run.py").write_text(code.replace(was, becomes))
    return tree


@pytest.fixture
def without_pauses(tree: Path) -> Path:
    """A checkout whose launcher restarts at once."""
    return with_launcher(tree, "LONGEST_PAUSE_S = 10", "LONGEST_PAUSE_S = 0")


@pytest.fixture
def with_a_long_pause(tree: Path) -> Path:
    """A checkout whose launcher leaves time for what a test does before a restart."""
    return with_launcher(tree, "pause = min(", "pause = max(5, ")


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


def run_to_its_end(tree: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A launcher that refuses to start."""
    return subprocess.run(
        [sys.executable, "run.py"],
        cwd=tree,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


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
    before = running.kill_sidecar()
    until(lambda: running.sidecar() not in (None, before))


def test_a_child_that_cannot_live_ends_it_with_its_last_words(
    without_pauses: Path, start: Callable[[], Running]
) -> None:
    (without_pauses / "core" / "scheduler.py").write_text("raise SystemExit('the store is broken')")
    running = start()
    assert running.process.wait(DEADLINE_S) == run.FAILED
    text = running.errors.read_text()
    assert text.endswith("The sidecar died 5 times before it was well. Its last words:\nthe store is broken\n")
    assert text.count("sidecar | the store is broken") == run.DEATHS_ALLOWED
    assert is_free(running.ui_port)


def test_a_death_after_being_well_starts_the_count_anew(without_pauses: Path, start: Callable[[], Running]) -> None:
    running = start()
    running.wait_until_ready()
    (without_pauses / "core" / "scheduler.py").write_text("raise SystemExit('the store is broken')")
    running.kill_sidecar()
    assert running.process.wait(DEADLINE_S) == run.FAILED
    assert running.errors.read_text().count("sidecar | the store is broken") == run.DEATHS_ALLOWED


def test_a_port_taken_while_its_child_was_away_ends_it(with_a_long_pause: Path, start: Callable[[], Running]) -> None:
    running = start()
    running.wait_until_ready()
    running.kill_sidecar()
    until(lambda: is_free(running.api_port))
    with socket.create_server(("localhost", running.api_port)):
        assert running.process.wait(DEADLINE_S) == run.PORT_TAKEN
    assert f"Port {running.api_port} is in use" in running.errors.read_text()


def test_a_wrong_setting_is_said_at_once(tree: Path, start: Callable[[], Running]) -> None:
    (tree / "core" / "scheduler.py").write_text("import sys; print('BRIDGECAST_LOG is odd.'); sys.exit(2)")
    running = start()
    assert running.process.wait(DEADLINE_S) == run.WRONG_ENVIRONMENT
    assert "The sidecar did not start:\nBRIDGECAST_LOG is odd." in running.errors.read_text()


def test_a_taken_port_is_one_sentence(tree: Path) -> None:
    with socket.create_server(("localhost", 0)) as holder:
        port = holder.getsockname()[1]
        ended = run_to_its_end(tree, BRIDGECAST_UI_PORT=str(port), BRIDGECAST_API_PORT=str(free_port()))
    sentence = f"Port {port} is in use; set BRIDGECAST_UI_PORT to another one, or stop what listens there.\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (run.PORT_TAKEN, "", sentence)


def test_one_port_for_both_is_refused() -> None:
    with pytest.raises(run.Refusal, match="are both 8502: give them two ports"):
        run.read_addresses({"BRIDGECAST_UI_PORT": "8502"})


@pytest.mark.parametrize("host", ["192.0.2.5", "no-such-host.invalid", "two words"])
def test_a_host_that_is_not_this_computer_is_refused(host: str) -> None:
    with pytest.raises(run.Refusal, match="no address of this computer"):
        run.read_addresses({"BRIDGECAST_HOST": host})


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "localhost"])
def test_a_host_that_is_this_computer_is_taken(host: str) -> None:
    assert run.read_addresses({"BRIDGECAST_HOST": host})[0] == host


def test_a_refused_host_is_one_sentence(tree: Path) -> None:
    ended = run_to_its_end(tree, BRIDGECAST_HOST="192.0.2.5")
    assert ended.returncode == run.WRONG_ENVIRONMENT
    assert ended.stderr.startswith("BRIDGECAST_HOST is '192.0.2.5'")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(run.Refusal, match="BRIDGECAST_API_PORT is"):
        run.read_addresses({"BRIDGECAST_API_PORT": port})


def test_an_old_python_is_one_sentence() -> None:
    with pytest.raises(run.Refusal, match=r"needs Python 3\.11 or newer, this is 3\.9"):
        run.check_python((3, 9))


def test_an_old_python_can_read_the_file_that_refuses_it() -> None:
    code = (ROOT / "run.py").read_text()
    ast.parse(code, feature_version=(3, 6))
    assert "from __future__" not in code


def test_an_environment_with_a_killed_set_up_is_not_whole(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PYTHON", tree / ".venv" / "bin" / "python")
    monkeypatch.setattr(run, "UNFINISHED", tree / ".venv" / ".unfinished")
    assert run.is_whole()
    run.UNFINISHED.touch()
    assert not run.is_whole()


def test_an_environment_whose_python_is_gone_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PYTHON", tmp_path / "bin" / "python")
    assert not run.is_whole()


@pytest.mark.parametrize(
    ("host", "ui_url", "names"),
    [
        ("localhost", "", ["127.0.0.1", "::1", "localhost"]),
        ("localhost", "https://b.example.org/", ["127.0.0.1", "::1", "b.example.org", "localhost"]),
        ("0.0.0.0", "https://b.example.org", ["0.0.0.0", "127.0.0.1", "::1", "b.example.org", "localhost"]),
        ("0.0.0.0", "", []),
    ],
)
def test_the_app_lets_itself_be_asked_by_its_own_names_alone(host: str, ui_url: str, names: list[str]) -> None:
    assert run.own_names({"BRIDGECAST_UI_URL": ui_url}, host) == names


def handshake(port: int, name: str) -> str:
    """The first line of the app's answer to a browser that calls it by that name."""
    host = f"{name}:{port}"
    with socket.create_connection(("localhost", port), timeout=DEADLINE_S) as connection:
        connection.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Protocol: streamlit\r\n\r\n".encode()
        )
        return connection.recv(1024).decode(errors="replace").split("\r\n")[0]


def test_a_name_that_leads_to_this_computer_is_no_name_of_the_app(start: Callable[[], Running]) -> None:
    running = start()
    running.wait_until_ready()
    for name in ("localhost", "127.0.0.1", "[::1]"):
        assert "101" in handshake(running.ui_port, name)
    assert "403" in handshake(running.ui_port, "rebound.example")
