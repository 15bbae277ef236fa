"""Whether the sidecar lives and can tell people what fails (/healthz), and whether it can do its work (/readyz)."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from core.app import App
from core.errors import BridgecastError
from core.store.heartbeat import ALIVE_FOR, read_beat


def health_routes(app: App) -> APIRouter:
    """Both routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/healthz")
    def healthz() -> JSONResponse:
        mail = _mail(app)
        status = "ok" if mail == "ok" else "mail fails"
        told = {"status": status, "product": "bridgecast"} | ({} if mail == "ok" else {"mail": mail})
        return JSONResponse(told, 200 if mail == "ok" else 503)

    @routes.get("/readyz")
    def readyz() -> JSONResponse:
        checks = {"store": _store(app), "warehouse": _warehouse(app), "heartbeat": _heartbeat(app)}
        is_ready = all(text == "ok" for text in checks.values())
        return JSONResponse({"status": "ok" if is_ready else "not ready", **checks}, 200 if is_ready else 503)

    return routes


def _mail(app: App) -> str:
    """Since when nobody can be told by mail; a store that does not answer is for /readyz."""
    try:
        trouble = app.alerts.mail_trouble()
    except SQLAlchemyError:
        return "ok"
    return "ok" if trouble is None else f"fails since {trouble.since:%Y-%m-%d %H:%M} UTC"


def _store(app: App) -> str:
    try:
        app.store.data_version()
        with app.store.read() as session:
            read_beat(session)
    except (SQLAlchemyError, BridgecastError) as error:
        return f"does not answer: {type(error).__name__}"
    return "ok"


def _warehouse(app: App) -> str:
    return "ok" if app.settings.warehouse_dir.is_dir() else "its folder is gone"


def _heartbeat(app: App) -> str:
    try:
        with app.store.read() as session:
            beat = read_beat(session)
    except SQLAlchemyError:
        return "unknown, the store does not answer"
    if beat is None:
        return "no beat yet"
    age: timedelta = app.clock() - beat.beat_at
    return "ok" if age <= ALIVE_FOR else f"last beat {round(age.total_seconds())} s ago"
