"""A sample of a text file: its encoding, delimiter, header, and rows from its beginning, middle and end."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from core.errors import UnreadableSource
from core.model.data import ReadOptions

HEAD_BYTES = 1 << 20
CHUNK_BYTES = 1 << 18
MOST_ROWS = 20_000
DELIMITERS = (",", ";", "\t", "|")
_BYTE_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class TextSample:
    """What was seen of a delimited text file. rows: fields as text, without the header."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: list[list[str]]
    rows_estimate: int


def take_sample(file: Path, name: str, *, is_gzip: bool, options: ReadOptions) -> TextSample:
    """Look at a delimited text file; `options` that are given are not looked for.

    Raises UnreadableSource without a header or rows, or if the encoding is wrong or unknown.
    """
    head, is_whole = _read_head(file, name, is_gzip)
    encoding = options.encoding or find_encoding(head, name, is_whole)
    text = _decoded(head, encoding, name)
    if not is_whole:
        text = text[: text.rfind("\n") + 1] or text
    delimiter = options.delimiter or find_delimiter(text)
    lines = _parse(text, delimiter)
    if not lines or not any(field.strip() for field in lines[0]):
        raise UnreadableSource(f"'{name}' is empty. Load a file with a header line and rows.")
    header, rows = lines[0], lines[1:]
    _check_widths(text, delimiter, name, is_whole)
    rows_estimate = len(rows)
    if not is_whole:
        size, seen = file.stat().st_size, _stored_bytes(file, len(head), is_gzip)
        # Of narrow rows the head holds more than are looked at.
        seen_rows = text.count("\n") - 1 if len(rows) >= MOST_ROWS else len(rows)
        rows_estimate = int(seen_rows * size / max(1, seen))
    if not is_whole and not is_gzip:
        rows += [r for r in _later_rows(file, size, encoding, delimiter) if len(r) == len(header)]
    return TextSample(encoding, delimiter, tuple(field.strip() for field in header), rows, rows_estimate)


def read_header(file: Path, name: str, *, is_gzip: bool, encoding: str, delimiter: str) -> tuple[str, ...]:
    """The first line's fields."""
    head, _ = _read_head(file, name, is_gzip, CHUNK_BYTES)
    lines = _parse(_decoded(head, encoding, name), delimiter, limit=1)
    return tuple(field.strip() for field in lines[0]) if lines else ()


def find_encoding(head: bytes, name: str, is_whole: bool) -> str:
    """UTF-8 if it is that, else the most probable one. Raises UnreadableSource if none fits."""
    for mark, encoding in _BYTE_MARKS:
        if head.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=is_whole)
    except UnicodeDecodeError:
        return _other_encoding(head, name)
    if b"\0" in head:
        raise UnreadableSource(f"'{name}' is no text: it holds zero bytes. Load CSV, JSON, Parquet or XLSX.")
    return "utf-8"


def find_delimiter(text: str) -> str:
    """The delimiter that gives most lines the same number of fields, and the most of them."""
    scores = {}
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _parse(text[:CHUNK_BYTES], delimiter, limit=200)]
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        header, share = widths[0] if widths else 1, count / max(1, len(widths))
        scores[delimiter] = (header == width > 1, width > 1 and share > 0.5, header > 1, share, width)
    return max(scores, key=lambda d: scores[d])


def _other_encoding(head: bytes, name: str) -> str:
    best = from_bytes(head[:CHUNK_BYTES]).best()
    if best is None:
        raise UnreadableSource(
            f"'{name}' is not UTF-8, and its encoding cannot be told. Save it as UTF-8, or give "
            "source.read.encoding (such as cp1252)."
        )
    # Western texts fit several code pages alike; Windows' own is the one people mean.
    return "cp1252" if "cp1252" in (best.encoding, *best.could_be_from_charset) else best.encoding


def _read_head(file: Path, name: str, is_gzip: bool, size: int = HEAD_BYTES) -> tuple[bytes, bool]:
    """The first bytes of a file, and whether that is all of it."""
    try:
        with _open(file, is_gzip) as stream:
            head = stream.read(size)
            return head, not stream.read(1)
    except FileNotFoundError:
        raise UnreadableSource(f"'{name}' vanished before it could be read. Load it again.") from None
    except (EOFError, OSError) as error:
        raise UnreadableSource(f"'{name}' cannot be read: {error}. Write or send it again.") from None


def _stored_bytes(file: Path, length: int, is_gzip: bool) -> int:
    """How much of the file its first `length` bytes of text take."""
    if not is_gzip:
        return length
    with file.open("rb") as stored:
        unpacked = zlib.decompressobj(wbits=31)
        given = 0
        while given < length and (chunk := stored.read(CHUNK_BYTES)):
            given += len(unpacked.decompress(chunk, length - given))
        return stored.tell() - len(unpacked.unconsumed_tail)


def _open(file: Path, is_gzip: bool) -> IO[bytes]:
    return gzip.open(file) if is_gzip else file.open("rb")  # type: ignore[return-value]


def _decoded(head: bytes, encoding: str, name: str) -> str:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise UnreadableSource(f"'{encoding}' is no encoding. Use a name such as utf-8, cp1252 or utf-16.") from None
    try:
        return decoder.decode(head).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = head[: error.start].count(b"\n") + 1
        raise UnreadableSource(
            f"'{name}', line {line}: the text is not {encoding}. Give source.read.encoding (such as cp1252), or save "
            "the file as UTF-8."
        ) from None


def _parse(text: str, delimiter: str, limit: int = MOST_ROWS) -> list[list[str]]:
    """Rows of fields; blank lines are skipped."""
    rows: list[list[str]] = []
    csv.field_size_limit(HEAD_BYTES * 2)
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        if row:
            rows.append(row)
        if len(rows) > limit:
            break
    return rows


def _check_widths(text: str, delimiter: str, name: str, is_whole: bool) -> None:
    """Raises UnreadableSource for the first line that has more or fewer fields than the header."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header, ragged = 0, None
    for row in reader:
        header = header or len(row)
        if ragged is not None:
            break
        if row and len(row) != header:
            ragged = (reader.line_num, len(row))
    else:
        # The last line of a sample may be cut within quotes.
        ragged = ragged if is_whole else None
    if ragged is not None:
        raise UnreadableSource(
            f"'{name}', line {ragged[0]}: {ragged[1]} fields where the header has {header}. Correct the line; a field "
            "that holds the delimiter stands in double quotes."
        )


def _later_rows(file: Path, size: int, encoding: str, delimiter: str) -> list[list[str]]:
    """Whole lines from the middle and the end of a file, for forms that its beginning does not show."""
    rows = []
    with file.open("rb") as stream:
        for start in (size // 2, max(HEAD_BYTES, size - CHUNK_BYTES)):
            stream.seek(start)
            chunk = stream.read(CHUNK_BYTES)
            whole = chunk[chunk.find(b"\n") + 1 : chunk.rfind(b"\n") + 1]
            rows += _parse(whole.decode(encoding, errors="ignore"), delimiter)
    return rows
