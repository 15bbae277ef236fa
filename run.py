#!/usr/bin/env python3
"""Bridgecast in two commands, with nothing but Python 3.11 or newer on the machine.

    python3 run.py                        set up, start the app and its sidecar, print the address
    python3 run.py test [pytest …]        set up, run the tests

Ends with status 0 on Ctrl-C, SIGTERM and SIGHUP; 1 when a part cannot be kept alive; 2 when the environment is wrong;
3 when a port is taken.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import errno
import hashlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = "uv==0.13.9"
LOCK, TEST_LOCK = "requirements.txt", "requirements-test.txt"
OLDEST_PYTHON = (3, 11)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
FAILED, WRONG_ENVIRONMENT, PORT_TAKEN = 1, 2, 3
WRONG_SETTING = 2  # what a child ends with when waiting cannot mend it
DEATHS_ALLOWED = 5
LONGEST_PAUSE_S = 10
GRACE_S = 10
LOOK_S = 0.1
LAST_WORDS = 20
PR_SET_PDEATHSIG = 1


class Refusal(Exception):
    """Something that the reader has to mend; `status` is what the launcher ends with."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def main(arguments: list[str]) -> int:
    """Run what the arguments ask for; the exit status."""
    try:
        check_python(sys.version_info[:2])
        if arguments[:1] == ["test"]:
            return run_tests(arguments[1:])
        if arguments:
            raise Refusal(
                f"Unknown argument '{arguments[0]}'. Use: run.py, or run.py test [pytest …].", WRONG_ENVIRONMENT
            )
        host, ui_port, api_port = read_addresses(os.environ)
        prepare(LOCK)
        for port, variable in ((ui_port, "BRIDGECAST_UI_PORT"), (api_port, "BRIDGECAST_API_PORT")):
            check_port(host, port, variable)
        return Launcher(host, ui_port, api_port).run()
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return refusal.status
    except KeyboardInterrupt:
        return 0


# ---- what must be right before anything starts


def check_python(version: tuple[int, int]) -> None:
    """Raises Refusal for a Python that is too old."""
    if version < OLDEST_PYTHON:
        found = ".".join(map(str, version))
        raise Refusal(
            f"Bridgecast needs Python 3.11 or newer, this is {found}. Start run.py with a newer one.", WRONG_ENVIRONMENT
        )


def read_addresses(environment: collections.abc.Mapping[str, str]) -> tuple[str, int, int]:
    """Host, the app's port and the sidecar's. Raises Refusal for a host that others could reach."""
    host = environment.get("BRIDGECAST_HOST") or "localhost"
    if host not in LOOPBACK:
        raise Refusal(
            f"BRIDGECAST_HOST is '{host}', but without sign-in Bridgecast listens on this computer only: "
            "unset it, or set it to localhost.",
            WRONG_ENVIRONMENT,
        )
    return host, read_port(environment, "BRIDGECAST_UI_PORT", 8501), read_port(environment, "BRIDGECAST_API_PORT", 8502)


def read_port(environment: collections.abc.Mapping[str, str], variable: str, default: int) -> int:
    """A port from the environment. Raises Refusal for anything else."""
    text = environment.get(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Refusal(f"{variable} is '{text}': give a port from 1 to 65535.", WRONG_ENVIRONMENT)
    return int(text)


def check_port(host: str, port: int, variable: str) -> None:
    """Raises Refusal when somebody listens there already."""
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    message = f"Port {port} is in use; set {variable} to another one, or stop what listens there."
                    raise Refusal(message, PORT_TAKEN) from None


# ---- the environment: .venv with what the lock names


def prepare(lock: str) -> None:
    """Make `.venv` hold what `lock` names; nothing to do when it does already. Raises Refusal."""
    wanted = digest(ROOT / lock)
    stamp = VENV / f".{lock}.sha256"
    if is_whole() and stamp.is_file() and stamp.read_text() == wanted:
        return
    print(f"Setting up {VENV} from {lock} …", flush=True)
    if not is_whole():
        make_venv()
    install(lock)
    stamp.write_text(wanted)
    if lock == TEST_LOCK:  # it holds the other one
        (VENV / f".{LOCK}.sha256").write_text(digest(ROOT / LOCK))


def digest(file: Path) -> str:
    """What tells whether a file has changed."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def is_whole() -> bool:
    """Whether `.venv` has a Python that starts; a killed set-up or a moved folder leaves one that does not."""
    return PYTHON.exists() and quietly([str(PYTHON), "-c", "import sys; sys.exit(sys.prefix == sys.base_prefix)"])


def make_venv() -> None:
    """A new `.venv`; without pip where Debian's python3-venv is missing."""
    shutil.rmtree(VENV, ignore_errors=True)
    if quietly([sys.executable, "-m", "venv", str(VENV)]):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if not quietly([sys.executable, "-m", "venv", "--without-pip", str(VENV)]):
        raise Refusal(f"{VENV} could not be made. Is the folder writable, and the disk not full?", FAILED)


def install(lock: str) -> None:
    """Install the lock, by uv where that works (seconds), else by pip, which knows pip's own settings (a minute)."""
    pip = [str(PYTHON), "-m", "pip"]
    if not quietly([*pip, "--version"]):
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    uv = VENV / "bin" / "uv"
    if quietly([*pip, "install", "--quiet", UV]) and quietly(
        [str(uv), "pip", "install", "--quiet", "--python", str(PYTHON), "-r", str(ROOT / lock)]
    ):
        return
    if subprocess.run([*pip, "install", "--quiet", "-r", str(ROOT / lock)], stdin=subprocess.DEVNULL).returncode:
        raise Refusal(f"{lock} could not be installed; what pip said stands above. Mend that and start again.", FAILED)


def quietly(command: list[str]) -> bool:
    """Whether a command that nobody needs to read succeeded."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def run_tests(arguments: list[str]) -> int:
    """Set up and run the tests on both cores; pytest's status."""
    prepare(TEST_LOCK)
    spread = [] if any(a.startswith(("-n", "-p", "--pdb")) for a in arguments) else ["-n", "2"]
    return subprocess.run([str(PYTHON), "-m", "pytest", *spread, *arguments], cwd=ROOT).returncode


# ---- the two processes


class Child:
    """One process, with the last lines it said and the address that tells whether it is well."""

    def __init__(self, name: str, command: list[str], host: str, port: int, path: str, well: str) -> None:
        self.name, self.command = name, command
        self.host, self.port, self.path, self.well = host, port, path, well
        self.said: collections.deque[str] = collections.deque(maxlen=LAST_WORDS)
        self.process: subprocess.Popen[str] | None = None
        self.was_well = False
        self.deaths = 0
        self.restart_at = 0.0

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the launcher, which then stops both."""
        self.was_well = False
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=self.listen, args=(self.process.stdout,), daemon=True).start()

    def listen(self, stream: collections.abc.Iterable[str]) -> None:
        """Pass on what it says and keep the last lines."""
        for line in stream:
            self.said.append(line.rstrip())
            print(f"{self.name} | {line}", end="", file=sys.stderr, flush=True)

    def status(self) -> int | None:
        """Its exit status, or None while it runs or waits for its restart."""
        return self.process.poll() if self.process else None

    def is_well(self) -> bool:
        """Whether its health address answers as it should; remembered."""
        if self.process is None or self.process.poll() is not None:
            return False
        self.was_well = self.was_well or answers(self.host, self.port, self.path, self.well)
        return self.was_well

    def signal(self, number: int) -> None:
        """Send a signal to it and to all it has started."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def last_words(self) -> str:
        """The last lines it said."""
        return "\n".join(self.said) or "(it said nothing)"


class Launcher:
    """Starts both children, keeps them alive, stops them together."""

    def __init__(self, host: str, ui_port: int, api_port: int) -> None:
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{ui_port}"
        ui = [str(PYTHON), "-m", "streamlit", "run", "Home.py", "--server.address", host, "--server.port", str(ui_port)]
        self.children = [
            Child("sidecar", [str(PYTHON), "-m", "core.scheduler"], host, api_port, "/healthz", "bridgecast"),
            Child("app", ui, host, ui_port, "/_stcore/health", "ok"),
        ]
        self.is_stopping = False
        self.was_announced = False

    def run(self) -> int:
        """Until a signal, or until a child cannot be kept alive; the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)
        try:
            for child in self.children:
                child.start()
            while not self.is_stopping:
                self.look()
                time.sleep(LOOK_S)
            return 0
        except Refusal as refusal:
            print(refusal, file=sys.stderr)
            return refusal.status
        finally:
            self.end_children()

    def stop(self, *_: object) -> None:
        """A signal came."""
        self.is_stopping = True

    def look(self) -> None:
        """Announce the address once both are well; raise again who has died."""
        for child in self.children:
            if child.status() is not None:
                self.mourn(child)
            elif child.process is None and time.monotonic() >= child.restart_at:
                child.start()
        well = [child.is_well() for child in self.children]
        if all(well) and not self.was_announced:
            self.was_announced = True
            print(f"Bridgecast is ready: {self.address}", flush=True)

    def mourn(self, child: Child) -> None:
        """Plan a restart. Raises Refusal when it keeps dying before it was well, or says that a setting is wrong."""
        status, child.process = child.status(), None
        child.deaths = 1 if child.was_well else child.deaths + 1
        if status == WRONG_SETTING and not child.was_well:
            raise Refusal(f"The {child.name} did not start:\n{child.last_words()}", WRONG_ENVIRONMENT)
        if child.deaths >= DEATHS_ALLOWED:
            raise Refusal(f"The {child.name} died {child.deaths} times. Its last words:\n{child.last_words()}", FAILED)
        pause = min(2 ** (child.deaths - 1), LONGEST_PAUSE_S)
        child.restart_at = time.monotonic() + pause
        print(
            f"The {child.name} ended with status {status}; it starts again in {pause} s.", file=sys.stderr, flush=True
        )

    def end_children(self) -> None:
        """Ask both to end, and after a while make them."""
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while any(c.process and c.process.poll() is None for c in self.children) and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        for child in self.children:
            child.signal(signal.SIGKILL)


def die_with_parent() -> None:
    """In a child, before its program: have the kernel end it when the launcher dies, however that dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def answers(host: str, port: int, path: str, well: str) -> bool:
    """Whether GET path answers 200 with `well` in its body."""
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status == 200 and well in response.read(4096).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
