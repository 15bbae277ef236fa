"""What a file may hold, looked at before it is read: a small one can unpack to more than any machine has.

Text behind gzip and workbooks are unpacked piece by piece and given up at the first piece too many; what they say of
their own size counts for nothing. Of Parquet the footer is read, which says how much there is.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import pyarrow.lib
import pyarrow.parquet as pq

from core.errors import UnreadableSource
from core.warehouse.files import Format

MIB = 1 << 20
CHUNK_BYTES = MIB
MOST_BYTES = 1024 * MIB
MOST_RATIO = 100
# Below this a high ratio does no harm: a column of one value packs very well.
FREE_BYTES = 16 * MIB
MOST_PARTS = 1_000
MOST_COLUMNS = 2_000
MOST_ROW_GROUPS = 50_000
MOST_FOOTER_BYTES = 64 * MIB
MOST_ROWS = 500_000_000
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1


def check_bounds(file: Path, name: str, form: Format, *, is_upload: bool) -> None:
    """Raises UnreadableSource for a file that holds more than is read.

    Text by path may be as large as it wants: whoever may name paths has put it there.
    """
    if form.is_gzip and is_upload:
        _check_gzip(file, name)
    elif form.kind == "xlsx":
        _check_workbook(file, name)
    elif form.kind == "parquet":
        _check_parquet(file, name, is_upload=is_upload)


def _check_gzip(file: Path, name: str) -> None:
    with file.open("rb") as stream:
        _check_size(_unpacked(stream, wbits=31), file.stat().st_size, name)


def _check_size(pieces: Iterator[int], packed: int, name: str, before: int = 0) -> int:
    """The bytes that the pieces have in all. Raises UnreadableSource once they are too many."""
    total = 0
    for piece in pieces:
        total += piece
        if before + total > MOST_BYTES:
            raise UnreadableSource(f"'{name}' unpacks to more than {MOST_BYTES // MIB} MiB. {_OTHER_WAY}")
        if total > FREE_BYTES and total > MOST_RATIO * max(1, packed):
            raise UnreadableSource(
                f"'{name}' unpacks to more than {MOST_RATIO} times its size, as no table does. {_OTHER_WAY}"
            )
    return total


_OTHER_WAY = "Save it as Parquet, or put it on the server and give its path."


def _unpacked(stream: BinaryIO, *, wbits: int, packed: int | None = None) -> Iterator[int]:
    """Sizes of the pieces that a stream unpacks to, one after another; several gzip members follow each other.

    What is broken ends it: whoever reads the file says so.
    """
    unpacker = zlib.decompressobj(wbits)
    left = packed
    rest = b""
    while True:
        data = rest or stream.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
        if not data:
            return
        if left is not None and not rest:
            left -= len(data)
        try:
            yield len(unpacker.decompress(data, CHUNK_BYTES))
        except zlib.error:
            return
        rest = unpacker.unconsumed_tail
        if unpacker.eof:
            rest = unpacker.unused_data
            if wbits < 0:
                return
            unpacker = zlib.decompressobj(wbits)


def _check_workbook(file: Path, name: str) -> None:
    try:
        with ZipFile(file) as archive, file.open("rb") as stream:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise UnreadableSource(f"'{name}' has {len(parts)} parts; workbooks have at most {MOST_PARTS}.")
            total = 0
            for part in parts:
                total += _check_size(_part(stream, part, name), part.compress_size, name, total)
    except (BadZipFile, struct.error, OSError):
        raise UnreadableSource(f"'{name}' cannot be read as XLSX: it is no whole archive. Save it again.") from None


def _part(stream: BinaryIO, part: ZipInfo, name: str) -> Iterator[int]:
    """Sizes of the pieces of one part, however large it says it is."""
    if part.flag_bits & _ENCRYPTED or part.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise UnreadableSource(f"'{name}' is encrypted or packed in a way that is not read. Save it again as XLSX.")
    if part.compress_type == ZIP_STORED:
        return iter((part.compress_size,))
    stream.seek(part.header_offset)
    _, name_length, extra_length = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
    stream.seek(name_length + extra_length, 1)
    return _unpacked(stream, wbits=-15, packed=part.compress_size)


def _check_parquet(file: Path, name: str, *, is_upload: bool) -> None:
    size = file.stat().st_size
    with file.open("rb") as stream:
        stream.seek(max(0, size - 8))
        footer = int.from_bytes(stream.read(4), "little")
    if MOST_FOOTER_BYTES < footer < size:
        raise UnreadableSource(f"'{name}' has a footer of {footer // MIB} MiB. Write it with fewer row groups.")
    try:
        about = pq.read_metadata(file)
    except (pyarrow.lib.ArrowException, OSError):
        # DuckDB says what is wrong with it.
        return
    if about.num_row_groups > MOST_ROW_GROUPS:
        raise UnreadableSource(
            f"'{name}' has {about.num_row_groups:,} row groups; at most {MOST_ROW_GROUPS:,} are read. Write it with "
            "larger ones."
        )
    if about.num_columns > MOST_COLUMNS:
        raise UnreadableSource(_too_wide(name, about.num_columns))
    if is_upload and about.num_rows > MOST_ROWS:
        raise UnreadableSource(f"'{name}' has {about.num_rows:,} rows; uploads end at {MOST_ROWS:,}. {_OTHER_WAY}")


def check_width(columns: int, name: str) -> None:
    """Raises UnreadableSource for more columns than a dataset has."""
    if columns > MOST_COLUMNS:
        raise UnreadableSource(_too_wide(name, columns))


def _too_wide(name: str, columns: int) -> str:
    return f"'{name}' has {columns:,} columns; at most {MOST_COLUMNS:,} are read. Load those you need."
