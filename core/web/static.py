"""The report page's own files. Their names hold their hash, so a browser may keep them for ever."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from core.report.assets import assets

FOR_EVER = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def static_routes() -> APIRouter:
    """`/static/<name>`."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/static/{name}")
    async def get_file(name: str) -> Response:
        asset = assets().get(name)
        if asset is None:
            raise HTTPException(404)
        return Response(asset.content, media_type=asset.media_type, headers=FOR_EVER)

    return routes
