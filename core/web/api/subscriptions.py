"""Reports by mail for the caller: from the next run on, or no more."""

from __future__ import annotations

from fastapi import APIRouter

from core.web.auth import Subscriber, TheApp
from core.web.problems import answers

routes = APIRouter(tags=["exports"])


@routes.put(
    "/exports/{export_id}/subscription", status_code=204, responses=answers(422), summary="Get a report by mail"
)
def subscribe(export_id: str, app: TheApp, caller: Subscriber) -> None:
    """Send the report to the caller's own address whenever it runs. 404 for one that is not shared with them,
    422 where mails may not go to their address."""
    app.subscriptions.begin(caller, export_id)


@routes.delete("/exports/{export_id}/subscription", status_code=204, summary="Get a report by mail no more")
def unsubscribe(export_id: str, app: TheApp, caller: Subscriber) -> None:
    """Send it to the caller no more."""
    app.subscriptions.end(caller, export_id)
