"""The near side of the SQL door: one question of a reader over published datasets, answered by a process of its own.

The process (`core/warehouse/door.py`) sees a folder with a link to the Parquet file of each dataset and nothing else,
may spend so much time, memory and disk, and is killed when it does not end by itself.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.errors import Busy, DataError
from core.warehouse.versions import Version

MIB = 1 << 20
AT_ONCE = 2
WAIT_S = 10.0
# How long the process may take beyond its time: to start, to notice, to write.
GRACE_S = 5.0
LONGEST_ERROR = 1_000
DOOR = Path(__file__).with_name("door.py")


@dataclass(frozen=True)
class Limits:
    """What one question may cost. answer_bytes: of the rows as JSON."""

    time_s: int = 20
    threads: int = 2
    memory_bytes: int = 512 * MIB
    spill_bytes: int = 1024 * MIB
    answer_bytes: int = 8 * MIB


@dataclass(frozen=True)
class SqlAnswer:
    """Names and DuckDB types of the columns, the rows as JSON has them; is_cut: there are more rows."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool


class Doors:
    """Answers SQL, a few questions at a time. Thread-safe. scratch: a folder beside the datasets' files."""

    def __init__(self, scratch: Path, limits: Limits | None = None) -> None:
        self._scratch, self._limits = scratch, limits or Limits()
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def ask(self, sql: str, tables: Mapping[str, Version], limit: int) -> SqlAnswer:
        """The first `limit` rows of one SELECT over `tables` by their names.

        Raises DataError for SQL that is refused, wrong or too expensive, Busy when too many ask at once.
        """
        if not self._free.acquire(timeout=WAIT_S):
            raise Busy("Others ask questions in SQL right now. Ask again in a moment.")
        try:
            with TemporaryDirectory(dir=self._scratch, prefix="door-") as folder:
                files = _offer(tables, Path(folder))
                asked = {"sql": sql, "tables": files, "limit": limit, **vars(self._limits)}
                return _answer(self._run(asked, Path(folder)), self._limits)
        finally:
            self._free.release()

    def _run(self, asked: Mapping[str, object], folder: Path) -> dict[str, Any]:
        process = subprocess.Popen(  # noqa: S603 our own script, no shell
            [sys.executable, "-I", str(DOOR)],
            cwd=folder,
            env={"LC_ALL": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with process:
            try:
                out, trace = process.communicate(json.dumps(asked).encode(), timeout=self._limits.time_s + GRACE_S)
            except subprocess.TimeoutExpired:
                return {"error": "time"}
            finally:
                process.kill()
        if process.returncode > 0:
            raise RuntimeError(f"the SQL door broke: {trace.decode(errors='replace')[-LONGEST_ERROR:]}")
        if process.returncode < 0:
            return {"error": "time" if process.returncode == -signal.SIGXCPU else "memory"}
        found: dict[str, Any] = json.loads(out)
        return found


def _offer(tables: Mapping[str, Version], folder: Path) -> dict[str, str]:
    """Links to the files of the datasets, which also keep a version that is swept meanwhile."""
    files: dict[str, str] = {}
    for number, (name, version) in enumerate(tables.items()):
        file = folder / f"{number}.parquet"
        try:
            file.hardlink_to(version.facts)
        except FileNotFoundError:
            raise DataError(f"'{name}' was published or deleted meanwhile. Ask again.") from None
        except OSError:
            shutil.copyfile(version.facts, file)
        files[name] = file.name
    return files


def _answer(found: dict[str, Any], limits: Limits) -> SqlAnswer:
    """The answer. Raises DataError for an error."""
    kind = found.get("error")
    if kind == "time":
        raise DataError(
            f"The query takes longer than {limits.time_s} seconds. Ask for fewer rows or a shorter period.", field="sql"
        )
    if kind == "memory":
        raise DataError(
            f"The query needs more than {limits.memory_bytes // MIB} MiB of memory or {limits.spill_bytes // MIB} MiB "
            "of temporary space. Ask for fewer rows, groups or columns.",
            field="sql",
        )
    if kind is not None:
        raise DataError(found["text"][:LONGEST_ERROR], field="sql")
    columns = tuple((column["name"], column["type"]) for column in found["columns"])
    return SqlAnswer(columns, tuple(map(tuple, found["rows"])), found["is_cut"])
