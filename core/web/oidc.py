"""The way to an OpenID provider and back: `/login/oidc`, `/login/oidc/callback`."""

from __future__ import annotations

import hmac
from dataclasses import asdict, replace

import structlog
from fastapi import APIRouter, Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.responses import RedirectResponse

from core.access.oidc import Provider, Way
from core.app import App
from core.errors import AccessDenied, BridgecastError
from core.web.sign_in import OIDC_PATH, is_secure, let_in, visitor_of
from core.web.sign_in_pages import FormPage, answer

log = structlog.get_logger(__name__)
WAY_COOKIE = "bridgecast_way"
WAY_TAKES_S = 600
BROKEN_OFF = "This sign-in was begun too long ago, or in another browser. Start again."
FAILED = FormPage("Sign-in failed", status=403, links=(("Back to sign in", "/login"),))


def oidc_routes(app: App) -> APIRouter:
    """Both routes; without a provider in the settings there are none."""
    routes = APIRouter(include_in_schema=False)
    if not app.settings.has_oidc:
        return routes
    provider = Provider(app.settings, app.egress)
    signer = URLSafeTimedSerializer(app.keys.oldest_first, salt="bridgecast way to a provider")
    redirect_uri = f"{app.settings.report_base_url}{OIDC_PATH}/callback"

    @routes.get(OIDC_PATH)
    def leave(request: Request, next: str = "") -> Response:  # noqa: A002  as links call it
        way = Way.new()
        try:
            response = RedirectResponse(provider.start_address(way, redirect_uri), 303)
        except BridgecastError as error:
            return answer(request, app.settings, replace(FAILED, status=502, error=str(error)))
        value = signer.dumps({**asdict(way), "next": next})
        response.set_cookie(
            WAY_COOKIE,
            str(value),
            max_age=WAY_TAKES_S,
            path=OIDC_PATH,
            httponly=True,
            samesite="lax",
            secure=is_secure(app.settings),
        )
        return response

    @routes.get(f"{OIDC_PATH}/callback")
    def come_back(request: Request, code: str = "", state: str = "", error: str = "") -> Response:
        try:
            kept = signer.loads(request.cookies.get(WAY_COOKIE, ""), max_age=WAY_TAKES_S)
            wanted = str(kept.pop("next"))
            way = Way(**kept)
        except BadData:
            return answer(request, app.settings, replace(FAILED, error=BROKEN_OFF))
        try:
            if not hmac.compare_digest(way.state.encode(), state.encode("utf-8", "replace")):
                raise AccessDenied(BROKEN_OFF)
            if error or not code:
                raise AccessDenied("The provider did not let you in. Start again, or sign in by password.")
            found = provider.identity(way, code, redirect_uri)
            person = app.people.vouched(found.email, found.name, found.role, may_join=bool(app.settings.oidc_domains))
        except BridgecastError as refusal:
            log.warning("sign-in by the provider failed", reason=str(refusal))
            return answer(request, app.settings, replace(FAILED, error=str(refusal)))
        response = let_in(app, request, app.sessions.open(person.id, visitor_of(request)), wanted)
        response.delete_cookie(WAY_COOKIE, path=OIDC_PATH)
        return response

    return routes
