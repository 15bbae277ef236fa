"""Destinations that nothing is sent to any more, until a person switches them on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from core.delivery.switched_off import SwitchedOff
from core.model.base import Spec
from core.web.api.runs import Seen
from core.web.auth import RunReader, RunStarter, TheApp
from core.web.paging import AskedPage, Page
from core.web.problems import answers

routes = APIRouter(tags=["runs"])


class OffAnswer(BaseModel):
    """A destination, or a connection whose sign-in was refused (`export_id` null). `missed`: runs, at most 100."""

    id: str
    name: str
    kind: str
    export_id: str | None
    export: str
    reason: str
    since: datetime
    missed: int


class SwitchOn(Spec):
    """replay: whether what was missed is sent now."""

    replay: bool = False


class SwitchedOnAnswer(BaseModel):
    """The runs that were missed; of each that was replayed the new run, or why there is none."""

    missed: list[str]
    started: dict[str, str]
    refused: dict[str, str]


def switched_off(app: TheApp, runs: Seen) -> SwitchedOff:
    """Those that the caller may see."""
    return SwitchedOff(app.store, app.connections, app.exports, runs)


Known = Annotated[SwitchedOff, Depends(switched_off)]


@routes.get("/switched-off", responses=answers(422), summary="Destinations that are switched off")
def list_all(page: AskedPage, known: Known, _caller: RunReader) -> Page[OffAnswer]:
    """Destinations that nothing is sent to any more, and connections whose sign-in was refused, by id."""
    window = page.page(known.all(), lambda one: one.id)
    results = [OffAnswer.model_validate({**one.__dict__, "export_id": one.export_id or None}) for one in window.results]
    return Page(next=window.next, previous=window.previous, results=results)


@routes.post(
    "/switched-off/{destination_id}/on",
    responses=answers(400, 413, 415, 422),
    summary="Switch a destination on again",
)
def switch_on(
    destination_id: str, body: SwitchOn, request: Request, known: Known, _caller: RunStarter
) -> SwitchedOnAnswer:
    """Send there again, and if wanted what was missed meanwhile."""
    done = known.switch_on(destination_id, replay=body.replay)
    request.app.state.wake()
    return SwitchedOnAnswer(missed=list(done.missed), started=dict(done.started), refused=dict(done.refused))
