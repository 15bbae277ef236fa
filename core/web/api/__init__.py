"""The REST API: one module a subject. Everything a page can do, through the same functions."""

from __future__ import annotations

from fastapi import APIRouter

from core.web.api import (
    analyses,
    audit,
    bridges,
    connections,
    datasets,
    exports,
    findings,
    inbox,
    me,
    people,
    recipients,
    runs,
    sending,
    spec,
    subscriptions,
    switched_off,
    templates,
    tokens,
    triggers,
)
from core.web.problems import answers

PREFIX = "/api/v1"


def api_routes() -> APIRouter:
    """All routes of the API."""
    routes = APIRouter(prefix=PREFIX, responses=answers(401))
    routes.include_router(me.routes)
    of_organisation = (
        datasets,
        analyses,
        bridges,
        findings,
        exports,
        triggers,
        connections,
        people,
        runs,
        sending,
        recipients,
        switched_off,
        inbox,
        subscriptions,
        templates,
        audit,
        tokens,
        spec,
    )
    for module in of_organisation:
        routes.include_router(module.routes, prefix="/orgs/{organization_id}", responses=answers(403, 404))
    return routes
