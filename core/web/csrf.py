"""Writes by a browser that is signed in, and forms before that, must come from our own pages.

A session's cookie goes with every request that any page makes the browser send. So a write needs two things besides
it: the address of one of our pages as `Origin`, and a token that only our pages can show. The token is the HMAC of the
session's cookie; before somebody is signed in, of a cookie that goes with the form. API tokens are no cookies: whoever
shows one in `Authorization` needs neither.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.access.keys import Keys
from core.access.sessions import COOKIE
from core.errors import AccessDenied
from core.settings import LOOPBACK, Settings
from core.web.problems import ProblemResponse

FIELD, HEADER = "csrf", "x-csrf-token"
FORM_COOKIE = "bridgecast_form"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TYPE = "application/x-www-form-urlencoded"
FOREIGN = "This was not sent from a page of Bridgecast. Open the page again and repeat it there."
OUTDATED = "The page was open for too long, or you signed in or out meanwhile. Load it again and repeat it."
_KEY = "bridgecast.csrf"


class Csrf:
    """Refuses writes that carry a session's cookie and do not come from our own pages."""

    def __init__(self, inner: ASGIApp, keys: Keys, settings: Settings) -> None:
        self._inner, self._keys = inner, keys
        self._origins = frozenset(_origins((settings.report_base_url, settings.ui_base_url)))
        self._is_secure = settings.report_base_url.startswith("https:")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request = Request(scope, receive)
        check = _Check(request, self._keys, self._origins)
        scope[_KEY] = check
        if check.is_needed:
            body = await _form_body(request)
            if refusal := check.refusal(_field(body)):
                await ProblemResponse(403, refusal)(scope, receive, send)
                return
            receive = receive if body is None else _again(body, receive)
        await self._inner(scope, receive, self._with_cookie(check, send))

    def _with_cookie(self, check: _Check, send: Send) -> Send:
        """`send` that gives a page with a form the cookie its token belongs to."""

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and check.has_form:
                headers = message.setdefault("headers", [])
                # Under "no-referrer" a browser would send a form with "Origin: null".
                headers.append((b"referrer-policy", b"same-origin"))
                headers.append((b"cache-control", b"no-store"))
                if check.new_secret:
                    secure = "; Secure" if self._is_secure else ""
                    cookie = f"{FORM_COOKIE}={check.new_secret}; Path=/; HttpOnly; SameSite=Lax{secure}"
                    headers.append((b"set-cookie", cookie.encode("ascii")))
            await send(message)

        return send_with_cookie


def csrf_token(request: Request) -> str:
    """What a form on the answered page carries in its field `csrf`; gives the browser the cookie that belongs to it."""
    check: _Check = request.scope[_KEY]
    return check.token_for_form()


async def checked_form(request: Request) -> dict[str, str]:
    """The fields of a form that was sent from one of our pages, also by somebody who is not signed in.

    Raises AccessDenied for a form from elsewhere.
    """
    check: _Check = request.scope[_KEY]
    fields = {name: str(value) for name, value in (await request.form()).items() if isinstance(value, str)}
    if refusal := check.refusal(fields.get(FIELD)):
        raise AccessDenied(refusal)
    return fields


class _Check:
    """One request: the secret its token belongs to, and whether the token and the origin are ours."""

    def __init__(self, request: Request, keys: Keys, origins: frozenset[str]) -> None:
        self._headers, self._keys, self._origins = request.headers, keys, origins
        session = request.cookies.get(COOKIE)
        self._secret = session or request.cookies.get(FORM_COOKIE)
        self._is_form_of_nobody = session is None
        self.is_needed = request.method not in SAFE and bool(session) and "authorization" not in request.headers
        self.has_form = False
        self.new_secret: str | None = None

    def token_for_form(self) -> str:
        self.has_form = True
        if self._secret is None:
            self._secret = self.new_secret = secrets.token_urlsafe(32)
        return _tokens(self._keys, self._secret)[0]

    def refusal(self, field: str | None) -> str | None:
        """Why the request is refused, or None."""
        if not self._is_own_origin():
            return FOREIGN
        token = (self._headers.get(HEADER) or field or "").encode("utf-8", "replace")
        known = _tokens(self._keys, self._secret) if self._secret else []
        return None if any(hmac.compare_digest(token, own.encode()) for own in known) else OUTDATED

    def _is_own_origin(self) -> bool:
        """Whether a browser says that the page was ours: by name, or that it came from the host that it asks.

        A form of nobody who is signed in may come without any origin: programs send such, browsers never do.
        """
        if self._is_form_of_nobody and "origin" not in self._headers:
            return True
        origin, host = self._headers.get("origin", "").lower(), self._headers.get("host", "").lower()
        return origin in self._origins or (bool(host) and origin in {f"http://{host}", f"https://{host}"})


def _tokens(keys: Keys, secret: str) -> list[str]:
    """The tokens that fit a secret, the newest key's first."""
    made = (hmac.new(key.encode(), b"bridgecast csrf " + secret.encode(), hashlib.sha256).digest() for key in keys.keys)
    return [urlsafe_b64encode(each).decode("ascii").rstrip("=") for each in made]


def _origins(urls: Iterable[str]) -> Iterable[str]:
    """The origins of our pages; this computer by all its names."""
    for url in urls:
        parts = urlsplit(url)
        yield f"{parts.scheme}://{parts.netloc}".lower()
        if parts.hostname in LOOPBACK:
            port = f":{parts.port}" if parts.port else ""
            yield from (f"{parts.scheme}://{name}{port}" for name in ("localhost", "127.0.0.1", "[::1]"))


async def _form_body(request: Request) -> bytes | None:
    """The body of a form, which is small; None for everything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return await request.body() if kind == FORM_TYPE else None


def _field(body: bytes | None) -> str | None:
    return parse_qs((body or b"").decode("utf-8", "replace")).get(FIELD, [None])[0]


def _again(body: bytes, receive: Receive) -> Receive:
    """`receive` that gives the body which was read already."""
    is_given = False

    async def receive_again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
