"""API tokens: made, listed, revoked. A token is shown once, when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from core.model.base import Spec
from core.web.auth import TheApp, TokenKeeper
from core.web.paging import AskedPage, Page
from core.web.problems import answers

routes = APIRouter(tags=["tokens"])
Scope = Literal["read", "write", "run", "admin"]


class NewToken(Spec):
    """A token. person: whose it is, by id; by default the caller's. Its role bounds the scopes."""

    name: str
    scopes: tuple[Scope, ...] = Field(min_length=1)
    person: str | None = None
    expires_at: AwareDatetime | None = None


class TokenAnswer(BaseModel):
    """A token, all but itself."""

    id: str
    name: str
    scopes: tuple[str, ...]
    person_id: str
    person: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class MadeToken(TokenAnswer):
    """A token that was just made. `token` is never shown again."""

    token: str


NewBody = Annotated[NewToken, Body(examples=[{"name": "Nightly job", "scopes": ["read", "run"]}])]


@routes.get("/tokens", responses=answers(422), summary="API tokens")
def list_all(page: AskedPage, app: TheApp, caller: TokenKeeper) -> Page[TokenAnswer]:
    """The own tokens, for owner and administrators everybody's; revoked ones are gone."""
    window = page.page(app.tokens.all(caller), lambda token: token.id)
    results = [TokenAnswer.model_validate(token, from_attributes=True) for token in window.results]
    return Page(next=window.next, previous=window.previous, results=results)


@routes.post("/tokens", status_code=201, responses=answers(400, 409, 413, 415, 422), summary="Make an API token")
def create(body: NewBody, request: Request, response: Response, app: TheApp, caller: TokenKeeper) -> MadeToken:
    """Make a token; the answer shows it, this once. Scopes beyond the person's role are 403."""
    kept, token = app.tokens.make(caller, body.name, body.scopes, person_id=body.person, expires_at=body.expires_at)
    response.headers["Location"] = f"{request.url.path.rstrip('/')}/{kept.id}"
    shown = TokenAnswer.model_validate(kept, from_attributes=True)
    return MadeToken(**shown.model_dump(), token=token)


@routes.delete("/tokens/{token_id}", status_code=204, summary="Revoke an API token")
def revoke(token_id: str, app: TheApp, caller: TokenKeeper) -> None:
    """A token stops working at once."""
    app.tokens.revoke(caller, token_id)
