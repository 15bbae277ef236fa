"""Brings sidecars up quickly: one process imports all of it, each sidecar is a fork of it and a process of its own.

`python -m tests.faults.nursery` reads lines of JSON, each the environment, the log and the clock of a sidecar to fork,
and answers with its pid. What was killed is buried at once, so that a pid that is gone is gone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from core.app import system_clock
from core.scheduler import main
from core.settings import REPOSITORY
from tests.polling import wait_for


def run() -> None:
    """Fork at each line until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            live(**json.loads(line))
        print(child, flush=True)


def live(environment: dict[str, str], log: str, clock: str) -> None:
    """Be a sidecar, to the end. clock: a file with the seconds by which its clock is wrong, "" where it is right."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(environment)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), sys.stderr.fileno())
    status = 1
    try:
        status = main(partial(wrong_by, Path(clock)) if clock else system_clock)
    except BaseException:  # noqa: BLE001  a fork ends here, whatever happened in it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def wrong_by(file: Path) -> datetime:
    """A clock that somebody sets while the process runs."""
    return system_clock() + timedelta(seconds=float(file.read_text()))


def set_clock(file: Path, wrong_s: float) -> None:
    """Say by how many seconds a clock is wrong; whoever reads it meanwhile finds the number before, never a part."""
    written = file.with_suffix(".new")
    written.write_text(str(wrong_s))
    written.replace(file)


@dataclass
class Nursery:
    """The running nursery, as a test sees it."""

    process: subprocess.Popen[str]

    def start(self, environment: dict[str, str], log: Path, clock: Path | None = None) -> int:
        """A new sidecar; its pid."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        given = {"environment": environment, "log": str(log), "clock": str(clock or "")}
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Nursery(process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill(pid: int, how: signal.Signals = signal.SIGKILL) -> None:
    """End a sidecar and wait until it is gone."""
    os.kill(pid, how)
    wait_for(lambda: not lives(pid), what=f"end of {pid}")


if __name__ == "__main__":
    run()
