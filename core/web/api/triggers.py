"""Triggers of an export: listed, their URLs rotated and revoked; and an export started by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Header, Request, Response
from pydantic import Field

from core.delivery.keeping import OLD_WORKS_FOR, SavedTrigger
from core.delivery.triggers import IDEMPOTENCY_KEY
from core.delivery.zones import find_zone
from core.model.base import Spec
from core.model.triggers import DatasetTrigger, ScheduleTrigger, UrlTrigger
from core.web.auth import ExportReader, ExportWriter, RunStarter, TheApp
from core.web.paging import AskedPage, Page
from core.web.problems import answers

routes = APIRouter(tags=["triggers"])
HOURS = int(OLD_WORKS_FOR / timedelta(hours=1))


class ScheduleAnswer(ScheduleTrigger):
    """A schedule. next_fires: with the offset of its zone, public holidays that it leaves out are not among them.

    problem: why it was stopped, "" while it goes.
    """

    state: Literal["on", "paused", "off"]
    next_fires: tuple[datetime, ...]
    problem: str


class UrlAnswer(UrlTrigger):
    """A trigger URL. url: its address, told once: when it was made or rotated. old_until: of the address before it.

    signing_secret: told beside the address where calls are to be signed.
    """

    state: Literal["on", "paused", "off", "revoked"]
    url: str | None
    signing_secret: str | None
    last_used_at: datetime | None
    old_until: datetime | None


class DatasetAnswer(DatasetTrigger):
    """The refresh of a dataset as a trigger."""

    state: Literal["on", "paused", "off"]


TriggerAnswer = Annotated[ScheduleAnswer | UrlAnswer | DatasetAnswer, Field(discriminator="kind")]


class Rotation(Spec):
    """How long the address before goes on working, in hours."""

    old_works_for_hours: float = Field(HOURS, ge=0, le=24 * 30)


class StartedRun(Spec):
    """A run that was asked for. status_url: tells its state for 24 hours, without a login."""

    run_id: str
    status_url: str
    duplicate: bool


@routes.get("/exports/{export_id}/triggers", responses=answers(422), summary="The triggers of an export")
def list_triggers(export_id: str, page: AskedPage, app: TheApp, _caller: ExportReader) -> Page[TriggerAnswer]:
    """The triggers of an export, by id."""
    window = page.page(app.exports.get(export_id).triggers, lambda trigger: trigger.id)
    return Page(next=window.next, previous=window.previous, results=[trigger_answer(one) for one in window.results])


@routes.post(
    "/exports/{export_id}/triggers/{trigger_id}/rotate",
    responses=answers(400, 413, 415, 422),
    summary="Give a trigger URL a new address",
)
def rotate(
    export_id: str, trigger_id: str, app: TheApp, _caller: ExportWriter, body: Annotated[Rotation, Body()] = Rotation()
) -> UrlAnswer:
    """Give a trigger URL a new address, told here alone; the one before it works on for a week, or as it is said."""
    old_works_for = timedelta(hours=body.old_works_for_hours)
    return _url(app.exports.rotate_trigger(export_id, trigger_id, old_works_for=old_works_for))


@routes.post("/exports/{export_id}/triggers/{trigger_id}/revoke", summary="Close a trigger URL")
def revoke(export_id: str, trigger_id: str, app: TheApp, _caller: ExportWriter) -> UrlAnswer:
    """Close a trigger URL at once, the address before it too; rotate gives it a new one."""
    return _url(app.exports.revoke_trigger(export_id, trigger_id))


@routes.post("/exports/{export_id}/run", status_code=202, responses=answers(409, 422), summary="Start an export")
def start(
    export_id: str,
    request: Request,
    response: Response,
    app: TheApp,
    caller: RunStarter,
    key: Annotated[str | None, Header(alias=IDEMPOTENCY_KEY)] = None,
) -> StartedRun:
    """Start an export now. The same Idempotency-Key is the same run."""
    export = app.exports.get(export_id)
    how: Literal["hand", "api"] = "api" if caller.token_id else "hand"
    fired = app.triggers.start(export.id, by=caller.person_id, how=how, key=key)
    request.app.state.wake()
    response.headers["Location"] = fired.status_url
    return StartedRun(run_id=fired.run_id, status_url=fired.status_url, duplicate=fired.is_duplicate)


def trigger_answer(saved: SavedTrigger) -> ScheduleAnswer | UrlAnswer | DatasetAnswer:
    """A trigger as it is answered."""
    if isinstance(saved.spec, ScheduleTrigger):
        return schedule_answer(saved)
    return _url(saved) if isinstance(saved.spec, UrlTrigger) else _dataset(saved)


def schedule_answer(saved: SavedTrigger) -> ScheduleAnswer:
    """A schedule as it is answered, of an export or a dataset."""
    said = ScheduleTrigger.model_validate(saved.spec)
    zone = find_zone(said.zone)
    next_fires = [at.astimezone(zone) for at in saved.next_fires]
    return ScheduleAnswer(**said.model_dump(), state=saved.state, next_fires=next_fires, problem=saved.problem)


def _dataset(saved: SavedTrigger) -> DatasetAnswer:
    return DatasetAnswer(**saved.spec.model_dump(), state=saved.state)


def _url(saved: SavedTrigger) -> UrlAnswer:
    facts = {name: getattr(saved, name) for name in ("url", "signing_secret", "last_used_at", "old_until")}
    return UrlAnswer(**saved.spec.model_dump(), state=saved.state, **facts)
