"""What every request passes: an id, security headers, limits on bodies, one line in the log, a 500 without a trace."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.web.problems import SENTENCES, ProblemResponse

log = structlog.get_logger(__name__)

MIB = 1024 * 1024
JSON_LIMIT = 1 * MIB
UPLOAD_LIMIT = 200 * MIB
# A multipart body holds boundaries and the other fields besides the file.
MULTIPART_ROOM = 64 * 1024
JSON_TOO_LARGE = "The body is larger than 1 MiB, the limit for JSON."
UPLOAD_TOO_LARGE = (
    "The upload is larger than 200 MiB. Put the file on the server and create the dataset from its path or glob "
    '("source": {"kind": "files", "path": …}): that way has no limit.'
)
# An answer in mid-upload would be lost with the connection, so what is too large is read to its end, within reason.
READ_ON = 1024 * MIB
API_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
]
# Browsers then ask by https alone for a year. Not for subdomains: they are not ours to decide about.
HSTS = (b"strict-transport-security", b"max-age=31536000")


class Frame:
    """The outermost layer of the web app."""

    def __init__(self, inner: ASGIApp, *, is_https: bool = False) -> None:
        self._inner, self._ids = inner, _request_ids()
        self._headers = [*API_HEADERS, HSTS] if is_https else API_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with all that."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request_id = next(self._ids)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        answer = _Answer(send, request_id, self._headers)
        started = time.perf_counter()
        try:
            await self._inner(_without_last_slash(scope), _limited(scope, receive), answer)
        except Exception:
            log.exception("request failed", method=scope["method"], path=_shown(scope["path"]))
            await _answer_500(scope, receive, answer)
        _note(scope, answer.status, time.perf_counter() - started)


class _Answer:
    """`send` that adds the headers which are not there yet."""

    def __init__(self, send: Send, request_id: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._send, self._request_id, self._headers = send, request_id, headers
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            present = {name for name, _ in headers}
            headers.extend(header for header in self._headers if header[0] not in present)
            headers.append((b"x-request-id", self._request_id.encode("ascii")))
        await self._send(message)


def _request_ids() -> Iterator[str]:
    """Ids that are unique over restarts and sort in the order of requests."""
    start = secrets.token_hex(4)
    return (f"{start}-{number:06x}" for number in count(1))


def _without_last_slash(scope: Scope) -> Scope:
    path = scope["path"]
    if len(path) > 1 and path.endswith("/"):
        return {**scope, "path": path.rstrip("/") or "/"}
    return scope


def _limited(scope: Scope, receive: Receive) -> Receive:
    """`receive` that refuses a body beyond its limit, also one that does not say its length."""
    if scope["method"] in {"GET", "HEAD"}:
        return receive
    headers = Headers(scope=scope)
    is_upload = _takes_uploads(scope) and is_form(headers.get("content-type", ""))
    limit = UPLOAD_LIMIT + MULTIPART_ROOM if is_upload else JSON_LIMIT
    declared = headers.get("content-length", "0")
    is_too_large = declared.isdecimal() and int(declared) > limit
    has_waited = headers.get("expect", "").lower() == "100-continue"
    read = 0

    async def receive_within() -> Message:
        nonlocal read
        if not (is_too_large and has_waited):
            message = await receive()
            read += len(message.get("body", b""))
            if read <= limit and not is_too_large:
                return message
            await _read_on(message, receive)
        raise HTTPException(413, UPLOAD_TOO_LARGE if is_upload else JSON_TOO_LARGE, {"Connection": "close"})

    return receive_within


def is_form(content_type: str) -> bool:
    """Whether a body of that type is a form with files."""
    return content_type.lower().startswith("multipart/form-data")


def _takes_uploads(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "POST" and path.rstrip("/").endswith(("/datasets", "/versions"))


async def _read_on(message: Message, receive: Receive) -> None:
    dropped = 0
    while message.get("more_body") and dropped < READ_ON:
        message = await receive()
        dropped += len(message.get("body", b""))


async def _answer_500(scope: Scope, receive: Receive, answer: _Answer) -> None:
    if not answer.status:
        await ProblemResponse(500, SENTENCES[500])(scope, receive, answer)


def _note(scope: Scope, status: int, took_s: float) -> None:
    method: str = scope["method"]
    facts: dict[str, Any] = {"method": method, "path": _shown(scope["path"]), "status": status}
    level = "debug" if method in {"GET", "HEAD"} and status < 400 else "info"
    getattr(log, level)("request", **facts, ms=round(took_s * 1000, 1))


def _shown(path: str) -> str:
    """The path without the token of a report link, a trigger, a mail, a picture or an invitation: they are secrets."""
    parts = path.split("/")
    if len(parts) > 2 and parts[1] in {"welcome", "u", "i"}:
        parts[2] = "***"
    if len(parts) > 3 and parts[1] in {"r", "t"}:
        parts[3] = "***"
    return "/".join(parts)
