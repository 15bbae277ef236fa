"""Who the caller is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from core.access.tokens import Caller
from core.web.auth import caller_of

routes = APIRouter(tags=["me"])


class Me(BaseModel):
    """The person a token belongs to, and the organisation whose id stands in every other address."""

    id: str
    email: str
    role: str
    organization_id: str


@routes.get("/me", summary="Whoever the token belongs to")
def get_me(caller: Annotated[Caller, Depends(caller_of)]) -> Me:
    """Who the token belongs to; `organization_id` stands in every other address."""
    return Me(id=caller.person_id, email=caller.email, role=caller.role, organization_id=caller.organisation_id)
