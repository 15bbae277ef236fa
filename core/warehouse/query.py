"""Runs statements: one cursor a query, cancel by interrupt, DuckDB's words turned into ours."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from core.errors import Cancelled, DataError
from core.warehouse.sql.base import Statement

Progress = Callable[[str, float], None]
_LOOK_EVERY_S = 0.1


class Database:
    """One in-memory DuckDB a process, opened by its first query. Thread-safe: every query has a cursor of its own."""

    def __init__(self, scratch: Path, *, threads: int, memory_limit: str) -> None:
        self.scratch = _own_folder(scratch)
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": memory_limit,
            "temp_directory": str(self.scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
        self._opening = threading.Lock()
        self._opened: duckdb.DuckDBPyConnection | None = None

    def _base(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            if self._opened is None:
                opened = duckdb.connect(":memory:", config=self._config)
                opened.execute("SET GLOBAL parquet_metadata_cache = true")
                # Days are cut by an explicit zone everywhere.
                opened.execute("SET GLOBAL TimeZone = 'UTC'")
                self._opened = opened
            return self._opened

    def close(self) -> None:
        """Let go of the memory. No query may be running."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    @contextmanager
    def cursor(
        self, *, cancel: threading.Event | None = None, progress: Callable[[float], None] | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one piece of work; `progress` is told a share 0 to 1.

        Raises Cancelled once `cancel` is set.
        """
        if cancel is not None and cancel.is_set():
            raise Cancelled("Cancelled.")
        with self._base().cursor() as cursor, _watched(cursor, cancel, progress):
            if progress is not None:
                # Without a bar, printed or not, DuckDB counts no progress.
                cursor.execute("SET enable_progress_bar = true")
                cursor.execute("SET enable_progress_bar_print = false")
            try:
                yield cursor
            except duckdb.InterruptException:
                raise Cancelled("Cancelled. Nothing was changed.") from None
            except duckdb.OutOfMemoryException:
                raise DataError(
                    "The query needs more memory than BRIDGECAST_MEMORY_LIMIT allows. Raise it, or ask for fewer "
                    "dimensions or a shorter period."
                ) from None

    def rows(self, statement: Statement, *, cancel: threading.Event | None = None) -> list[tuple[object, ...]]:
        """All rows of a statement."""
        with self.cursor(cancel=cancel) as cursor:
            found: list[tuple[object, ...]] = cursor.execute(*statement.parts).fetchall()
            return found


def _own_folder(scratch: Path) -> Path:
    """A folder for what does not fit into memory, one a process and database; those of dead processes are removed."""
    scratch.mkdir(parents=True, exist_ok=True)
    for folder in scratch.iterdir():
        pid = folder.name.split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=scratch))


@contextmanager
def _watched(
    cursor: duckdb.DuckDBPyConnection, cancel: threading.Event | None, progress: Callable[[float], None] | None
) -> Iterator[None]:
    """Interrupt the cursor when `cancel` is set; report its progress."""
    if cancel is None and progress is None:
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(cursor, cancel or threading.Event(), progress, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(
    cursor: duckdb.DuckDBPyConnection,
    cancel: threading.Event,
    progress: Callable[[float], None] | None,
    done: threading.Event,
) -> None:
    while not done.wait(_LOOK_EVERY_S):
        if cancel.is_set():
            # Again and again: an interrupt between two statements is lost.
            cursor.interrupt()
        elif progress is not None:
            progress(max(0.0, cursor.query_progress()) / 100)
