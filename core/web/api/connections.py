"""Connections: stored access to outside systems. Their secrets are taken and never given back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel

from core.connections import SavedConnection
from core.connectors.base import MASK, Value
from core.model.base import Spec
from core.web.auth import ConnectionReader, ConnectionWriter, TheApp
from core.web.etags import IfMatch, require_match, tagged
from core.web.paging import AskedPage, Page
from core.web.problems import answers

routes = APIRouter(tags=["connections"])


class NewConnection(Spec):
    """A connection of a kind. docs/connections.md lists the kinds with their settings and secrets."""

    kind: str
    name: str
    settings: dict[str, Any] = {}
    secrets: dict[str, Any] = {}


class ConnectionPatch(Spec):
    """What is to change. A setting or secret that is not named stays; one that is null falls back or is forgotten."""

    name: str | None = None
    settings: dict[str, Any] = {}
    secrets: dict[str, Any] = {}


class CheckAnswer(BaseModel):
    """What was tried, what came back, what to do."""

    ok: bool
    text: str


class LastCheck(CheckAnswer):
    """The last check since the connection was changed."""

    at: datetime


class ConnectionAnswer(BaseModel):
    """A connection. secrets: `***` for one that is set, null for one that is not."""

    id: str
    kind: str
    name: str
    settings: dict[str, Value]
    secrets: dict[str, str | None]
    problem: str | None
    last_check: LastCheck | None
    revision: int
    created_at: datetime
    modified_at: datetime


EXAMPLE = {
    "kind": "email",
    "name": "Company mail",
    "settings": {"host": "smtp.example.org", "user": "reports", "from": "Reports <reports@example.org>"},
    "secrets": {"password": "…"},
}


@routes.get("/connections", responses=answers(422), summary="All connections")
def list_all(page: AskedPage, app: TheApp, _caller: ConnectionReader) -> Page[ConnectionAnswer]:
    """All connections, in the order of their ids."""
    return page.page(map(_answer, app.connections.all()), lambda connection: connection.id)


@routes.post("/connections", status_code=201, responses=answers(400, 409, 413, 415, 422), summary="Make a connection")
def create(
    body: Annotated[NewConnection, Body(examples=[EXAMPLE])],
    request: Request,
    response: Response,
    app: TheApp,
    caller: ConnectionWriter,
) -> ConnectionAnswer:
    """Make a connection. Nothing is called yet: `check` tries it."""
    saved = app.connections.create(body.kind, body.name, body.settings, body.secrets, by=caller.person_id)
    response.headers["Location"] = f"{request.url.path.rstrip('/')}/{saved.id}"
    return tagged(response, _answer(saved))


@routes.get("/connections/{connection_id}", summary="One connection")
def get_one(connection_id: str, response: Response, app: TheApp, _caller: ConnectionReader) -> ConnectionAnswer:
    """A connection without its secrets."""
    return tagged(response, _answer(app.connections.get(connection_id)))


@routes.patch(
    "/connections/{connection_id}", responses=answers(400, 409, 412, 413, 415, 422), summary="Change a connection"
)
def change(
    connection_id: str,
    body: ConnectionPatch,
    response: Response,
    app: TheApp,
    _caller: ConnectionWriter,
    if_match: IfMatch = None,
) -> ConnectionAnswer:
    """Change a connection. Another host takes its secrets again: they are never sent to one they were not given for."""
    saved = app.connections.get(connection_id)
    require_match(if_match, _answer(saved))
    changed = app.connections.change(
        connection_id, name=body.name, settings=body.settings, secrets=body.secrets, if_revision=saved.revision
    )
    return tagged(response, _answer(changed))


@routes.delete("/connections/{connection_id}", status_code=204, responses=answers(412), summary="Delete a connection")
def delete(connection_id: str, app: TheApp, _caller: ConnectionWriter, if_match: IfMatch = None) -> None:
    """Delete a connection with its secrets."""
    require_match(if_match, _answer(app.connections.get(connection_id)))
    app.connections.delete(connection_id)


@routes.post("/connections/{connection_id}/check", summary="Try a connection")
def check(connection_id: str, app: TheApp, _caller: ConnectionWriter) -> CheckAnswer:
    """Connect and sign in without sending anything. A failure is an answer too: `ok` is false, `text` says why."""
    found = app.connections.check(connection_id)
    return CheckAnswer(ok=found.ok, text=found.text)


def _answer(saved: SavedConnection) -> ConnectionAnswer:
    last = None
    if saved.last_check is not None and saved.checked_at is not None:
        last = LastCheck(at=saved.checked_at, ok=saved.last_check.ok, text=saved.last_check.text)
    names = [one.name for one in saved.connector.fields if one.kind == "secret"]
    return ConnectionAnswer(
        id=saved.id,
        kind=saved.kind,
        name=saved.name,
        settings=dict(saved.settings),
        secrets={name: MASK if name in saved.secrets else None for name in names},
        problem=saved.problem or None,
        last_check=last,
        revision=saved.revision,
        created_at=saved.created_at,
        modified_at=saved.modified_at,
    )
