"""Text files in other encodings, as UTF-8: DuckDB reads nothing else."""

from __future__ import annotations

import codecs
import gzip
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from core.errors import UnreadableSource
from core.warehouse.files import Format
from core.warehouse.read import Layout, Part

CHUNK_BYTES = 1 << 20
_UTF8 = frozenset({"utf-8", "ascii"})


@contextmanager
def in_utf8(layout: Layout, scratch: Path) -> Iterator[Layout]:
    """The layout with its files in UTF-8; copies are made in `scratch` and removed afterwards.

    Raises UnreadableSource with the line that does not fit the encoding.
    """
    encoding = layout.options.encoding or "utf-8"
    if layout.format.kind != "csv" or codecs.lookup(encoding).name in _UTF8:
        yield layout
        return
    with tempfile.TemporaryDirectory(prefix="utf8-", dir=scratch) as folder:
        parts = []
        for number, part in enumerate(layout.parts):
            files = tuple(Path(folder) / f"{number}-{i}-{file.name}.csv" for i, file in enumerate(part.files))
            for file, target in zip(part.files, files, strict=True):
                _transcode(file, target, encoding, layout)
            parts.append(Part(files, part.header))
        yield replace(layout, parts=tuple(parts), format=Format("csv"))


def _transcode(file: Path, target: Path, encoding: str, layout: Layout) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with _open(file, layout.format.is_gzip) as source, target.open("w", encoding="utf-8", newline="") as out:
        while chunk := source.read(CHUNK_BYTES):
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                line = lines + chunk[: error.start].count(b"\n")
                raise UnreadableSource(
                    f"'{file.name}', line {line}: the text is not {encoding}. Give source.read.encoding, or save the "
                    "file as UTF-8."
                ) from None
            lines += text.count("\n")
            out.write(text)


def _open(file: Path, is_gzip: bool) -> IO[bytes]:
    return gzip.open(file) if is_gzip else file.open("rb")  # type: ignore[return-value]
