"""Files of a source: which they are, what is in them by their first bytes, whether they have changed."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Literal

from core.errors import UnreadableSource

Kind = Literal["csv", "json", "parquet", "xlsx"]
LONGEST_NAME_BYTES, LONGEST_PATH = 255, 4000
FORMATS = "CSV, TSV, CSV.gz, JSON, NDJSON, Parquet, XLSX"
_PARTITION = re.compile(r"(?<=/)([^/=]+)=([^/]*)")
_JSON_ENDINGS = (".json", ".ndjson", ".jsonl")
_REFUSED = {
    b"\xd0\xcf\x11\xe0": "is an old Excel file (.xls). Save it as .xlsx or CSV",
    b"%PDF": "is a PDF",
    b"\x1f\x9d": "is compressed by 'compress'. Use gzip",
    b"BZh": "is compressed by bzip2. Use gzip",
    b"\x28\xb5\x2f\xfd": "is compressed by zstd. Use gzip, or Parquet",
    b"SQLite": "is a SQLite database. Export the table as CSV or Parquet",
}


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk: a name is only kept by a power cut when its folder is, too."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, text: str) -> None:
    """Write a file that holds all of the text or what it held before, whatever happens meanwhile."""
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(text)
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


@dataclass(frozen=True)
class Format:
    """What a file is; `is_gzip`: as a whole compressed by gzip."""

    kind: Kind
    is_gzip: bool = False


def resolve(path: str) -> tuple[Path, ...]:
    """The files meant by a path or glob, sorted by name. An existing file is a path even with `[ ]` in its name.

    Raises UnreadableSource for nothing or a folder.
    """
    exact = _expanded(path)
    try:
        is_file, is_folder = exact.is_file(), exact.is_dir()
    except PermissionError:
        raise UnreadableSource(
            f"'{path}' may not be read by Bridgecast: its folder is closed. Change the folder's permissions."
        ) from None
    if is_file:
        return (exact,)
    if is_folder:
        raise UnreadableSource(f"'{path}' is a folder. Give a glob of its files, such as '{exact}/*.csv'.")
    if found := _matches(exact):
        return found
    if glob.has_magic(path):
        raise UnreadableSource(f"No file matches '{path}'. Check the folder and the pattern.")
    raise UnreadableSource(f"There is no file '{path}'. Check the path; it is one on the server.")


def refuse_private(path: str, private: Sequence[Path]) -> None:
    """Raises UnreadableSource for a path or glob that leads to one of the private files or into one of those folders.

    Links and ".." are followed; whether there is such a file is not told.
    """
    exact = _expanded(path)
    named = Path(*takewhile(lambda part: not glob.has_magic(part), exact.parts))
    for file in (exact, named, *_matches(exact)):
        real = Path(os.path.realpath(file))
        if any(real.is_relative_to(place) for place in private):
            raise UnreadableSource(
                f"'{path}' leads to files that Bridgecast keeps to itself. Copy the data elsewhere and give that path.",
                field="source.path",
            )


def _expanded(path: str) -> Path:
    """The path with "~" read. Raises UnreadableSource for what no file can be called."""
    if "\0" in path or max(map(len, path.encode().split(b"/"))) > LONGEST_NAME_BYTES or len(path) > LONGEST_PATH:
        raise UnreadableSource("No file can have that path: it is too long or holds a NUL. Check it.")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UnreadableSource(f"There is nobody behind '~' in '{path}'. Write the path from '/' on.") from None


def _matches(pattern: Path) -> tuple[Path, ...]:
    found = sorted(glob.glob(str(pattern), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    return tuple(Path(name) for name in found if Path(name).is_file())


def fingerprint(path: str) -> str:
    """Changes when a file of the source appears, goes or is written: by path, size, inode and modification time."""
    digest = hashlib.sha256()
    for file in resolve(path):
        try:
            stat = file.stat()
        except FileNotFoundError:
            raise UnreadableSource(f"'{file}' vanished while it was looked at. Load it again.") from None
        digest.update(f"{file}\0{stat.st_size}\0{stat.st_ino}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def partitions(path: str, files: Sequence[Path]) -> dict[str, list[str]]:
    """Columns that the folders of a glob give, such as `dt=2026-01-01`, each with its values in the order of the files.

    Only names that all files have; a single file by its own path has none.
    """
    if Path(path).expanduser().is_file():
        return {}
    found = [dict(_PARTITION.findall(str(file.parent))) for file in files]
    return {name: [values[name] for values in found] for name in found[0] if all(name in values for values in found)}


def as_pattern(file: Path) -> str:
    """The file's path for DuckDB, which would take `*`, `?` and `[` for a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(file))


def sniff_format(file: Path, name: str) -> Format:
    """What `file`, called `name` by whoever gave it, holds: by its first bytes, then by its ending.

    Raises UnreadableSource for an empty file and for formats that are not read.
    """
    head = _head(file, name)
    if head.startswith(b"PAR1"):
        return Format("parquet")
    if head.startswith(b"PK\x03\x04"):
        return _zipped(name)
    for magic, fault in _REFUSED.items():
        if head.startswith(magic):
            raise UnreadableSource(f"'{name}' {fault}. Formats: {FORMATS}.")
    is_gzip = head.startswith(b"\x1f\x8b")
    plain = name.lower().removesuffix(".gz")
    if plain.endswith((".parquet", ".xlsx")):
        expected = "Parquet" if plain.endswith(".parquet") else "XLSX"
        raise UnreadableSource(f"'{name}' is no {expected} file: its first bytes are not those of one. Write it again.")
    return Format("json" if plain.endswith(_JSON_ENDINGS) else "csv", is_gzip)


def _zipped(name: str) -> Format:
    if name.lower().endswith(".zip"):
        raise UnreadableSource(f"'{name}' is a zip archive. Unpack it, or compress single files by gzip.")
    return Format("xlsx")


def _head(file: Path, name: str) -> bytes:
    try:
        with file.open("rb") as stream:
            head = stream.read(16)
    except FileNotFoundError:
        raise UnreadableSource(f"'{name}' vanished before it could be read. Load it again.") from None
    except PermissionError:
        raise UnreadableSource(f"'{name}' may not be read by Bridgecast. Change its permissions.") from None
    if not head:
        raise UnreadableSource(f"'{name}' is empty (0 bytes). Load a file with a header line and rows.")
    return head
