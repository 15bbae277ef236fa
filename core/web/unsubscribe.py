"""`/u/<token>`: where recipients leave an export's mails. GET shows a page and changes nothing: mail scanners open
every address they see. POST acts, also the one-click POST of mail programs (RFC 8058), without sign-in.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.app import App
from core.delivery.subscribers import Subscription
from core.web.sign_in_pages import FormPage, answer

UNKNOWN = FormPage(
    "This link does not work",
    "Nothing is sent because of it: the export that it belongs to is gone, or the address is incomplete.",
    status=404,
)


def unsubscribe_routes(app: App) -> APIRouter:
    """The routes, on the app's store."""
    routes, settings, subscribers = APIRouter(include_in_schema=False), app.settings, app.subscribers

    @routes.get("/u/{token}")
    async def show(request: Request, token: str) -> Response:
        found = await run_in_threadpool(subscribers.find, token)
        return answer(request, settings, _page(found, token))

    @routes.post("/u/{token}")
    async def leave(request: Request, token: str) -> Response:
        found = await run_in_threadpool(subscribers.leave, token)
        return answer(request, settings, _page(found, token))

    @routes.post("/u/{token}/back")
    async def come_back(request: Request, token: str) -> Response:
        found = await run_in_threadpool(subscribers.come_back, token)
        return answer(request, settings, _page(found, token))

    return routes


def _page(found: Subscription | None, token: str) -> FormPage:
    if found is None:
        return UNKNOWN
    if found.has_left:
        return FormPage(
            "You get no more of these mails",
            f"Nothing more of “{found.export}” is sent to {found.address}.",
            action=f"/u/{token}/back",
            button="Get them again",
        )
    return FormPage(
        "Get no more of these mails?",
        f"“{found.export}” is sent to {found.address}.",
        action=f"/u/{token}",
        button="Get no more mails",
    )
