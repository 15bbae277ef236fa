"""Trigger URLs: `/t/<public id>/<token>` starts an export, `/t/status/<signed run>` says what became of it.

A middleware, outside of what cookies and sessions mean: nothing but the token counts here. GET starts a run, because
cron jobs and "the data is ready" hooks call so, but not for whoever only looks at an address: HEAD, previews of links
in chats and mails, prefetching, and a person's browser, which is shown a page with a button.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.app import App
from core.delivery.triggers import IDEMPOTENCY_KEY, Call, Fired, KnownTrigger, Triggers
from core.errors import AccessDenied, BridgecastError, DataError
from core.report.html import CONTENT_SECURITY_POLICY
from core.web.auth import token_of
from core.web.drawing import framed
from core.web.problems import SENTENCES, ProblemResponse, problem_of
from core.web.report_pages import Message, page_of
from core.web.strangers import Buckets

PREFIX = "/t/"
STATUS = "status"
BODY_LIMIT = 256 * 1024
A_MINUTE, A_DAY = 10, 500
"""How often one trigger may be called."""
METHODS = "GET, HEAD, POST"
# Those that fetch an address because it was written somewhere, by what they call themselves.
PREVIEWS = re.compile(
    r"slackbot|slack-imgproxy|microsoftpreview|skypeuripreview|safelinks|bingpreview|twitterbot|facebookexternalhit|"
    r"facebot|linkedinbot|discordbot|telegrambot|whatsapp|mattermost|rocket\.chat|googleimageproxy|yahoomailproxy|"
    r"google-safety|googlebot|bingbot|applebot|iframely|embedly|proofpoint|mimecast|barracuda|urlpreview|link.?preview|"
    r"linkexpanding|unfurl|crawler|spider",
    re.IGNORECASE,
)
AHEAD, AHEAD_HEADERS = (
    re.compile("prefetch|preview|prerender", re.IGNORECASE),
    ("purpose", "sec-purpose", "x-purpose", "x-moz"),
)


class TriggerUrls:
    """Answers `/t/…`; everything else goes to the inner app."""

    def __init__(self, inner: ASGIApp, app: App) -> None:
        self._inner, self._triggers = inner, app.triggers
        self._a_minute, self._a_day = Buckets(A_MINUTE), Buckets(A_DAY, per_s=24 * 60 * 60)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a trigger URL, or pass the request on."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._inner(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except BridgecastError as error:
            answer = problem_of(error)
        except HTTPException as error:
            answer = ProblemResponse(error.status_code, error.detail, headers=error.headers)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in METHODS.split(", "):
            return ProblemResponse(405, SENTENCES[405], headers={"Allow": METHODS})
        public_id, _, token = request.url.path.removeprefix(PREFIX).partition("/")
        if public_id == STATUS:
            return await self._status(request, token)
        token = token or token_of(request.headers.get("authorization")) or ""
        known = await run_in_threadpool(self._triggers.find, public_id, token)
        if known is None:
            return ProblemResponse(404, SENTENCES[404])
        if _only_looks(request.method, request.headers):
            return _page(_question(known))
        if request.method == "GET" and (known.spec.post_only or known.spec.is_signed):
            return ProblemResponse(405, "This trigger takes POST alone.", headers={"Allow": "POST"})
        if wait_s := self._a_minute.take(known.id) or self._a_day.take(known.id):
            text = f"A trigger may be called {A_MINUTE} times a minute and {A_DAY} times a day."
            return ProblemResponse(429, text, headers={"Retry-After": str(wait_s)})
        return await self._fire(request, known)

    async def _fire(self, request: Request, known: KnownTrigger) -> Response:
        try:
            call = await _call_of(request, known, self._triggers)
        except AccessDenied as error:
            return ProblemResponse(401, str(error))
        fired = await run_in_threadpool(self._triggers.fire, known, call)
        request.app.state.wake()
        return _page(_begun(known, fired)) if _is_browser(request.headers) else _accepted(fired)

    async def _status(self, request: Request, signed: str) -> Response:
        told = await run_in_threadpool(self._triggers.status, signed)
        if told is None:
            return ProblemResponse(404, SENTENCES[404])
        if request.method == "POST":
            return ProblemResponse(405, SENTENCES[405], headers={"Allow": "GET, HEAD"})
        said = {
            name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(told).items()
        }
        return JSONResponse(said)


async def _call_of(request: Request, known: KnownTrigger, triggers: Triggers) -> Call:
    """What is asked for. Raises DataError, AccessDenied, and HTTPException for a body that is too large or no JSON.

    The id of a signed call is its key: a call that somebody sends again starts nothing.
    """
    if request.method == "GET":
        _refuse_parameters(request, known)
        return Call("GET")
    body = await _body(request)
    message_id = triggers.verified(known, request.headers, body)
    return Call("POST", _parameters(body, request.headers), message_id or request.headers.get(IDEMPOTENCY_KEY))


def _refuse_parameters(request: Request, known: KnownTrigger) -> None:
    """A parameter in the address would be passed over in silence."""
    for name, _ in parse_qsl(request.url.query, keep_blank_values=True):
        if name in known.spec.parameters:
            raise DataError(f"Send parameter '{name}' by POST, in a JSON object.", field=name)


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise HTTPException(413, "The body is larger than 256 kB, the limit here.", {"Connection": "close"})
    return body


def _parameters(body: bytes, headers: Headers) -> Mapping[str, Any]:
    """The JSON object in the body, whatever it calls itself; nothing at all is no parameter."""
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        kind = headers.get("content-type", "")
        is_json = not kind or "json" in kind.lower()
        raise HTTPException(400 if is_json else 415, "Send parameters as a JSON object, or no body.") from None
    if not isinstance(found, dict):
        raise HTTPException(422, 'Parameters are one JSON object, such as {"country": "FR"}.')
    return found


def _only_looks(method: str, headers: Headers) -> bool:
    """Whether nobody wants to start anything: HEAD, a preview, a prefetch, or a person who opens the address."""
    if method == "POST":
        return False
    is_ahead = any(AHEAD.search(headers.get(name, "")) for name in AHEAD_HEADERS)
    is_preview = PREVIEWS.search(headers.get("user-agent", "")) is not None
    return method == "HEAD" or is_ahead or is_preview or _is_browser(headers)


def _is_browser(headers: Headers) -> bool:
    """Whether a page is wanted. Over plain http browsers do not say that they navigate, but what they would show."""
    if headers.get("sec-fetch-mode") == "navigate":
        return True
    return headers.get("user-agent", "").startswith("Mozilla/") and headers.get("accept", "").startswith("text/html")


def _question(known: KnownTrigger) -> Message:
    if known.spec.is_signed:
        return Message(200, f"“{known.name}”", "Signed calls start this export. Opening its address starts nothing.")
    text = "Whoever has this address can start this export. Opening it in a browser starts nothing."
    return Message(200, f"Start “{known.name}”?", text, button="Start it now")


def _begun(known: KnownTrigger, fired: Fired) -> Message:
    text = f"It was started already, as run {fired.run_id}." if fired.is_duplicate else f"As run {fired.run_id}."
    return Message(202, f"“{known.name}” has been started", text)


def _page(message: Message) -> Response:
    headers = {
        "Content-Security-Policy": framed(CONTENT_SECURITY_POLICY),
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    }
    return HTMLResponse(page_of(message), message.status, headers)


def _accepted(fired: Fired) -> Response:
    said = {"run_id": fired.run_id, "status_url": fired.status_url, "duplicate": fired.is_duplicate}
    return JSONResponse(said, 202, {"Location": fired.status_url})
