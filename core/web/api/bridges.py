"""Analyses computed: the bridge as numbers, and the report in all its forms."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from core.analyses import compute_both
from core.app import App
from core.delivery.digests import ALWAYS
from core.errors import DataError
from core.model.analysis import AnalysisSpec, ComparisonSpec
from core.model.delivery import ALL_VIEWS, FULL_REPORT, Layout, Locale, ReportContent, SendCondition, View
from core.report.tables import bridge_json
from core.web.api.partial import checked
from core.web.auth import AnalysisReader, ExportReader, TheApp
from core.web.drawing import MEDIA_TYPES, Ask, Drawer, Drawn, Form, Shown, framed
from core.web.problems import answers

routes = APIRouter(tags=["analyses"])
Side = Annotated[
    str | None, Query(description="FIRST/LAST, two days; both ends count", examples=["2026-01-01/2026-01-31"])
]


class TotalAnswer(BaseModel):
    """The KPI on both sides."""

    name: str
    unit: str
    base: float | None
    current: float | None
    change: float | None
    change_pct: float | None


class DetailAnswer(BaseModel):
    """A step by the segments of one dimension."""

    step: str
    dimension: str
    rows: list[dict[str, Any]]


class SecondAnswer(BaseModel):
    """The bridge of the second comparison."""

    comparison: dict[str, Any]
    total: TotalAnswer
    steps: list[dict[str, Any]]


class BridgeAnswer(BaseModel):
    """A bridge: its contributions add up to the change of the total."""

    analysis: str
    revision: int | None
    data_version: int
    as_of: datetime
    rendered_at: datetime
    comparison: dict[str, Any] | None
    method: str
    total: TotalAnswer
    steps: list[dict[str, Any]]
    detail: DetailAnswer | None
    significance: list[dict[str, Any]]
    ranking: list[dict[str, Any]]
    second: SecondAnswer | None
    headline: str
    comment: str
    notes: list[dict[str, Any]]


FORM_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report in the form of the suffix",
        "content": {media_type.partition(";")[0]: {} for media_type in MEDIA_TYPES.values()},
    }
}


@routes.get("/analyses/{slug}/bridge", responses=answers(422, 503), summary="Compute an analysis")
def get_bridge(
    slug: str,
    app: TheApp,
    _caller: AnalysisReader,
    base: Side = None,
    current: Side = None,
    step: Annotated[str | None, Query(description="whose detail; default the main one")] = None,
    dimension: Annotated[str | None, Query(description="by which; default the most interesting one")] = None,
    locale: Annotated[Locale, Query(description="of headline and comment")] = "en",
) -> BridgeAnswer:
    """The bridge on the newest data; `base` and `current` put other periods in the place of the saved ones."""
    saved = app.analyses.get(slug)
    spec = with_periods(saved.spec, base, current)
    version = app.catalogue.fresh(spec.dataset).version
    bridge, second = compute_both(app.warehouse, spec, version)
    answer = bridge_json(
        bridge,
        second=second,
        labels=version.labels,
        analysis=slug,
        revision=saved.revision,
        data_version=version.number,
        as_of=version.as_of,
        rendered_at=app.clock(),
        depth=spec.comment_depth,
        locale=locale,
        words=app.templates.words(locale),
        step=step,
        dimension=dimension,
    )
    return BridgeAnswer.model_validate(answer)


@routes.get(
    "/analyses/{slug}/report.{form}",
    responses=FORM_ANSWERS | answers(422, 503),
    response_class=Response,
    summary="Draw an analysis as a report",
)
def get_report(
    slug: str,
    form: Form,
    request: Request,
    app: TheApp,
    _caller: AnalysisReader,
    layout: Layout = "slides",
    locale: Locale = "en",
    views: Annotated[list[View] | None, Query(description="default all")] = None,
    view: Annotated[str | None, Query(description="whose picture or table; default the waterfall")] = None,
) -> Response:
    """The full report on the newest data: page, picture, table or numbers. A `view` that it lacks is put at its end."""
    whole = tuple(views or FULL_REPORT)
    asked = tuple(known for known in ALL_VIEWS if known == view and known not in whole)
    content = ReportContent(analysis=slug, layout=layout, locale=locale, views=(*whole, *asked))
    return _drawn(app, request, content, Ask(form=form, view=view))


@routes.get(
    "/exports/{export_id}/preview",
    responses=FORM_ANSWERS | answers(422, 503),
    response_class=Response,
    tags=["exports"],
    summary="The page that an export's links show",
)
def get_preview(export_id: str, request: Request, app: TheApp, _caller: ExportReader) -> Response:
    """What the links of an export show, also while it is switched off."""
    spec = app.exports.get(export_id).spec
    return _drawn(app, request, spec.content, Ask(), name=spec.name, condition=spec.condition)


def _drawn(
    app: App,
    request: Request,
    content: ReportContent,
    ask: Ask,
    *,
    name: str = "",
    condition: SendCondition = ALWAYS,
) -> Response:
    drawer: Drawer = request.app.state.drawer
    analyses = [(saved.spec, saved.revision) for saved in map(app.analyses.get, content.analyses)]
    shown = Shown.of(analyses, content, app.templates.words(content.locale), name=name, condition=condition)
    datasets = dict.fromkeys(analysis.dataset for analysis, _ in analyses)
    drawn: Drawn = drawer.draw(shown, {slug: app.catalogue.fresh(slug).version for slug in datasets}, ask)
    headers = {"ETag": drawn.etag, "Last-Modified": drawn.last_modified, "Content-Security-Policy": framed(drawn.csp)}
    return Response(drawn.body, media_type=drawn.media_type, headers=headers)


def with_periods(spec: AnalysisSpec, base: str | None, current: str | None) -> AnalysisSpec:
    """The analysis with other periods. Raises DataError when only one is given and the other is not fixed."""
    if base is None and current is None:
        return spec
    saved = spec.comparison
    sides = {
        "base": _days(base, "base") if base else saved.base,
        "current": _days(current, "current") if current else saved.current,
    }
    if missing := next((name for name, side in sides.items() if not side), None):
        raise DataError(f"The saved periods are relative, so '{missing}' is needed too.", field=missing)
    comparison = checked(ComparisonSpec, {"by": saved.by, **sides})
    return spec.model_copy(update={"comparison": comparison})


def _days(text: str, field: str) -> tuple[date, date]:
    try:
        first, last = (date.fromisoformat(day) for day in text.split("/"))
    except ValueError:
        raise DataError(
            f"'{text}' is no period. Write FIRST/LAST, such as 2026-01-01/2026-01-31.", field=field
        ) from None
    return first, last
