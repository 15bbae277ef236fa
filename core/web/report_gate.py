"""Who may see a report: whoever has a public address, its password besides, or is signed in and may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from core.access.attempts import Attempts
from core.access.link_passes import WORKS_FOR, is_pass, make_pass
from core.access.passwords import is_password
from core.access.rights import may, may_see
from core.access.sessions import COOKIE
from core.access.tokens import Caller, verify_token
from core.app import App
from core.web.auth import token_of
from core.web.report_links import OpenLink, ReportLinks
from core.web.report_pages import CLOSED, MAY_NOT, NOBODY_CAN, NOT_SHARED, PASSWORD, SIGN_IN, WRONG, Message, too_many

T = TypeVar("T")
PASS_COOKIE = "bridgecast_link"  # noqa: S105  a cookie's name


@dataclass(frozen=True)
class Visit:
    """Who asks, as far as the request says: network address, Authorization, cookies."""

    address: str
    authorization: str | None
    cookies: Mapping[str, str]

    @classmethod
    def of(cls, scope: Scope, headers: Headers) -> Visit:
        """The visit behind a request."""
        client = scope.get("client")
        return cls(client[0] if client else "", headers.get("authorization"), cookie_parser(headers.get("cookie", "")))


@dataclass(frozen=True)
class Admitted:
    """A link that may be shown; `caller` where that took a sign-in."""

    link: OpenLink
    caller: Caller | None = None


class Gate:
    """Decides who may see what is behind an address. Belongs to one event loop."""

    def __init__(self, app: App, links: ReportLinks, executor: Executor) -> None:
        self._app, self._links, self._executor = app, links, executor
        self._attempts = Attempts()

    async def admit(self, slug: str, token: str | None, visit: Visit) -> Admitted | Message:
        """The link, if the visitor may see it. Without a token in the address nobody learns which slugs exist."""
        link = self._links.resolve(slug, token) if token else None
        if token and link is None:
            return CLOSED
        if link is not None and link.settings.public and self._has_password(link, visit):
            return Admitted(link)
        caller = await self._aside(self._caller, visit)
        if link is not None and link.settings.public:
            return Admitted(link, caller) if caller and may_see(caller, link.settings) else PASSWORD
        return await self._admit_person(slug, link, caller)

    async def try_password(self, slug: str, token: str | None, visit: Visit, password: str) -> OpenLink | Message:
        """The link, if that is its password; a page that says what to do otherwise."""
        link = self._links.resolve(slug, token) if token else None
        if link is None or not link.settings.public:
            return CLOSED
        if link.password_hash is None:
            return link
        now, account = self._app.clock(), f"link {link.link_id}"
        if seconds := self._attempts.refused_for(visit.address, now):
            return too_many(seconds)
        await asyncio.sleep(self._attempts.begin(visit.address, account, now))
        if not await self._aside(is_password, link.password_hash, password.strip()):
            return WRONG
        self._attempts.succeeded(account, visit.address)
        return link

    def pass_cookie(self, link: OpenLink) -> str:
        """What the browser is to keep after the right password: for this link alone."""
        value = make_pass(self._app.keys, link.link_id, link.password_hash or "", now=self._app.clock())
        age = round(WORKS_FOR.total_seconds())
        cookie = f"{_cookie_name(link)}={value}; Path=/r/{link.settings.slug}; Max-Age={age}; HttpOnly"
        if not self._app.settings.report_base_url.startswith("https:"):
            return f"{cookie}; SameSite=Lax"
        # Inside a frame on another host's page the browser sends a cookie only with these words.
        return f"{cookie}; Secure; " + ("SameSite=None; Partitioned" if link.settings.embed_hosts else "SameSite=Lax")

    def _has_password(self, link: OpenLink, visit: Visit) -> bool:
        if link.password_hash is None:
            return True
        shown = visit.cookies.get(_cookie_name(link))
        return is_pass(self._app.keys, shown, link.link_id, link.password_hash, now=self._app.clock())

    def _caller(self, visit: Visit) -> Caller | None:
        """Whoever shows a token, or without one is signed in."""
        if visit.authorization is None:
            return self._app.sessions.caller_of(visit.cookies.get(COOKIE))
        token = token_of(visit.authorization)
        caller = verify_token(self._app.store, token, now=self._app.clock()) if token else None
        return caller if caller and caller.organisation_id == self._app.organisation.id else None

    async def _admit_person(self, slug: str, link: OpenLink | None, caller: Caller | None) -> Admitted | Message:
        """The link for somebody who is signed in. Who has no token in the address learns nothing of what is closed."""
        if caller is None:
            return SIGN_IN if await self._aside(self._app.sessions.has_password) else NOBODY_CAN
        if not may(caller, "report.view"):
            return MAY_NOT
        found = link or self._links.resolve(slug, None)
        if found is None:
            return CLOSED
        if may_see(caller, found.settings):
            return Admitted(found, caller)
        return NOT_SHARED if link else CLOSED

    async def _aside(self, do: Callable[..., T], *arguments: object) -> T:
        """Work that takes a moment, beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, do, *arguments)


def _cookie_name(link: OpenLink) -> str:
    return f"{PASS_COOKIE}_{link.link_id[:8]}"
