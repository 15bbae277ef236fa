"""The rows of a workbook's sheet, read by a process that may break without harm."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from core.errors import UnreadableSource

READER = Path(__file__).with_name("workbook.py")
MOST_SECONDS = 130


@dataclass(frozen=True)
class Sheet:
    """A sheet's first row as texts, and the rows below it."""

    header: tuple[str, ...]
    rows: pa.Table


def read_sheet(file: Path, name: str, sheet: str | None) -> Sheet:
    """The sheet of that name, or the first one. Raises UnreadableSource."""
    with TemporaryDirectory(prefix="sheet-") as folder:
        target = Path(folder) / "rows.arrow"
        try:
            done = subprocess.run(  # noqa: S603 our own script, no shell
                [sys.executable, "-I", str(READER), str(file.absolute()), str(target), sheet or ""],
                capture_output=True,
                timeout=MOST_SECONDS,
                check=False,
                env={"LC_ALL": "C.UTF-8"},
            )
        except subprocess.TimeoutExpired:
            raise UnreadableSource(_too_much(name)) from None
        if done.returncode != 0:
            raise UnreadableSource(_too_much(name))
        found = json.loads(done.stdout)
        if "error" in found:
            raise UnreadableSource(f"'{name}' cannot be read as XLSX: {found['error']}. Save it again.")
        if sheet and sheet not in found["sheets"]:
            raise UnreadableSource(f"'{name}' has no sheet '{sheet}'. Sheets: {', '.join(found['sheets'])}.")
        with pa.OSFile(str(target)) as source:
            return Sheet(tuple(text.strip() for text in found["header"]), pa.ipc.open_file(source).read_all())


def _too_much(name: str) -> str:
    return (
        f"'{name}' takes more memory or time than a workbook may. Delete what lies far outside the table, or save the "
        "sheet as CSV."
    )
