"""The sidecar's threads share the heaps of the C library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from core.settings import REPOSITORY

HOLD = """
import ctypes, sys, threading
from core.heaps import share_heaps
share_heaps()
gate = threading.Barrier(13)
def hold():
    held = [bytes(50_000) for _ in range(50)]
    gate.wait()
    gate.wait()
threads = [threading.Thread(target=hold) for _ in range(12)]
for thread in threads:
    thread.start()
gate.wait()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
told = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, told)
libc.fclose(told)
gate.wait()
"""


@pytest.mark.parametrize(("said", "most"), [(None, 2), ("1", 1)])
def test_twelve_threads_share_two_heaps_or_as_many_as_the_environment_says(
    tmp_path: Path, said: str | None, most: int
) -> None:
    """Else each keeps what it freed, and memory grows with the deliveries."""
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    environment |= {"PYTHONPATH": str(REPOSITORY)} | ({"MALLOC_ARENA_MAX": said} if said else {})
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", HOLD, str(told)], env=environment, check=True)
    assert 1 <= len(ElementTree.parse(told).findall("heap")) <= most
