"""A multipart body: its file goes straight to disk, piece by piece, its few fields into a dict."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException

from core.errors import DataError
from core.web.frame import UPLOAD_LIMIT, UPLOAD_TOO_LARGE, is_form

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

LONGEST_FIELD = 64 * 1024
MOST_FIELDS = 20


@dataclass(frozen=True)
class Upload:
    """A received file: where it lies, what its sender called it, what came with it."""

    path: Path
    file_name: str
    fields: dict[str, str]


def is_multipart(request: Request) -> bool:
    """Whether the body is a form with files."""
    return is_form(request.headers.get("content-type", ""))


@asynccontextmanager
async def received(request: Request, folder: Path) -> AsyncIterator[Upload]:
    """The upload of a request; its file lies below `folder` and is gone after the block.

    Raises DataError without a file, HTTPException for a broken form (400) and one that is too large (413).
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(dir=folder, prefix="upload-") as own:
        form, body = _Form(Path(own)), request.stream()
        try:
            await form.read(body, _boundary(request))
        except (HTTPException, DataError):
            # An answer in mid-upload would be lost with the connection.
            async for _ in body:
                pass
            raise
        finally:
            form.close()
        yield form.upload()


def _boundary(request: Request) -> bytes:
    _, options = parse_options_header(request.headers["content-type"])
    if b"boundary" not in options:
        raise HTTPException(400, "The form cannot be read: its Content-Type names no boundary.")
    return options[b"boundary"]


class _Form:
    """Takes what the parser finds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fields: dict[str, bytearray] = {}
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._field: bytearray | None = None
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._file_name = ""
        self._received = 0
        self._has_ended = False

    async def read(self, body: AsyncIterator[bytes], boundary: bytes) -> None:
        """Take the whole body. Raises HTTPException and DataError."""
        parser = MultipartParser(boundary, self.callbacks())
        try:
            async for chunk in body:
                parser.write(chunk)
            parser.finalize()
        except FormParserError as error:
            raise HTTPException(400, f"The form cannot be read: {error}") from None
        self.require_end()

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_part,
            "on_part_data": lambda data, start, end: self._take(memoryview(data)[start:end]),
            "on_part_end": self.close,
            "on_end": self._end,
        }

    def require_end(self) -> None:
        """Raises HTTPException when the form broke off: half a file is no file."""
        if not self._has_ended:
            raise HTTPException(400, "The form breaks off before its last boundary. Send it again.")

    def close(self) -> None:
        """End the part, also one that broke off."""
        if self._file is not None:
            self._file.close()
        self._field = self._file = None

    def upload(self) -> Upload:
        """What was received."""
        if self._path is None:
            raise DataError("No file was sent. Send one in the form field 'file'.", field="file")
        fields = {name: value.decode("utf-8", "replace") for name, value in self._fields.items()}
        return Upload(self._path, self._file_name, fields)

    def _end(self) -> None:
        self._has_ended = True

    def _end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _begin_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            self._field = self._fields.setdefault(name, bytearray())
            if len(self._fields) > MOST_FIELDS:
                raise HTTPException(413, f"The form has more than {MOST_FIELDS} fields.", {"Connection": "close"})
            return
        if self._path is not None or name != "file":
            raise DataError("Send exactly one file, in the form field 'file'.", field=name or "file")
        sent_name = options[b"filename"].decode("utf-8", "replace")
        self._file_name = sent_name.replace("\\", "/").rsplit("/", 1)[-1] or "upload"
        self._path = self._folder / "received"
        self._file = self._path.open("wb")

    def _take(self, data: memoryview) -> None:
        if self._file is not None:
            self._received += self._file.write(data)
            if self._received > UPLOAD_LIMIT:
                raise HTTPException(413, UPLOAD_TOO_LARGE, {"Connection": "close"})
        elif self._field is not None:
            self._field.extend(data)
            if sum(map(len, self._fields.values())) > LONGEST_FIELD:
                raise HTTPException(413, "The fields beside the file are longer than 64 KiB.", {"Connection": "close"})
