"""Report URLs: `/r/<slug>/<token>` and `/r/<slug>`, as a page or by suffix as picture, table or numbers.

A middleware instead of a route: a report whose data has not changed is answered from memory, without the framework.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs

import structlog
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.access.tokens import verify_token
from core.app import App
from core.errors import BridgecastError, NotFound, UnknownDataset
from core.web.auth import token_of
from core.web.drawing import FORMS, PAGE_CSP, Ask, Drawer, Drawn, Form, Notice
from core.web.freshness import FreshData
from core.web.problems import ProblemResponse
from core.web.report_cache import ReportCache
from core.web.report_links import OpenLink, ReportLinks
from core.web.report_pages import CANNOT, CLOSED, FIRST_LOAD, MAY_NOT, SIGN_IN, Message, page_of
from core.web.views import Views

log = structlog.get_logger(__name__)

PREFIX = "/r/"
FILE_SUFFIXES = tuple(f".{form}" for form in FORMS if form != "html")
# What of the query each form heeds.
HEEDED: dict[Form, tuple[str, ...]] = {
    "html": ("view",),
    "svg": ("view",),
    "png": ("view",),
    "csv": ("view", "step", "dimension"),
    "json": ("view", "step", "dimension"),
}
DRAWING_THREADS, LOOKING_THREADS = 2, 16


@dataclass(frozen=True)
class Address:
    """A report URL, taken apart. `path` is the URL's path without the suffix."""

    slug: str
    token: str | None
    form: Form
    path: str

    @classmethod
    def parse(cls, path: str) -> Address | None:
        """The parts of `/r/<slug>[/<token>][.<form>]`; None when it has another shape."""
        bare, dot, suffix = path.rpartition(".")
        form = next((form for form in FORMS if dot and suffix == form), None)
        whole = bare if form else path
        slug, slash, token = whole.removeprefix(PREFIX).partition("/")
        if not slug or (slash and not token) or "/" in token:
            return None
        return cls(slug, token or None, form or "html", whole)


class Reports:
    """Answers `/r/…`; everything else goes to the inner app."""

    def __init__(self, inner: ASGIApp, app: App, drawer: Drawer, views: Views, wait_s: float) -> None:
        self._inner, self._app, self._drawer, self._views = inner, app, drawer, views
        self._drawing = ThreadPoolExecutor(DRAWING_THREADS, thread_name_prefix="draw")
        self._looking = ThreadPoolExecutor(LOOKING_THREADS, thread_name_prefix="look")
        self._links = ReportLinks(app)
        self._cache = ReportCache(self._drawing)
        self._data = FreshData(app, self._looking, wait_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a report URL, or pass the request on."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._inner(scope, receive, send)
            return
        if scope["method"] not in {"GET", "HEAD"}:
            refusal = ProblemResponse(405, "A report is read: send GET.", headers={"Allow": "GET, HEAD"})
            await refusal(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = await self._answer(scope, headers)
        if isinstance(answer, Message):
            await _send_message(scope, receive, send, answer)
        else:
            await _send_drawn(scope, send, answer, headers.get("if-none-match"))

    async def _answer(self, scope: Scope, headers: Headers) -> Message | Drawn:
        address = Address.parse(scope["path"])
        if address is None:
            return CLOSED
        link = await self._open(address, headers.get("authorization"))
        if isinstance(link, Message):
            return link
        try:
            drawn = await self._drawn(link, address, scope["query_string"])
        except UnknownDataset:
            return FIRST_LOAD
        except NotFound as error:
            return Message(404, "This report has no such view", str(error))
        except BridgecastError as error:
            log.warning("report cannot be drawn", link=link.link_id, reason=str(error))
            return CANNOT
        if address.form == "html" and scope["method"] == "GET":
            self._views.count(link.link_id)
        return drawn

    async def _open(self, address: Address, authorization: str | None) -> OpenLink | Message:
        """The link if the caller may see it. Without a token in the address nobody learns which slugs exist."""
        link = self._links.resolve(address.slug, address.token) if address.token else None
        if address.token and link is None:
            return CLOSED
        if link is not None and link.is_public:
            return link
        refusal = await self._refusal(authorization)
        return refusal or link or self._links.resolve(address.slug, None) or CLOSED

    async def _refusal(self, authorization: str | None) -> Message | None:
        """Why a caller may not see what is not public; None if they may."""
        token = token_of(authorization)
        if token is None:
            return SIGN_IN
        verify = partial(verify_token, self._app.store, token, now=self._app.clock())
        caller = await asyncio.get_running_loop().run_in_executor(self._looking, verify)
        if caller is None or caller.organisation_id != self._app.organisation.id:
            return SIGN_IN
        return None if "read" in caller.scopes else MAY_NOT

    async def _drawn(self, link: OpenLink, address: Address, query: bytes) -> Drawn:
        """The report on the newest data: from memory if it was drawn before."""
        fresh = await self._data.of(link.dataset)
        version = fresh.version
        ask = _ask(address, query, link, "loading" if fresh.is_loading else "stale" if fresh.stale else "")
        key = (link.shown.identity, version.dataset, version.number, version.published_at, ask)
        kept = self._cache.get(key)
        return kept or await self._cache.draw(key, partial(self._drawer.draw, link.shown, version, ask))


def _ask(address: Address, query: bytes, link: OpenLink, notice: Notice) -> Ask:
    """What is asked for; of the query only what this form heeds, so that nothing else makes another copy."""
    is_page = address.form == "html"
    heeded = () if is_page and link.shown.content.layout != "dropdown" else HEEDED[address.form]
    given = parse_qs(query.decode("latin-1")) if query and heeded else {}
    wanted = {name: given[name][0] for name in heeded if name in given}
    return Ask(
        form=address.form,
        address=address.path if is_page else "",
        is_public=link.is_public and is_page,
        notice=notice if is_page else "",
        **wanted,
    )


async def _send_drawn(scope: Scope, send: Send, drawn: Drawn, if_none_match: str | None) -> None:
    headers = [
        (b"etag", drawn.etag.encode()),
        (b"last-modified", drawn.last_modified.encode()),
        (b"cache-control", b"no-cache"),
        (b"content-security-policy", drawn.csp.encode()),
        (b"cross-origin-resource-policy", b"cross-origin"),
        (b"x-robots-tag", b"noindex"),
    ]
    # If-Modified-Since is not heeded: it counts in seconds, and two publishes fit into one.
    is_known = if_none_match is not None and _matches(if_none_match, drawn.etag)
    if not is_known:
        headers += [
            (b"content-type", drawn.media_type.encode()),
            (b"content-length", str(len(drawn.body)).encode()),
        ]
    await send({"type": "http.response.start", "status": 304 if is_known else 200, "headers": headers})
    body = b"" if is_known or scope["method"] == "HEAD" else drawn.body
    await send({"type": "http.response.body", "body": body})


def _matches(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or "*" in tags


async def _send_message(scope: Scope, receive: Receive, send: Send, message: Message) -> None:
    headers = {
        "Content-Security-Policy": PAGE_CSP,
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    }
    if message.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if message.reload_s:
        headers["Retry-After"] = str(message.reload_s)
    if scope["path"].endswith(FILE_SUFFIXES):
        response: Response = ProblemResponse(message.status, message.text, headers=headers)
    else:
        response = HTMLResponse(page_of(message), message.status, headers)
    await response(scope, receive, send)
