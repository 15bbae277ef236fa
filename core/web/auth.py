"""Who calls: an API token, its scopes, its organisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader
from starlette.exceptions import HTTPException

from core.access.tokens import Caller, verify_token
from core.app import App
from core.errors import AccessDenied, NotFound

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
    """Whoever showed a valid token; 401 otherwise."""
    token = token_of(authorization)
    if token is None:
        raise HTTPException(401, f"This needs an API token. {HOW}", {"WWW-Authenticate": "Bearer"})
    app = app_of(request)
    caller = verify_token(app.store, token, now=app.clock())
    if caller is None:
        raise HTTPException(401, f"This token is unknown or has expired. {HOW}", {"WWW-Authenticate": "Bearer"})
    return caller


def may(scope: str) -> Callable[[str, Caller], Caller]:
    """A caller of this organisation whose token carries `scope`. Another organisation is 404, a scope short 403."""

    def check(organization_id: str, caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if organization_id != caller.organisation_id:
            raise NotFound(f"There is no organisation '{organization_id}'.")
        caller.require(scope)
        return caller

    return check


def require_server_paths(caller: Caller) -> None:
    """Raises AccessDenied unless the caller may name files on the server."""
    if caller.role not in {"owner", "admin"}:
        raise AccessDenied("Only the owner and administrators may load files by their path on the server.")


TheApp = Annotated[App, Depends(app_of)]
Reader = Annotated[Caller, Depends(may("read"))]
Writer = Annotated[Caller, Depends(may("write"))]
Runner = Annotated[Caller, Depends(may("run"))]
