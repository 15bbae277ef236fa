"""People: invited, changed, removed; where they are signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, StringConstraints

from core.access.leaving import Thing
from core.access.people import LinkKind
from core.access.rights import require
from core.access.tokens import Caller
from core.app import App
from core.model.access import Person, SignIn
from core.model.base import Spec
from core.web.auth import PeopleReader, PeopleWriter, TheApp, may
from core.web.etags import IfMatch, require_match, tagged
from core.web.paging import AskedPage, Page
from core.web.problems import answers

routes = APIRouter(tags=["people"])
# Whoever is known may look at their own sessions and end them.
Known = Annotated[Caller, Depends(may("token.own"))]
Secret = Annotated[str, StringConstraints(strip_whitespace=False)]
"""Blanks at its ends belong to it."""


class NewPerson(Spec):
    """Somebody new. Without a password an invitation is mailed; where there is no mail, the answer holds its link."""

    email: str
    name: str = ""
    role: str
    password: Secret | None = None


class PersonPatch(Spec):
    """What is to change. A new password ends the person's sessions."""

    email: str | None = None
    name: str | None = None
    role: str | None = None
    password: Secret | None = None


class Leave(Spec):
    """What becomes of what a person made: handed over to somebody (an id), or their exports paused. One of the two."""

    hand_over_to: str | None = None
    pause: bool = False


class ThingAnswer(BaseModel):
    """Something that a person made. id: of a dataset or analysis its slug. is_on: whether an export is switched on."""

    kind: Literal["dataset", "analysis", "export", "connection", "link", "token"]
    id: str
    name: str
    is_on: bool | None


class BelongingsAnswer(BaseModel):
    """Everything that a person made, kind by kind, and their tokens."""

    results: list[ThingAnswer]


class LinkAnswer(BaseModel):
    """A link by which a person sets a password, once. url: null when it was mailed."""

    url: str | None
    is_mailed: bool
    problem: str | None


class PersonAnswer(BaseModel):
    """A person. invitation: in the answer that made it, and never again."""

    id: str
    email: str
    name: str
    role: str
    has_password: bool
    created_at: datetime
    last_seen_at: datetime | None
    invitation: LinkAnswer | None = None


class SessionAnswer(BaseModel):
    """Where a person is signed in. is_this: it is the session that asks."""

    id: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    is_this: bool


@routes.get("/people", responses=answers(422), summary="Everybody")
def list_all(page: AskedPage, app: TheApp, _caller: PeopleReader) -> Page[PersonAnswer]:
    """Everybody who has not left, in the order of their ids."""
    return page.page(map(_answer, app.people.all()), lambda person: person.id)


@routes.post("/people", status_code=201, responses=answers(400, 409, 413, 415, 422), summary="Invite somebody")
def add(body: NewPerson, request: Request, response: Response, app: TheApp, caller: PeopleWriter) -> PersonAnswer:
    """Let somebody in, by the password given or by an invitation."""
    person = app.people.add(caller, body.email, body.name, body.role, body.password)
    response.headers["Location"] = f"{request.url.path.rstrip('/')}/{person.id}"
    made = _answer(person)
    return made if body.password else made.model_copy(update={"invitation": _link(app, person)})


@routes.get("/people/{person_id}", summary="One person")
def get_one(person_id: str, response: Response, app: TheApp, _caller: PeopleReader) -> PersonAnswer:
    """A person."""
    return tagged(response, _answer(app.people.get(person_id)))


@routes.patch("/people/{person_id}", responses=answers(400, 409, 412, 413, 415, 422), summary="Change a person")
def change(
    person_id: str,
    body: PersonPatch,
    response: Response,
    app: TheApp,
    caller: PeopleWriter,
    if_match: IfMatch = None,
) -> PersonAnswer:
    """Change name, address, role or password. A new role counts at once, also where the person is signed in."""
    require_match(if_match, _answer(app.people.get(person_id)))
    person = app.people.change(
        caller, person_id, name=body.name, email=body.email, role=body.role, password=body.password
    )
    return tagged(response, _answer(person))


@routes.delete("/people/{person_id}", status_code=204, responses=answers(409, 412), summary="Remove a person")
def remove(person_id: str, app: TheApp, caller: PeopleWriter, if_match: IfMatch = None) -> None:
    """Remove a person who made nothing: sessions, links and tokens no longer work.

    409 for the only owner, and naming what they made: `leave` says what becomes of it.
    """
    require_match(if_match, _answer(app.people.get(person_id)))
    app.people.leave(caller, person_id)


@routes.get("/people/{person_id}/belongings", summary="What a person made")
def get_belongings(person_id: str, app: TheApp, _caller: PeopleReader) -> BelongingsAnswer:
    """Datasets, analyses, exports with their links, and connections that a person made; and their tokens."""
    return _belongings(app.people.belongings(person_id))


@routes.post("/people/{person_id}/leave", responses=answers(400, 409, 412, 413, 415, 422), summary="Let a person leave")
def leave(person_id: str, body: Leave, app: TheApp, caller: PeopleWriter, if_match: IfMatch = None) -> BelongingsAnswer:
    """Remove a person, and in the same moment hand over what they made or pause their exports; what it was.

    Sessions, links and tokens no longer work. 409 for the only owner, and when who takes over may not see a dataset.
    """
    require_match(if_match, _answer(app.people.get(person_id)))
    return _belongings(app.people.leave(caller, person_id, hand_over_to=body.hand_over_to, pause=body.pause))


@routes.post("/people/{person_id}/link", summary="A new link to set a password")
def make_link(person_id: str, app: TheApp, caller: PeopleWriter) -> LinkAnswer:
    """Invite again, or reset a password: by mail where one can be sent. Older links no longer work."""
    person = app.people.get(person_id)
    app.people.require_over(caller, person)
    return _link(app, person)


@routes.get("/people/{person_id}/sessions", responses=answers(422), summary="Where a person is signed in")
def list_sessions(person_id: str, page: AskedPage, app: TheApp, caller: Known) -> Page[SessionAnswer]:
    """The sessions that have not ended. One's own may be seen by everybody."""
    if person_id != caller.person_id:
        require(caller, "people.read")
    app.people.get(person_id)
    sessions = [_session(row, caller) for row in app.sessions.all(person_id)]
    return page.page(sessions, lambda session: session.id)


@routes.delete("/people/{person_id}/sessions", status_code=204, summary="Sign a person out everywhere")
def end_sessions(person_id: str, app: TheApp, caller: Known) -> None:
    """End all sessions of a person at once, but for the one that asks."""
    _require_over_sessions(app, caller, person_id)
    app.sessions.end_all(person_id, except_for=caller.session_id)


@routes.delete("/people/{person_id}/sessions/{session_id}", status_code=204, summary="End a session")
def end_session(person_id: str, session_id: str, app: TheApp, caller: Known) -> None:
    """End one session at once."""
    _require_over_sessions(app, caller, person_id)
    app.sessions.end(person_id, session_id)


def _require_over_sessions(app: App, caller: Caller, person_id: str) -> None:
    if person_id != caller.person_id:
        require(caller, "people.write")
        app.people.require_over(caller, app.people.get(person_id))


def _belongings(things: list[Thing]) -> BelongingsAnswer:
    return BelongingsAnswer(results=[ThingAnswer.model_validate(thing, from_attributes=True) for thing in things])


def _link(app: App, person: Person) -> LinkAnswer:
    kind: LinkKind = "reset" if person.password_hash else "invite"
    made = app.invitations.send(person, kind)
    url = None if made.is_mailed else made.url
    return LinkAnswer(url=url, is_mailed=made.is_mailed, problem=made.problem or None)


def _answer(person: Person) -> PersonAnswer:
    return PersonAnswer(
        id=person.id,
        email=person.email,
        name=person.name,
        role=person.role,
        has_password=person.password_hash is not None,
        created_at=person.created_at,
        last_seen_at=person.last_seen_at,
    )


def _session(row: SignIn, caller: Caller) -> SessionAnswer:
    return SessionAnswer(
        id=row.id,
        address=row.address,
        agent=row.agent,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        is_this=row.id == caller.session_id,
    )
