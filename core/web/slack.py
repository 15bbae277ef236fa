"""`/slack/interactions`: Slack tells what was chosen from a menu. `/slack/connect`, `/slack/oauth`: the way to Slack's
consent page and back, to a connection.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from core.access.audit import now_acts
from core.access.rights import require
from core.access.sessions import COOKIE
from core.access.tokens import Caller
from core.app import App
from core.connectors.slack import CONNECT_PATH, INTERACTIONS_PATH, OAUTH_PATH, Installer
from core.delivery.slack_choices import Known, SlackChoices
from core.errors import AccessDenied, BridgecastError
from core.web.sign_in import is_secure
from core.web.sign_in_pages import FormPage, answer

log = structlog.get_logger(__name__)
BODY_LIMIT = 512 * 1024
WAY_COOKIE = "bridgecast_slack"
WAY_TAKES_S = 600
BROKEN_OFF = "This was begun too long ago, in another browser, or by somebody else. Press Connect Slack again."
DECLINED = "Slack was not allowed to connect. Press Connect Slack again, and allow it there."
FAILED = FormPage("Slack is not connected", status=403)


def slack_routes(app: App) -> APIRouter:
    """The routes, on the app's store; those of the consent page only where the settings name a Slack app."""
    routes = APIRouter(include_in_schema=False)
    _interactions(routes, app)
    if app.settings.has_slack_app:
        _consent(routes, app)
    return routes


def _interactions(routes: APIRouter, app: App) -> None:
    choices = SlackChoices(app.store, app.connections, app.artefacts, app.organisation.id, app.clock)

    @routes.post(INTERACTIONS_PATH)
    async def choose(request: Request) -> Response:
        """Slack waits three seconds: it is told at once that the choice came, and shown what was chosen afterwards."""
        body = await _body(request)
        connections = await run_in_threadpool(choices.signed, body, request.headers)
        if not connections:
            raise HTTPException(401, "This was not signed by an app that is known here.")
        known = choices.known(choices.read(body), connections)
        return Response(status_code=200, background=BackgroundTask(_show, choices, known) if known else None)


def _show(choices: SlackChoices, known: Known) -> None:
    try:
        choices.answer(known)
    except BridgecastError as error:
        log.warning("a choice in Slack was not shown", delivery=known.choice.delivery_id, reason=str(error))


def _consent(routes: APIRouter, app: App) -> None:
    settings, installer = app.settings, Installer.of(app.settings)
    signer = URLSafeTimedSerializer(app.keys.oldest_first, salt="bridgecast way to slack")
    redirect_uri = f"{settings.report_base_url}{OAUTH_PATH}"
    back = (("Back to Connections", f"{settings.ui_base_url}/Connections"),)

    def refused(request: Request, error: str) -> Response:
        return answer(request, settings, FormPage(FAILED.title, error=error, status=FAILED.status, links=back))

    @routes.get(CONNECT_PATH)
    def leave(request: Request) -> Response:
        try:
            caller = _caller(app, request)
        except AccessDenied as refusal:
            return refused(request, str(refusal))
        if caller is None:
            return RedirectResponse(f"/login?next={CONNECT_PATH}", 303)
        state = secrets.token_urlsafe(24)
        response = RedirectResponse(installer.address(state, redirect_uri), 303)
        value = signer.dumps({"state": state, "session": _digest(request)})
        response.set_cookie(
            WAY_COOKIE,
            str(value),
            max_age=WAY_TAKES_S,
            path=OAUTH_PATH,
            httponly=True,
            samesite="lax",
            secure=is_secure(settings),
        )
        return response

    @routes.get(OAUTH_PATH)
    def come_back(request: Request, code: str = "", state: str = "", error: str = "") -> Response:
        try:
            kept = signer.loads(request.cookies.get(WAY_COOKIE, ""), max_age=WAY_TAKES_S)
        except BadData:
            return refused(request, BROKEN_OFF)
        try:
            caller = _caller(app, request)
            is_same = hmac.compare_digest(str(kept["state"]).encode(), state.encode("utf-8", "replace"))
            if caller is None or not is_same or kept["session"] != _digest(request):
                raise AccessDenied(BROKEN_OFF)
            if error or not code:
                raise AccessDenied(DECLINED)
            connection_id = _connected(app, installer, caller, code, redirect_uri)
        except BridgecastError as refusal:
            log.warning("Slack was not connected", reason=str(refusal))
            return refused(request, str(refusal))
        response = RedirectResponse(f"{settings.ui_base_url}/Connections?connection={connection_id}", 303)
        response.delete_cookie(WAY_COOKIE, path=OAUTH_PATH)
        return response


def _connected(app: App, installer: Installer, caller: Caller, code: str, redirect_uri: str) -> str:
    """The id of the workspace's connection: a new one, or the one there is with its new token."""
    installed = installer.installed(app.egress, code, redirect_uri)
    known = app.connections.all()
    own = installed.workspace
    before = next((one for one in known if own and one.settings.get("workspace") == own), None)
    if before is not None:
        return app.connections.change(before.id, settings=installed.settings, secrets=installed.secrets).id
    is_taken = installed.name in {one.name for one in known}
    name = f"{installed.name} ({own})" if is_taken else installed.name
    return app.connections.create("slack", name, installed.settings, installed.secrets, by=caller.person_id).id


def _caller(app: App, request: Request) -> Caller | None:
    """Who is signed in in this browser and may keep connections. Raises AccessDenied for whoever may not."""
    caller = app.sessions.caller_of(request.cookies.get(COOKIE))
    if caller is not None:
        now_acts(caller)
        require(caller, "connection.write")
    return caller


def _digest(request: Request) -> str:
    """What ties a way to its session, without holding it."""
    return hashlib.sha256(request.cookies.get(COOKIE, "").encode()).hexdigest()


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise HTTPException(413, "The body is larger than 512 kB, the limit here.", {"Connection": "close"})
    return body
