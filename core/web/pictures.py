"""`/i/<token>`: the pictures of cards. Whoever has the address sees the picture, without sign-in, as long as it is
kept; unknown and expired answer alike.
"""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from core.app import App

A_DAY = {
    "Cache-Control": "public, max-age=86400, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}


def picture_routes(app: App) -> APIRouter:
    """The route, on the app's store."""
    routes, pictures = APIRouter(include_in_schema=False), app.pictures

    @routes.get("/i/{token}")
    async def show(token: str) -> Response:
        picture = await run_in_threadpool(pictures.find, token)
        if picture is None:
            raise HTTPException(404)
        return Response(picture.content, media_type=picture.media_type, headers=A_DAY)

    return routes
