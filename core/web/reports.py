"""Report URLs: `/r/<slug>/<token>` and `/r/<slug>`, as a page or by suffix as picture, table or numbers.

A middleware instead of a route: a report whose data has not changed is answered from memory, without the framework.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs, quote

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.app import App
from core.catalogue import Freshness
from core.errors import BridgecastError, NotFound, UnknownDataset
from core.model.delivery import LinkSettings
from core.report.html import CONTENT_SECURITY_POLICY
from core.web.drawing import FORMS, Ask, Drawer, Drawn, Form, Notice, framed, identity_of
from core.web.freshness import FreshData
from core.web.problems import ProblemResponse
from core.web.report_cache import ReportCache
from core.web.report_gate import Admitted, Gate, Visit
from core.web.report_links import OpenLink, ReportLinks
from core.web.report_pages import CANNOT, CLOSED, FIRST_LOAD, SIGN_IN, WITHHELD, Message, page_of
from core.web.views import View, Views

log = structlog.get_logger(__name__)

PREFIX = "/r/"
FILE_SUFFIXES = tuple(f".{form}" for form in FORMS if form != "html")
# What of the query each form heeds.
HEEDED: dict[Form, tuple[str, ...]] = {
    "html": ("view",),
    "svg": ("view",),
    "png": ("view",),
    "pdf": (),
    "pptx": (),
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
        self._gate = Gate(app, ReportLinks(app), self._looking)
        self._cache = ReportCache(self._drawing)
        self._data = FreshData(app, self._looking, wait_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a report URL, or pass the request on."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._inner(scope, receive, send)
            return
        headers, address = Headers(scope=scope), Address.parse(scope["path"])
        if scope["method"] == "POST" and address and address.form == "html" and _is_form(headers):
            answer = await self._take_password(Request(scope, receive), address)
        elif scope["method"] in {"GET", "HEAD"}:
            answer = await self._answer(scope, headers, address)
        else:
            answer = ProblemResponse(405, "A report is read: send GET.", headers={"Allow": "GET, HEAD"})
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, headers: Headers, address: Address | None) -> ASGIApp:
        if address is None:
            return _said(scope, CLOSED)
        visit = Visit.of(scope, headers)
        admitted = await self._gate.admit(address.slug, address.token, visit)
        if isinstance(admitted, Message):
            return _said(scope, admitted)
        if admitted.link.is_withheld:
            return _said(scope, WITHHELD)
        try:
            drawn = await self._drawn(admitted.link, address, scope["query_string"])
        except UnknownDataset:
            return _said(scope, FIRST_LOAD)
        except NotFound as error:
            return _said(scope, Message(404, "This report has no such view", str(error)))
        except BridgecastError as error:
            log.warning("report cannot be drawn", link=admitted.link.link_id, reason=str(error))
            return _said(scope, CANNOT)
        if scope["method"] == "GET":
            self._count(admitted, address.form, visit)
        return partial(_send_drawn, drawn, admitted.link.settings, headers.get("if-none-match"))

    async def _take_password(self, request: Request, address: Address) -> ASGIApp:
        """The right password gives the browser a pass and leads to the report; a wrong one asks again."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        password = form.get("password", [""])[0]
        visit = Visit.of(request.scope, request.headers)
        link = await self._gate.try_password(address.slug, address.token, visit, password)
        if isinstance(link, Message):
            return _said(request.scope, link)
        response = RedirectResponse(address.path, 303, {"Cache-Control": "no-store"})
        if link.password_hash is not None:
            response.headers["Set-Cookie"] = self._gate.pass_cookie(link)
        return response

    def _count(self, admitted: Admitted, form: Form, visit: Visit) -> None:
        """Views of the page are counted; who looks at what is not public, or takes a file, is remembered by name."""
        link, now = admitted.link, self._app.clock()
        if form == "html":
            self._views.count(link.link_id)
        if admitted.caller is not None:
            self._views.saw(View(link.link_id, link.settings.slug, form, admitted.caller, visit.address, now))

    async def _drawn(self, link: OpenLink, address: Address, query: bytes) -> Drawn:
        """The report on the newest data: from memory if it was drawn before."""
        fresh = await asyncio.gather(*map(self._data.of, link.datasets))
        versions = {one.version.dataset: one.version for one in fresh}
        ask = _ask(address, query, link, _notice(fresh))
        key = (link.shown.identity, identity_of(versions), ask)
        kept = self._cache.get(key)
        return kept or await self._cache.draw(key, partial(self._drawer.draw, link.shown, versions, ask))


def _notice(fresh: Sequence[Freshness]) -> Notice:
    if any(one.is_loading for one in fresh):
        return "loading"
    return "stale" if any(one.stale for one in fresh) else ""


def _ask(address: Address, query: bytes, link: OpenLink, notice: Notice) -> Ask:
    """What is asked for; of the query only what this form heeds, so that nothing else makes another copy."""
    is_page = address.form == "html"
    heeded = () if is_page and link.shown.content.layout != "dropdown" else HEEDED[address.form]
    given = parse_qs(query.decode("latin-1")) if query and heeded else {}
    wanted = {name: given[name][0] for name in heeded if name in given}
    return Ask(
        form=address.form,
        address=address.path if is_page else "",
        is_public=link.settings.public and is_page,
        expires=link.expires_at if link.settings.public and is_page else None,
        notice=notice if is_page else "",
        **wanted,
    )


def _is_form(headers: Headers) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


async def _send_drawn(
    drawn: Drawn, link: LinkSettings, if_none_match: str | None, scope: Scope, _receive: Receive, send: Send
) -> None:
    headers = [
        (b"etag", drawn.etag.encode()),
        (b"last-modified", drawn.last_modified.encode()),
        (b"cache-control", b"no-cache" if link.public else b"private, no-cache"),
        (b"content-security-policy", framed(drawn.csp, link.embed_hosts).encode()),
        # Pages of others may show the picture of a public report, and of no other.
        (b"cross-origin-resource-policy", b"cross-origin" if link.public else b"same-origin"),
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


def _said(scope: Scope, message: Message) -> Response:
    """A page of one sentence, or a problem where a file was asked for."""
    headers = {
        "Content-Security-Policy": framed(CONTENT_SECURITY_POLICY),
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    }
    is_file = scope["path"].endswith(FILE_SUFFIXES)
    if message is SIGN_IN and not is_file:
        return RedirectResponse(f"/login?next={quote(scope['path'], safe='')}", 303, headers)
    if message.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if wait_s := message.reload_s or message.retry_after_s:
        headers["Retry-After"] = str(wait_s)
    if is_file:
        return ProblemResponse(message.status, f"{message.title}. {message.text}", headers=headers)
    return HTMLResponse(page_of(message), message.status, headers)
