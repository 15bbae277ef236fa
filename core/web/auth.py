"""Who calls: by an API token or by the cookie of a session; what they may, of their organisation alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader
from starlette.exceptions import HTTPException

from core.access.audit import now_acts
from core.access.rights import Action, require
from core.access.sessions import COOKIE
from core.access.tokens import Caller, verify_token
from core.app import App
from core.errors import NotFound

HOW = "Send an API token: 'Authorization: Bearer <token>'."
header = APIKeyHeader(
    name="Authorization", scheme_name="API token", description="`Bearer <token>` or `Token <token>`", auto_error=False
)


def app_of(request: Request) -> App:
    """The application behind the web app."""
    return cast(App, request.app.state.app)


def token_of(authorization: str | None) -> str | None:
    """The token in an Authorization header, or None."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() in {"bearer", "token"} and token.strip() else None


def caller_of(request: Request, authorization: Annotated[str | None, Depends(header)]) -> Caller:
    """Whoever showed a valid token, or without one the cookie of a session; 401 otherwise."""
    app = app_of(request)
    token = token_of(authorization)
    if token is None and authorization is None and (caller := app.sessions.caller_of(request.cookies.get(COOKIE))):
        now_acts(caller)
        return caller
    if token is None:
        raise HTTPException(401, f"This needs an API token. {HOW}", {"WWW-Authenticate": "Bearer"})
    caller = verify_token(app.store, token, now=app.clock())
    if caller is None:
        raise HTTPException(401, f"This token is unknown or has expired. {HOW}", {"WWW-Authenticate": "Bearer"})
    now_acts(caller)
    return caller


def seen_by_caller(request: Request, caller: Annotated[Caller, Depends(caller_of)]) -> App:
    """The application as its caller may see it: datasets not for them are unknown, and so is what shows one."""
    return app_of(request).seen_by(caller)


def may(action: Action) -> Callable[[str, Caller], Caller]:
    """A caller of this organisation who may do this. Another organisation is 404, what they may not is 403."""

    def check(organization_id: str, caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if organization_id != caller.organisation_id:
            raise NotFound(f"There is no organisation '{organization_id}'.")
        require(caller, action)
        return caller

    return check


TheApp = Annotated[App, Depends(seen_by_caller)]
DataReader = Annotated[Caller, Depends(may("data.read"))]
DataWriter = Annotated[Caller, Depends(may("data.write"))]
AnalysisReader = Annotated[Caller, Depends(may("analysis.read"))]
AnalysisWriter = Annotated[Caller, Depends(may("analysis.write"))]
ExportReader = Annotated[Caller, Depends(may("export.read"))]
ReportReader = Annotated[Caller, Depends(may("report.view"))]
Subscriber = Annotated[Caller, Depends(may("report.subscribe"))]
RunReader = Annotated[Caller, Depends(may("run.read"))]
RunStarter = Annotated[Caller, Depends(may("run.start"))]
ExportWriter = Annotated[Caller, Depends(may("export.write"))]
ConnectionReader = Annotated[Caller, Depends(may("connection.read"))]
ConnectionWriter = Annotated[Caller, Depends(may("connection.write"))]
PeopleReader = Annotated[Caller, Depends(may("people.read"))]
PeopleWriter = Annotated[Caller, Depends(may("people.write"))]
TokenKeeper = Annotated[Caller, Depends(may("token.own"))]
LinkLister = Annotated[Caller, Depends(may("link.list"))]
AuditReader = Annotated[Caller, Depends(may("audit.read"))]
SettingsWriter = Annotated[Caller, Depends(may("settings.write"))]
