"""The audit: who did what, when, from where."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from core.audit_log import LONGEST_DAYS, Filter
from core.errors import DataError
from core.model.base import Spec
from core.web.auth import AuditReader, SettingsWriter, TheApp
from core.web.paging import Page, cursor_of, place_of
from core.web.problems import answers

routes = APIRouter(tags=["audit"])


class EntryAnswer(BaseModel):
    """An entry. `person_id` null: Bridgecast itself, or somebody unknown."""

    id: str
    at: datetime
    person_id: str | None
    person: str
    act: str
    subject_kind: str
    subject_id: str
    subject: str
    address: str
    detail: dict[str, Any]


class Retention(Spec):
    """For how many days entries are kept."""

    days: int = Field(ge=1, le=LONGEST_DAYS)


def asked_for(
    act: Annotated[str | None, Query(description="`export.changed`, or `export` for all of that kind.")] = None,
    person: Annotated[str | None, Query(description="Id or name.")] = None,
    since: Annotated[datetime | None, Query(alias="from", description="The first moment.")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="The moment after the last.")] = None,
) -> Filter:
    """The filters of a request."""
    for name, moment in (("from", since), ("to", until)):
        if moment is not None and moment.tzinfo is None:
            raise DataError("Name the zone too, such as 2026-02-01T00:00:00Z.", field=name)
    return Filter(act, person, since, until)


Asked = Annotated[Filter, Depends(asked_for)]


@routes.get("/audit", responses=answers(422), summary="Who did what")
def list_all(
    request: Request,
    asked: Asked,
    app: TheApp,
    _caller: AuditReader,
    cursor: Annotated[str | None, Query(description="From `next`.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Page[EntryAnswer]:
    """Entries, the newest first."""
    found = app.audit.entries(asked, before=place_of(cursor), limit=limit + 1)
    results = [EntryAnswer.model_validate(entry, from_attributes=True) for entry in found[:limit]]
    more = (
        str(request.url.include_query_params(cursor=cursor_of(found[limit - 1].at, found[limit - 1].id)))
        if len(found) > limit
        else None
    )
    return Page(next=more, previous=None, results=results)


@routes.get("/audit.csv", responses=answers(422), response_class=Response, summary="Who did what, as a table")
def download(asked: Asked, app: TheApp, _caller: AuditReader) -> Response:
    """The entries as CSV. What a spreadsheet would take for a formula has an apostrophe in front."""
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(app.audit.csv(asked).encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


@routes.get("/audit/retention", summary="For how long entries are kept")
def get_retention(app: TheApp, _caller: AuditReader) -> Retention:
    """For how many days entries are kept."""
    return Retention(days=app.audit.days)


@routes.put("/audit/retention", responses=answers(400, 413, 415, 422), summary="Keep entries for another time")
def put_retention(body: Retention, app: TheApp, _caller: SettingsWriter) -> Retention:
    """Keep entries for that many days; older ones are removed within the hour."""
    app.audit.keep_for(body.days)
    return body
