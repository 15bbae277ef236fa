"""Exports: reports that travel, by what starts them and to where. Links are listed, rotated and revoked here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from core.delivery.exports import SavedExport
from core.delivery.links import Link, LinkState
from core.model.alerts import AlertSpec
from core.model.delivery import (
    ChannelDestination,
    ExportSpec,
    LinkDestination,
    LinkSettings,
    ReportContent,
    SendCondition,
)
from core.web.api.partial import checked, partial, sent
from core.web.api.triggers import TriggerAnswer, trigger_answer
from core.web.auth import ExportReader, ExportWriter, LinkLister, TheApp
from core.web.etags import IfMatch, etag_of, require_match
from core.web.paging import AskedPage, Page
from core.web.problems import answers

routes = APIRouter(tags=["exports"])
ExportPatch = partial(ExportSpec, "ExportPatch", without=frozenset({"version"}))


NewExport = Annotated[
    ExportSpec,
    Body(
        examples=[
            {
                "name": "Morning revenue",
                "content": {"kind": "report", "analysis": "revenue", "views": ["alert", "waterfall"], "layout": "list"},
                "destinations": [{"kind": "link", "settings": {"slug": "morning", "public": True}}],
            }
        ]
    ),
]


class LinkAnswer(BaseModel):
    """A report link. `url` is its address until it is rotated."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    slug: str
    url: str
    public: bool = Field(validation_alias="is_public")
    is_active: bool
    state: LinkState
    has_password: bool
    expires_at: datetime | None
    view_count: int
    last_seen_at: datetime | None


class PublicLinkAnswer(LinkAnswer):
    """A link with the export that it shows."""

    export: str
    export_name: str


class LinkDestinationAnswer(BaseModel):
    """A link destination with the link that was made for it."""

    kind: Literal["link"]
    id: str | None
    settings: LinkSettings
    link_id: str
    url: str


class ExportAnswer(BaseModel):
    """An export with its links and triggers. `warnings`: what is not wrong and yet not well."""

    id: str
    name: str
    description: str
    tags: list[str]
    is_active: bool
    content: ReportContent
    triggers: list[TriggerAnswer]
    condition: SendCondition
    refresh: Literal["before", "none"]
    destinations: list[LinkDestinationAnswer | ChannelDestination]
    links: list[LinkAnswer]
    max_age: timedelta | None
    failure_recipients: list[str]
    alerts: list[AlertSpec]
    warnings: list[str]
    retention_days: int
    revision: int
    created_at: datetime
    modified_at: datetime


@routes.get("/exports", responses=answers(422), summary="All exports")
def list_all(page: AskedPage, app: TheApp, _caller: ExportReader) -> Page[ExportAnswer]:
    """All exports, in the order of their ids."""
    window = page.page(app.exports.all(), lambda export: export.id)
    return Page(next=window.next, previous=window.previous, results=[_answer(e) for e in window.results])


@routes.post("/exports", status_code=201, responses=answers(400, 409, 413, 415, 422), summary="Make an export")
def create(body: NewExport, request: Request, response: Response, app: TheApp, caller: ExportWriter) -> ExportAnswer:
    """Make an export; each link destination and each trigger URL gets its address, the latter told here alone.

    Without a destination, or without a trigger for what is sent, it is a draft and switched off.
    """
    is_draft = not body.destinations or (body.channels and not body.triggers)
    if is_draft and "is_active" not in body.model_fields_set:
        body = body.model_copy(update={"is_active": False})
    saved = app.exports.create(body, by=caller.person_id)
    response.headers["Location"] = f"{request.url.path.rstrip('/')}/{saved.id}"
    return _tagged(response, saved)


@routes.get("/exports/{export_id}", summary="One export")
def get_one(export_id: str, response: Response, app: TheApp, _caller: ExportReader) -> ExportAnswer:
    """An export with its links."""
    return _tagged(response, app.exports.get(export_id))


@routes.patch("/exports/{export_id}", responses=answers(400, 409, 412, 413, 415, 422), summary="Change an export")
def change(
    export_id: str,
    body: ExportPatch,  # type: ignore[valid-type]
    response: Response,
    app: TheApp,
    _caller: ExportWriter,
    if_match: IfMatch = None,
) -> ExportAnswer:
    """Change what is sent. A link keeps its address as long as its slug is named."""
    saved = app.exports.get(export_id)
    require_match(if_match, _state(saved))
    spec = checked(ExportSpec, saved.spec.model_dump(mode="json") | sent(body))
    return _tagged(response, app.exports.change(export_id, spec, if_revision=saved.revision))


@routes.delete("/exports/{export_id}", status_code=204, responses=answers(412), summary="Delete an export")
def delete(export_id: str, app: TheApp, _caller: ExportWriter, if_match: IfMatch = None) -> None:
    """Delete an export. Its links no longer work."""
    require_match(if_match, _state(app.exports.get(export_id)))
    app.exports.delete(export_id)


@routes.get("/exports/{export_id}/links", responses=answers(422), summary="The links of an export")
def list_links(export_id: str, page: AskedPage, app: TheApp, _caller: ExportReader) -> Page[LinkAnswer]:
    """The links of an export, by slug."""
    window = page.page(app.exports.get(export_id).links, lambda link: link.slug)
    return Page(next=window.next, previous=window.previous, results=[_link(link) for link in window.results])


@routes.get("/links", responses=answers(422), summary="Everything that is public")
def list_public(page: AskedPage, app: TheApp, _caller: LinkLister) -> Page[PublicLinkAnswer]:
    """The links that open without sign-in, or would if their export were on or their pause over; by slug."""
    window = page.page(app.exports.public_links(), lambda found: found[1].slug)
    results = [
        PublicLinkAnswer(**_link(link).model_dump(), export=export.id, export_name=export.spec.name)
        for export, link in window.results
    ]
    return Page(next=window.next, previous=window.previous, results=results)


@routes.post("/exports/{export_id}/links/{link_id}/rotate", summary="Give a link a new address")
def rotate(export_id: str, link_id: str, app: TheApp, _caller: ExportWriter) -> LinkAnswer:
    """Give a link a new address; the old one no longer works. A revoked link opens again."""
    return _link(app.exports.rotate(export_id, link_id))


@routes.post("/exports/{export_id}/links/{link_id}/revoke", summary="Close a link for good")
def revoke(export_id: str, link_id: str, app: TheApp, _caller: ExportWriter) -> LinkAnswer:
    """Close a link for good; only rotate opens it again, at a new address."""
    return _link(app.exports.revoke(export_id, link_id))


@routes.post("/exports/{export_id}/links/{link_id}/pause", summary="Close a link for a while")
def pause(export_id: str, link_id: str, app: TheApp, _caller: ExportWriter) -> LinkAnswer:
    """Close a link for a while; resume opens it again, at the same address."""
    return _link(app.exports.pause(export_id, link_id))


@routes.post("/exports/{export_id}/links/{link_id}/resume", responses=answers(409), summary="Open a paused link")
def resume(export_id: str, link_id: str, app: TheApp, _caller: ExportWriter) -> LinkAnswer:
    """Open a paused link again. A revoked one is 409."""
    return _link(app.exports.resume(export_id, link_id))


@routes.post("/exports/{export_id}/links/{link_id}/renew", responses=answers(409), summary="Let a link work longer")
def renew(export_id: str, link_id: str, app: TheApp, _caller: ExportWriter) -> LinkAnswer:
    """Count the link's `expires_days` from now, also when it has expired. A revoked one is 409."""
    return _link(app.exports.renew(export_id, link_id))


class ExportState(BaseModel):
    """What the ETag of an export stands for: nothing that is counted, goes by with time, or is told once."""

    id: str
    revision: int
    links: list[tuple[str, str, str]]


def _state(saved: SavedExport) -> ExportState:
    links = [(link.id, link.state, link.url) for link in saved.links]
    return ExportState(id=saved.id, revision=saved.revision, links=links)


def _tagged(response: Response, saved: SavedExport) -> ExportAnswer:
    response.headers["ETag"] = etag_of(_state(saved))
    return _answer(saved)


def _answer(saved: SavedExport) -> ExportAnswer:
    links = {link.slug: link for link in saved.links}
    return ExportAnswer(
        id=saved.id,
        name=saved.spec.name,
        description=saved.spec.description,
        tags=list(saved.spec.tags),
        is_active=saved.spec.is_active,
        content=saved.spec.content,
        triggers=[trigger_answer(trigger) for trigger in saved.triggers],
        condition=saved.spec.condition,
        refresh=saved.spec.refresh,
        destinations=[_destination(destination, links) for destination in saved.spec.destinations],
        links=[_link(link) for link in saved.links],
        max_age=saved.spec.max_age,
        failure_recipients=list(saved.spec.failure_recipients),
        alerts=list(saved.spec.alerts),
        warnings=list(saved.warnings),
        retention_days=saved.spec.retention_days,
        revision=saved.revision,
        created_at=saved.created_at,
        modified_at=saved.modified_at,
    )


def _destination(
    one: LinkDestination | ChannelDestination, links: Mapping[str, Link]
) -> LinkDestinationAnswer | ChannelDestination:
    if isinstance(one, ChannelDestination):
        return one
    link = links[one.settings.slug]
    return LinkDestinationAnswer(kind="link", id=one.id, settings=one.settings, link_id=link.id, url=link.url)


def _link(link: Link) -> LinkAnswer:
    return LinkAnswer.model_validate(link, from_attributes=True)
