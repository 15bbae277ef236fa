"""Runs: what was asked for, what became of it, and to try it again."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from core.delivery.seen_runs import SeenRuns
from core.errors import BridgecastError, DataError
from core.model.base import Spec
from core.model.runs import State
from core.store.run_lists import RunFilter
from core.web.api.run_bodies import RunAnswer, RunDetailAnswer, run_detail, run_row
from core.web.auth import RunReader, RunStarter, TheApp
from core.web.paging import Page, cursor_of, place_of
from core.web.problems import answers

routes = APIRouter(tags=["runs"])
FILE_CSP = "sandbox; default-src 'none'"


class Replay(Spec):
    """What is sent again: the same bytes or fresh ones, to whom it failed or to all."""

    data: Literal["same", "fresh"] = "fresh"
    only: Literal["failed", "all"] = "failed"


class Note(Spec):
    """Why a run is put away."""

    note: str = Field("", max_length=1_000)


class ManyRuns(Replay):
    """Runs to be replayed."""

    ids: tuple[str, ...] = Field(min_length=1, max_length=100)


class Started(BaseModel):
    """A run that was asked for."""

    run_id: str
    status_url: str


class ManyStarted(BaseModel):
    """What became of each: the run that replays it, or why there is none."""

    started: dict[str, str]
    refused: dict[str, str]


def seen(app: TheApp, caller: RunReader) -> SeenRuns:
    """The runs that the caller may see."""
    return SeenRuns(app.ledger, app.exports, app.catalogue, app.artefacts, caller)


Seen = Annotated[SeenRuns, Depends(seen)]


def asked_for(
    app: TheApp,
    runs: Seen,
    state: Annotated[list[State] | None, Query(description="Several may be named.")] = None,
    export: Annotated[list[str] | None, Query(description="Ids of exports.")] = None,
    destination: Annotated[list[str] | None, Query(description="Ids of destinations, or kinds such as email.")] = None,
    since: Annotated[datetime | None, Query(alias="from", description="By creation; default: what is kept.")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="The moment after the last.")] = None,
    q: Annotated[str, Query(max_length=200, description="In names and addresses.")] = "",
    hidden: Annotated[bool, Query(description="What was put away, instead of all else.")] = False,
) -> RunFilter:
    """The filters of a request."""
    for name, moment in (("from", since), ("to", until)):
        if moment is not None and moment.tzinfo is None:
            raise DataError("Name the zone too, such as 2026-02-01T00:00:00Z.", field=name)
    return RunFilter(
        states=tuple(state or ()),
        subjects=tuple(export) if export else None,
        destinations=tuple(destination or ()),
        since=since or runs.edge(app.clock()),
        until=until,
        text=q,
        only_hidden=hidden,
    )


@routes.get("/runs", responses=answers(422), summary="All runs")
def list_all(
    request: Request,
    asked: Annotated[RunFilter, Depends(asked_for)],
    runs: Seen,
    cursor: Annotated[str | None, Query(description="From `next`.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Page[RunAnswer]:
    """Runs, the newest first."""
    found = runs.list(asked, limit=limit + 1, before=place_of(cursor))
    shown = found[:limit]
    more = (
        str(request.url.include_query_params(cursor=cursor_of(shown[-1].run.created_at, shown[-1].run.id)))
        if len(found) > limit
        else None
    )
    return Page(next=more, previous=None, results=[run_row(row) for row in shown])


@routes.post("/runs/replay", status_code=202, responses=answers(400, 413, 415, 422), summary="Replay several runs")
def replay_many(body: ManyRuns, request: Request, runs: Seen, _caller: RunStarter) -> ManyStarted:
    """Replay each that can be; the others are named with the reason."""
    started, refused = {}, {}
    for run_id in dict.fromkeys(body.ids):
        try:
            started[run_id] = runs.replay(run_id, data=body.data, only=body.only)
        except BridgecastError as error:
            refused[run_id] = str(error)
    request.app.state.wake()
    return ManyStarted(started=started, refused=refused)


@routes.get("/runs/{run_id}", summary="One run")
def get_one(run_id: str, request: Request, runs: Seen) -> RunDetailAnswer:
    """A run with its steps, files, deliveries and tries."""
    return run_detail(runs.get(run_id), request.url.path.rstrip("/"))


@routes.get(
    "/runs/{run_id}/artefacts/{name}",
    response_class=Response,
    responses=answers(410),
    summary="A file that the run made",
)
def get_file(run_id: str, name: str, runs: Seen) -> Response:
    """The bytes that were sent."""
    artefact, content = runs.file(run_id, name)
    headers = {
        "Content-Disposition": f'attachment; filename="{artefact.name}"',
        "Content-Security-Policy": FILE_CSP,
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=artefact.media_type, headers=headers)


@routes.get("/runs/{run_id}/payload", responses=answers(410), summary="What the channels were handed")
def get_payload(run_id: str, runs: Seen) -> dict[str, Any]:
    """The messages of the run, by their file's name."""
    detail = runs.get(run_id)
    named = sorted({delivery.message for delivery in detail.deliveries if delivery.message})
    return {name: json.loads(runs.file(run_id, name)[1]) for name in named}


@routes.post("/runs/{run_id}/retry", status_code=202, responses=answers(409, 410), summary="Try a failed run again")
def retry(run_id: str, request: Request, runs: Seen, _caller: RunStarter) -> Started:
    """The same deliveries and bytes, to whom they failed."""
    runs.retry(run_id)
    return _started(request, run_id, run_id)


@routes.post(
    "/runs/{run_id}/replay",
    status_code=202,
    responses=answers(400, 409, 410, 413, 415, 422),
    summary="Run it once more",
)
def replay(run_id: str, body: Replay, request: Request, runs: Seen, _caller: RunStarter) -> Started:
    """A new run like this one. A planned run is started now instead."""
    return _started(request, run_id, runs.replay(run_id, data=body.data, only=body.only))


@routes.post("/runs/{run_id}/start", status_code=202, responses=answers(409), summary="Start a waiting run now")
def start(run_id: str, request: Request, runs: Seen, _caller: RunStarter) -> Started:
    """Begin at once with what waits for its time."""
    runs.start(run_id)
    return _started(request, run_id, run_id)


@routes.post("/runs/{run_id}/ignore", responses=answers(400, 409, 413, 415, 422), summary="Put a run away")
def ignore(run_id: str, body: Note, request: Request, runs: Seen, _caller: RunStarter) -> RunDetailAnswer:
    """Put a finished run away, with a note; nothing is deleted."""
    runs.ignore(run_id, body.note)
    return run_detail(runs.get(run_id), _path_of(request, run_id, run_id))


@routes.post("/runs/{run_id}/restore", responses=answers(409), summary="Bring a run back")
def restore(run_id: str, request: Request, runs: Seen, _caller: RunStarter) -> RunDetailAnswer:
    """Bring back what was put away."""
    runs.restore(run_id)
    return run_detail(runs.get(run_id), _path_of(request, run_id, run_id))


def _path_of(request: Request, asked: str, run_id: str) -> str:
    """The path of a run, from that of an act on a run."""
    before, _, _ = request.url.path.rpartition(f"/runs/{asked}")
    return f"{before}/runs/{run_id}"


def _started(request: Request, asked: str, run_id: str) -> Started:
    request.app.state.wake()
    base = str(request.base_url).rstrip("/")
    return Started(run_id=run_id, status_url=f"{base}{_path_of(request, asked, run_id)}")
