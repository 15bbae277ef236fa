"""The switch that holds all sending."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from core.app import App
from core.model.base import Spec
from core.web.auth import RunReader, SettingsWriter, TheApp
from core.web.problems import answers

routes = APIRouter(tags=["runs"])


class SendingAnswer(BaseModel):
    """Whether anything is sent. `since` null while it is, and where the environment holds it."""

    is_held: bool
    why: str
    since: datetime | None


class Hold(Spec):
    """What is to be: held with a reason, or going on."""

    is_held: bool
    why: str = Field("", max_length=500)


@routes.get("/sending", summary="Whether anything is sent")
def get_sending(app: TheApp, _caller: RunReader) -> SendingAnswer:
    """Whether all sending is held, and why."""
    return _answer(app)


@routes.put("/sending", responses=answers(400, 413, 415, 422), summary="Hold all sending, or let it go on")
def put_sending(body: Hold, request: Request, app: TheApp, _caller: SettingsWriter) -> SendingAnswer:
    """Hold all sending: runs are made, nothing leaves. What waited goes when it goes on."""
    if body.is_held:
        app.sending.hold(body.why)
    else:
        app.sending.go_on()
        request.app.state.wake()
    return _answer(app)


def _answer(app: App) -> SendingAnswer:
    held = app.sending.held()
    return SendingAnswer(is_held=held is not None, why=held.why if held else "", since=held.since if held else None)
