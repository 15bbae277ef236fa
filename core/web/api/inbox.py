"""The inbox: the caller's own cards."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from core.model.base import Spec
from core.model.runs import InboxCard
from core.web.auth import ReportReader, Subscriber, TheApp
from core.web.paging import Page, cursor_of, place_of
from core.web.problems import answers

routes = APIRouter(tags=["inbox"])


class CardAnswer(BaseModel):
    """A card. `kind`: report or alert; `body`: its title, lines and link; `read_at` null: nobody has opened it."""

    id: str
    kind: str
    title: str
    body: dict[str, Any]
    link: str
    run_id: str | None
    created_at: datetime
    read_at: datetime | None


class Mark(Spec):
    """Whether a card was read."""

    read: bool


@routes.get("/inbox/cards", responses=answers(422), summary="The caller's cards")
def list_cards(
    request: Request,
    app: TheApp,
    caller: ReportReader,
    unread: Annotated[bool, Query(description="Only those that were not opened.")] = False,
    cursor: Annotated[str | None, Query(description="From `next`.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Page[CardAnswer]:
    """Reports and alerts that were put into the caller's inbox, the newest first."""
    found = app.inbox.of(caller.person_id, limit=limit + 1, before=place_of(cursor), only_unread=unread)
    shown = found[:limit]
    more = (
        str(request.url.include_query_params(cursor=cursor_of(shown[-1].created_at, shown[-1].id)))
        if len(found) > limit
        else None
    )
    return Page(next=more, previous=None, results=[_answer(card) for card in shown])


@routes.patch("/inbox/cards/{card_id}", responses=answers(400, 413, 415, 422), summary="Mark a card")
def mark(card_id: str, body: Mark, app: TheApp, caller: Subscriber) -> CardAnswer:
    """Mark one of the caller's own cards as read, or as unread."""
    return _answer(app.inbox.read(card_id, caller.person_id, is_read=body.read))


def _answer(card: InboxCard) -> CardAnswer:
    return CardAnswer.model_validate(card, from_attributes=True)
