"""Analyses: saved, revised, restored, computed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel

from core.analyses import SavedAnalysis
from core.errors import DataError
from core.model.analysis import AnalysisSpec
from core.web.api.partial import checked, partial, sent
from core.web.auth import AnalysisReader, AnalysisWriter, TheApp
from core.web.etags import IfMatch, require_match, tagged
from core.web.paging import AskedPage, Page
from core.web.problems import answers

routes = APIRouter(tags=["analyses"])
AnalysisPatch = partial(AnalysisSpec, "AnalysisPatch", without=frozenset({"version"}))


NewAnalysis = Annotated[
    AnalysisSpec,
    Body(
        examples=[
            {
                "slug": "revenue",
                "name": "Revenue",
                "dataset": "sales",
                "equation": {
                    "total": "Revenue",
                    "unit": "€",
                    "total_threshold_pct": 5,
                    "steps": [
                        {"formula": "visits", "name": "Visits"},
                        {"formula": "orders / visits", "name": "Conversion", "unit": "%"},
                        {"formula": "revenue / orders", "name": "Basket", "unit": "€"},
                    ],
                },
                "comparison": {"by": "day", "relative": "last_full_month", "against": "previous"},
                "where": {"country": ["FR", "DE"], "revenue": {">": 0}},
            }
        ]
    ),
]
# SQLite's integers end; a number beyond is no revision either way.
RevisionNumber = Annotated[int, Path(ge=1, le=2**31)]


class AnalysisAnswer(AnalysisSpec):
    """A saved analysis."""

    revision: int
    created_at: datetime
    modified_at: datetime


class RevisionAnswer(BaseModel):
    """One state of an analysis that was saved."""

    revision: int
    note: str
    created_by: str
    created_at: datetime
    spec: AnalysisSpec


@routes.get("/analyses", responses=answers(422), summary="All analyses, by slug")
def list_all(page: AskedPage, app: TheApp, _caller: AnalysisReader) -> Page[AnalysisAnswer]:
    """All analyses, by slug."""
    window = page.page(app.analyses.all(), lambda saved: saved.spec.slug)
    return Page(next=window.next, previous=window.previous, results=[_answer(saved) for saved in window.results])


@routes.post("/analyses", status_code=201, responses=answers(400, 409, 413, 415, 422), summary="Save a new analysis")
def create(
    body: NewAnalysis, request: Request, response: Response, app: TheApp, caller: AnalysisWriter
) -> AnalysisAnswer:
    """Save a new analysis, after a check against the columns of its dataset."""
    saved = app.analyses.create(body, by=caller.person_id)
    response.headers["Location"] = f"{request.url.path.rstrip('/')}/{saved.spec.slug}"
    return tagged(response, _answer(saved))


@routes.get("/analyses/{slug}", summary="One analysis")
def get_one(slug: str, response: Response, app: TheApp, _caller: AnalysisReader) -> AnalysisAnswer:
    """The newest revision of an analysis."""
    return tagged(response, _answer(app.analyses.get(slug)))


@routes.patch("/analyses/{slug}", responses=answers(400, 409, 412, 413, 415, 422), summary="Revise an analysis")
def change(
    slug: str,
    body: AnalysisPatch,  # type: ignore[valid-type]
    response: Response,
    app: TheApp,
    caller: AnalysisWriter,
    if_match: IfMatch = None,
) -> AnalysisAnswer:
    """Change what is sent and keep it as a new revision. `equation` and `comparison` are replaced as a whole."""
    saved = app.analyses.get(slug)
    require_match(if_match, _answer(saved))
    spec = checked(AnalysisSpec, saved.spec.model_dump(mode="json") | sent(body))
    if spec.slug != slug:
        raise DataError(f"Slug '{slug}' is an address and stays. Make a new analysis instead.", field="slug")
    return tagged(response, _answer(app.analyses.revise(spec, by=caller.person_id, if_revision=saved.revision)))


@routes.delete("/analyses/{slug}", status_code=204, responses=answers(409, 412), summary="Delete an analysis")
def delete(slug: str, app: TheApp, _caller: AnalysisWriter, if_match: IfMatch = None) -> None:
    """Delete an analysis with its revisions. 409 names the exports that show it."""
    require_match(if_match, _answer(app.analyses.get(slug)))
    app.analyses.delete(slug)


@routes.get("/analyses/{slug}/revisions", responses=answers(422), summary="The history of an analysis")
def list_revisions(slug: str, page: AskedPage, app: TheApp, _caller: AnalysisReader) -> Page[RevisionAnswer]:
    """All revisions, the oldest first."""
    window = page.page(app.analyses.revisions(slug), lambda kept: f"{kept.revision:012d}")
    results = [RevisionAnswer.model_validate(kept, from_attributes=True) for kept in window.results]
    return Page(next=window.next, previous=window.previous, results=results)


@routes.post("/analyses/{slug}/revisions/{revision}/restore", responses=answers(422), summary="Restore a revision")
def restore(
    slug: str, revision: RevisionNumber, response: Response, app: TheApp, caller: AnalysisWriter
) -> AnalysisAnswer:
    """Make an old revision the newest one; nothing is lost."""
    return tagged(response, _answer(app.analyses.restore(slug, revision, by=caller.person_id)))


def _answer(saved: SavedAnalysis) -> AnalysisAnswer:
    values: dict[str, Any] = saved.spec.model_dump(mode="json")
    return AnalysisAnswer.model_validate(
        values | {"revision": saved.revision, "created_at": saved.created_at, "modified_at": saved.modified_at}
    )
