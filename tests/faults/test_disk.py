"""A disk that is really full: one of its own for the data folder, filled to the last byte."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.conftest import Works
from tests.faults.nursery import lives
from tests.polling import wait_for

pytestmark = pytest.mark.timeout(600)

DISK_MB, LEFT_MB = 700, 100
PIECE = bytes(1_000_000)


@pytest.fixture(autouse=True)
def disk(tmp_path: Path) -> Iterator[Path]:
    """The data folder of `works`, on a disk of its own."""
    folder = tmp_path / "var"
    folder.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0700", "none", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a disk of its own needs root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def works(disk: Path, works: Works) -> Works:
    """The installation on that disk."""
    return works


def fill(disk: Path, *, but_mb: int = 0) -> Path:
    """A file that takes what is left, but for so much."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(PIECE)
    with ballast.open("r+b") as file:
        file.truncate(ballast.stat().st_size - but_mb * len(PIECE))
    return ballast


def test_too_little_room_puts_a_run_off_and_says_why(works: Works, disk: Path) -> None:
    export_id = works.export("/a")
    pid = works.start()
    ballast = fill(disk, but_mb=LEFT_MB)
    run_id = works.ask(export_id)
    works.reached(run_id, "retry")
    assert "MB left and a run needs 500 MB free" in works.app.ledger.run(run_id).run.reason
    assert not (disk / "artefacts" / run_id).exists()
    ballast.unlink()
    works.app.ledger.start_now(run_id, by=None)
    works.reached(run_id, "succeeded")
    assert lives(pid)


def test_what_was_sent_while_the_ledger_could_not_be_written_is_written_down_later_and_not_sent_again(
    works: Works, disk: Path
) -> None:
    holds, go_on = threading.Event(), threading.Event()

    def answer(came: object) -> tuple[int, dict[str, str]]:
        holds.set()
        go_on.wait(60)
        return 200, {}

    works.receiver.answer = answer
    run_id = works.ask(works.export("/a"))
    pid = works.start()
    assert holds.wait(60)
    ballast = fill(disk)
    go_on.set()
    wait_for(lambda: "not written down yet" in works.log.read_text(), what="write that failed")
    ballast.unlink()
    works.reached(run_id, "succeeded")
    assert lives(pid)
    assert works.outcomes(run_id) == ["succeeded"]
    assert list(works.receiver.counts.values()) == [1]
