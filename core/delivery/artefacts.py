"""The files that runs make: written whole or not at all, checked by SHA-256 before each use."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from core.errors import BridgecastError, Gone
from core.model.runs import Artefact
from core.warehouse.files import sync

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,149}")
LEAST_FREE_BYTES = 500_000_000
TIMES_LAST = 3


class ArtefactLost(Gone):
    """A file that a run made is gone, or is no longer what was made: sending it would be a lie."""


class DiskFull(BridgecastError):
    """There is too little room to make a run."""


class Artefacts:
    """The folder with one folder a run."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime],
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder, self._clock, self._free_bytes = folder, clock, free_bytes

    def write(self, run_id: str, name: str, media_type: str, content: bytes) -> Artefact:
        """Keep a file: under its name it is whole and on the disk, or not there. The row is not in the store yet.

        Raises OSError when the disk refuses.
        """
        folder = self._of(run_id)
        folder.mkdir(exist_ok=True, mode=0o700)
        target = folder / _checked(name)
        making = folder / f".{name}.part"
        with making.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        making.replace(target)
        sync(folder)
        return self._row(run_id, name, media_type, content)

    def copy(self, artefact: Artefact, run_id: str) -> Artefact:
        """The same bytes for another run. Raises ArtefactLost."""
        return self.write(run_id, artefact.name, artefact.media_type, self.read(artefact))

    def read(self, artefact: Artefact) -> bytes:
        """The bytes that were written. Raises ArtefactLost when they are gone or altered."""
        try:
            content = (self._of(artefact.run_id) / artefact.name).read_bytes()
        except OSError as error:
            raise ArtefactLost(f"File '{artefact.name}' of the run cannot be read: {error.strerror}.") from None
        if len(content) != artefact.bytes or hashlib.sha256(content).hexdigest() != artefact.sha256:
            raise ArtefactLost(
                f"File '{artefact.name}' of the run was altered on the disk: its SHA-256 is another one. "
                "Replay the run with fresh data."
            )
        return content

    def path(self, artefact: Artefact) -> Path:
        """Where the file lies, after checking it. Raises ArtefactLost."""
        self.read(artefact)
        return self._of(artefact.run_id) / artefact.name

    def drop(self, run_id: str) -> None:
        """Remove the files of a run."""
        shutil.rmtree(self._of(run_id), ignore_errors=True)

    def run_ids(self) -> list[str]:
        """The runs that have a folder."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir())

    def require_room(self, last_bytes: int) -> None:
        """Raises DiskFull below 500 MB, or three times what the last run of its kind made."""
        needed = max(LEAST_FREE_BYTES, TIMES_LAST * last_bytes)
        free = self._free_bytes(self.folder)
        if free < needed:
            raise DiskFull(
                f"The disk of {self.folder} has {free // 10**6} MB left and a run needs {needed // 10**6} MB free. "
                "Make room: what waits is made then."
            )

    def _of(self, run_id: str) -> Path:
        return self.folder / _checked(run_id)

    def _row(self, run_id: str, name: str, media_type: str, content: bytes) -> Artefact:
        return Artefact(
            run_id=run_id,
            name=name,
            media_type=media_type,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            created_at=self._clock(),
        )


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no name of a run's file")
    return name


def belongs(artefact: Artefact, prefix: str) -> bool:
    """Whether a file goes with the messages that begin with `prefix`: a picture or an attachment, no message."""
    first, dot, rest = artefact.name.partition(".")
    own = f"{first}{dot}" if first.isdigit() and "." in rest else ""
    return own == prefix and not artefact.name.endswith(".json")
