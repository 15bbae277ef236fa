#!/usr/bin/env python3
"""Bridgecast in two commands, with nothing but Python 3.11 or newer on the machine.

    python3 run.py                        set up, start the app and its sidecar, print the address
    python3 run.py test [pytest …]        set up, run the tests

Ends with status 0 on Ctrl-C, SIGTERM and SIGHUP once it runs, 130 while it sets up; 1 when a part cannot be kept
alive; 2 when the environment is wrong; 3 when a port is taken. An older Python must be able to read this file, down
to 3.6, so that it can say that it is too old: hence the types in quotes.
"""

import collections
import contextlib
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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / ".unfinished"
UV = "uv==0.13.9"
LOCK, TEST_LOCK = "requirements.txt", "requirements-test.txt"
OLDEST_PYTHON = (3, 11)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  named, not bound
FAILED, WRONG_ENVIRONMENT, PORT_TAKEN, INTERRUPTED = 1, 2, 3, 130
WRONG_SETTING = 2  # what a child ends with when waiting cannot mend it
DEATHS_ALLOWED = 5
LONGEST_PAUSE_S = 10
GRACE_S = 35
LOOK_S = 0.1
WARM_UP_S = 60
LAST_WORDS = 20

# What a child is before it becomes its program: tied to the launcher, so that the kernel ends it when the launcher
# dies, however that dies. By SIGKILL: Streamlit hangs at a SIGTERM that it cannot write about to a broken pipe.
TIED = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("The launcher is gone.")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Refusal(Exception):
    """Something that the reader has to mend; `status` is what the launcher ends with."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def main(arguments: "list[str]") -> int:
    """Run what the arguments ask for; the exit status."""
    try:
        check_python(sys.version_info[:2])
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interrupt)
        if arguments[:1] == ["test"]:
            return run_tests(arguments[1:])
        return run_app(arguments)
    except Refusal as refusal:
        say(str(refusal))
        return refusal.status
    except KeyboardInterrupt:
        return INTERRUPTED


def interrupt(*_: object) -> None:
    """A signal came while setting up: end as on Ctrl-C, together with the installer."""
    raise KeyboardInterrupt


def run_app(arguments: "list[str]") -> int:
    """Set up, start both processes and keep them alive until a signal; the exit status. Raises Refusal."""
    if arguments:
        raise Refusal(f"Unknown argument '{arguments[0]}'. Use: run.py, or run.py test [pytest …].", WRONG_ENVIRONMENT)
    host, ui_port, api_port = read_addresses(os.environ)
    launcher = Launcher(host, ui_port, api_port)
    for child in launcher.children:
        child.check_port()
    prepare(LOCK)
    return launcher.run()


def run_tests(arguments: "list[str]") -> int:
    """Set up and become pytest; in three processes unless the arguments say how: tests often wait, two leave gaps."""
    prepare(TEST_LOCK)
    spread = [] if any(a.startswith(("-n", "-p", "--pdb")) for a in arguments) else ["-n", "3", "--dist", "worksteal"]
    os.chdir(ROOT)
    # Many processes are started: where none may keep what it compiled, each would compile all of it anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execv(PYTHON, [str(PYTHON), "-m", "pytest", *spread, *arguments])


def say(text: str) -> None:
    """A line for the reader. A reader who has gone away must not end us, nor block a child."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


# ---- what must be right before anything starts


def check_python(version: "tuple[int, ...]") -> None:
    """Raises Refusal for a Python that is too old."""
    if version < OLDEST_PYTHON:
        found = ".".join(map(str, version))
        raise Refusal(
            f"Bridgecast needs Python 3.11 or newer, this is {found}. Start run.py with a newer one.", WRONG_ENVIRONMENT
        )


def read_addresses(environment: "Mapping[str, str]") -> "tuple[str, int, int]":
    """Host, the app's port and the sidecar's. Raises Refusal for a host that this computer is not called."""
    host = environment.get("BRIDGECAST_HOST") or "localhost"
    if not is_own_host(host):
        raise Refusal(
            f"BRIDGECAST_HOST is '{host}', which is no address of this computer. Unset it for this computer alone, or "
            "set it to 0.0.0.0 for every address.",
            WRONG_ENVIRONMENT,
        )
    ui_port = read_port(environment, "BRIDGECAST_UI_PORT", 8501)
    api_port = read_port(environment, "BRIDGECAST_API_PORT", 8502)
    if ui_port == api_port:
        raise Refusal(
            f"BRIDGECAST_UI_PORT and BRIDGECAST_API_PORT are both {ui_port}: give them two ports.", WRONG_ENVIRONMENT
        )
    return host, ui_port, api_port


def is_own_host(host: str) -> bool:
    """Whether this computer can listen there."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(can_bind(family, kind, protocol, address) for family, kind, protocol, _, address in found)


def can_bind(family: int, kind: int, protocol: int, address: "tuple[object, ...]") -> bool:
    """Whether a socket can be bound to the address."""
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def read_port(environment: "Mapping[str, str]", variable: str, default: int) -> int:
    """A port from the environment. Raises Refusal for anything else."""
    text = environment.get(variable) or str(default)
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise Refusal(f"{variable} is '{text}': give a port from 1 to 65535.", WRONG_ENVIRONMENT)
    return int(text)


def check_port(host: str, port: int, variable: str) -> None:
    """Raises Refusal when somebody listens there already, or when this user may not."""
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    message = f"Port {port} is in use; set {variable} to another one, or stop what listens there."
                    raise Refusal(message, PORT_TAKEN) from None
                if error.errno == errno.EACCES:
                    message = f"Port {port} is not open to this user; set {variable} to one above 1023."
                    raise Refusal(message, WRONG_ENVIRONMENT) from None


# ---- the environment: .venv with what the lock names


def prepare(lock: str) -> None:
    """Make `.venv` hold what `lock` names; nothing to do when it does already. Raises Refusal."""
    wanted = digest(ROOT / lock)
    stamp = VENV / f".{lock}.sha256"
    if is_whole() and stamp.is_file() and stamp.read_text() == wanted:
        return
    say(f"Setting up {VENV} from {lock} …")
    if not is_whole():
        make_venv()
    UNFINISHED.touch()
    install(lock)
    stamp.write_text(wanted)
    if lock == TEST_LOCK:  # it holds the other one
        (VENV / f".{LOCK}.sha256").write_text(digest(ROOT / LOCK))
    UNFINISHED.unlink()


def digest(file: Path) -> str:
    """What tells whether a file has changed."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def is_whole() -> bool:
    """Whether `.venv` has a Python that starts and no killed set-up behind it."""
    probe = [str(PYTHON), "-c", "import sys; sys.exit(sys.prefix == sys.base_prefix)"]
    return PYTHON.exists() and not UNFINISHED.exists() and quietly(probe)


def make_venv() -> None:
    """A new `.venv`; without pip where Debian's python3-venv is missing. Raises Refusal."""
    shutil.rmtree(VENV, ignore_errors=True)
    if quietly([sys.executable, "-m", "venv", str(VENV)]):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if not quietly([sys.executable, "-m", "venv", "--without-pip", str(VENV)]):
        raise Refusal(f"{VENV} could not be made. Is the folder writable, and the disk not full?", FAILED)


def install(lock: str) -> None:
    """Install the lock, by uv where that works (seconds), else by pip, which reads pip's settings. Raises Refusal."""
    pip = find_pip()
    by_uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(PYTHON), "-r", str(ROOT / lock)]
    if quietly([*pip, "install", "--quiet", UV]) and quietly(by_uv):
        return
    say("uv could not do it; pip does, which takes a minute …")
    if subprocess.run([*pip, "install", "--quiet", "-r", str(ROOT / lock)], stdin=subprocess.DEVNULL).returncode:
        raise Refusal(f"{lock} could not be installed; what pip said stands above. Mend that and start again.", FAILED)


def find_pip() -> "list[str]":
    """The pip inside `.venv`, else this Python's own, told to work there. Raises Refusal when there is neither."""
    for pip in ([str(PYTHON), "-m", "pip"], [sys.executable, "-m", "pip", "--python", str(PYTHON)]):
        if quietly([*pip, "--version"]):
            return pip
    raise Refusal(
        f"{sys.executable} comes without pip. Install it (on Debian: apt-get install python3-venv), then start again.",
        WRONG_ENVIRONMENT,
    )


def quietly(command: "list[str]") -> bool:
    """Whether a command that nobody needs to read succeeded."""
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return run.returncode == 0


# ---- the two processes


class Child:
    """One process, the last lines it said, and the address that tells whether it is well."""

    def __init__(self, name: str, command: "list[str]", host: str, port: int, variable: str) -> None:
        self.name, self.command = name, [str(PYTHON), *command]
        self.host, self.port, self.variable = host, port, variable
        self.path, self.answer = {"app": ("/_stcore/health", "ok"), "sidecar": ("/healthz", "bridgecast")}[name]
        self.said: collections.deque[str] = collections.deque(maxlen=LAST_WORDS)
        self.process: subprocess.Popen[str] | None = None
        self.listener = threading.Thread()
        self.was_well = False
        self.early_deaths = 0
        self.restart_at = 0.0

    def check_port(self) -> None:
        """Raises Refusal when its port is not free."""
        check_port(self.host, self.port, self.variable)

    def start(self) -> None:
        """Start it in a session of its own: Ctrl-C reaches only the launcher, which then stops both.

        Raises Refusal when somebody took its port, who would else be taken for the child.
        """
        self.check_port()
        self.was_well = False
        self.said.clear()
        self.process = subprocess.Popen(
            [str(PYTHON), "-I", "-c", TIED, str(os.getpid()), *self.command],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "BRIDGECAST_HOST": self.host, self.variable: str(self.port)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self.listener = threading.Thread(target=self.listen, args=(self.process.stdout,), daemon=True)
        self.listener.start()

    def listen(self, stream: "Iterable[str]") -> None:
        """Pass on what it says and keep the last lines."""
        for line in stream:
            self.said.append(line.rstrip())
            say(f"{self.name} | {line.rstrip()}")

    def status(self) -> "int | None":
        """Its exit status, or None while it runs or waits for its restart."""
        return self.process.poll() if self.process else None

    def is_well(self) -> bool:
        """Whether it runs and has answered as it should since its start."""
        if self.process is None or self.process.poll() is not None:
            return False
        self.was_well = self.was_well or self.answer in get(self.host, self.port, self.path, timeout_s=1)
        return self.was_well

    def signal(self, number: int) -> None:
        """Send a signal to it and to all it has started."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def last_words(self) -> str:
        """The last lines it said."""
        self.listener.join(1)
        return "\n".join(self.said) or "(it said nothing)"


class Launcher:
    """Starts both children, keeps them alive, stops them together."""

    def __init__(self, host: str, ui_port: int, api_port: int) -> None:
        shown = "localhost" if host in EVERY_ADDRESS else host
        self.address = f"http://{f'[{shown}]' if ':' in shown else shown}:{ui_port}"
        arguments = streamlit(host, ui_port, own_names(os.environ, host))
        self.app = Child("app", arguments, host, ui_port, "BRIDGECAST_UI_PORT")
        sidecar = Child("sidecar", ["-m", "core.scheduler"], host, api_port, "BRIDGECAST_API_PORT")
        self.children = [sidecar, self.app]
        self.is_stopping = False
        self.was_announced = False

    def run(self) -> int:
        """Until a signal; the exit status. Raises Refusal when a child cannot be kept alive."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)
        try:
            while not self.is_stopping:
                self.look()
                time.sleep(LOOK_S)
        finally:
            self.end_children()
        return 0

    def stop(self, *_: object) -> None:
        """A signal came."""
        self.is_stopping = True

    def look(self) -> None:
        """Start who is due, plan a restart for who has died, announce the address when both are well at last."""
        for child in self.children:
            if child.status() is not None:
                self.mourn(child)
            elif child.process is None and time.monotonic() >= child.restart_at:
                child.start()
        well = [child.is_well() for child in self.children]
        if all(well) and not self.was_announced:
            self.was_announced = True
            threading.Thread(target=self.announce, daemon=True).start()

    def announce(self) -> None:
        """Have Home run once, then say the one line on standard output.

        Visitors during the app's first imports would wait for them, and two at once meet half-loaded modules.
        """
        get(self.app.host, self.app.port, "/_stcore/script-health-check", WARM_UP_S)
        if not self.is_stopping:
            with contextlib.suppress(OSError):
                print(f"Bridgecast is ready: {self.address}", flush=True)

    def mourn(self, child: Child) -> None:
        """Plan a restart. Raises Refusal when it keeps dying before it was well, or says that a setting is wrong."""
        status, child.process = child.status(), None
        if status == WRONG_SETTING and not child.was_well:
            raise Refusal(f"The {child.name} did not start:\n{child.last_words()}", WRONG_ENVIRONMENT)
        child.early_deaths = 0 if child.was_well else child.early_deaths + 1
        if child.early_deaths >= DEATHS_ALLOWED:
            deaths = f"The {child.name} died {child.early_deaths} times before it was well."
            raise Refusal(f"{deaths} Its last words:\n{child.last_words()}", FAILED)
        pause = min(2**child.early_deaths, LONGEST_PAUSE_S)
        child.restart_at = time.monotonic() + pause
        say(f"The {child.name} ended with status {status}; it starts again in {pause} s.")

    def end_children(self) -> None:
        """Ask both to end, and after a while make them."""
        running = [child.process for child in self.children if child.process]
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while any(process.poll() is None for process in running) and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        for child in self.children:
            child.signal(signal.SIGKILL)
        for process in running:
            process.wait()


def streamlit(host: str, port: int, names: "Sequence[str]") -> "list[str]":
    """Python's arguments that start the app; how it looks and behaves stands in .streamlit/config.toml."""
    answered = [part for name in names for part in ("--server.allowedHosts", name)]
    return ["-m", "streamlit", "run", "Home.py", "--server.address", host, "--server.port", str(port), *answered]


def own_names(environment: "Mapping[str, str]", host: str) -> "list[str]":
    """The names by which the app lets itself be asked; none where it cannot know them.

    A page of any site could otherwise give its own name this computer's address, and look at the app as if it were us.
    """
    named = urlsplit(environment.get("BRIDGECAST_UI_URL") or "").hostname
    return sorted({*LOOPBACK, host, *([named] if named else [])}) if named or host in LOOPBACK else []


def get(host: str, port: int, path: str, timeout_s: float) -> str:
    """The beginning of what GET path answers with status 200; empty for anything else."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.read(4096).decode(errors="replace") if response.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
