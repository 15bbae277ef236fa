"""Who the caller is, and the own password."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from core.access.attempts import Attempts
from core.access.rights import require
from core.access.tokens import Caller
from core.errors import DataError
from core.model.base import Spec
from core.web.auth import TheApp, caller_of
from core.web.problems import answers
from core.web.sign_in import visitor_of

routes = APIRouter(tags=["me"])
Known = Annotated[Caller, Depends(caller_of)]


class Me(BaseModel):
    """The person a token belongs to, and the organisation whose id stands in every other address."""

    id: str
    email: str
    role: str
    organization_id: str


class NewPassword(Spec):
    """The present password and the one to come; blanks at their ends count."""

    model_config = ConfigDict(str_strip_whitespace=False)

    old: str
    new: str


@routes.get("/me", summary="Whoever the token belongs to")
def get_me(caller: Known) -> Me:
    """Who the token belongs to; `organization_id` stands in every other address."""
    return Me(id=caller.person_id, email=caller.email, role=caller.role, organization_id=caller.organisation_id)


@routes.post(
    "/me/password",
    status_code=204,
    responses=answers(400, 403, 413, 415, 422, 429),
    summary="Change the own password",
)
async def change_password(body: NewPassword, request: Request, app: TheApp, caller: Known) -> None:
    """Change the own password. All sessions end but the one that asks. 403 for a wrong old one, 429 after ten."""
    require(caller, "token.own")
    attempts: Attempts = request.app.state.attempts
    address, now = visitor_of(request).address, app.clock()
    if seconds := attempts.refused_for(address, now):
        minutes = -(-seconds // 60)
        detail = f"Too many attempts failed from your address. Try again in {minutes} min."
        raise HTTPException(429, detail, {"Retry-After": str(seconds)})
    await asyncio.sleep(attempts.begin(address, caller.person_id, now))
    try:
        await run_in_threadpool(app.people.change_password, caller, body.old, body.new)
    except DataError as error:
        attempts.succeeded(caller.person_id, address)
        raise DataError(str(error), field="new") from None
    attempts.succeeded(caller.person_id, address)
