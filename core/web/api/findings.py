"""What lies behind a bridge: segments over several dimensions, and the same change by every method."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from core.analyses import compute
from core.delivery.reports import search_main
from core.engine.reconcile import reconcile
from core.engine.segments import Piece
from core.model.analysis import Method
from core.model.document import plain
from core.report.printed import print_bridge
from core.report.reconcile import methods_comment, print_methods
from core.report.tables import notes_json, records, shown
from core.segment_search import find_segments
from core.web.api.bridges import Side, with_periods
from core.web.auth import AnalysisReader, TheApp
from core.web.problems import answers

routes = APIRouter(tags=["analyses"])


WHOSE = "whose contribution is searched; default the KPI's change, where the KPI is no sum the main step's"


class PieceAnswer(BaseModel):
    """A segment that moved otherwise than the rest. `conditions`: dimension → value; `t`: of its excess."""

    segment: str
    conditions: dict[str, str]
    base: float | None
    current: float | None
    contribution: float
    t: float | None


class SegmentsAnswer(BaseModel):
    """Disjoint segments and everything else: the contributions of `rows` add up to the change or the step's."""

    analysis: str
    revision: int
    data_version: int
    step: str | None
    pieces: list[PieceAnswer]
    rows: list[dict[str, Any]]
    notes: list[dict[str, str]]


class MethodAnswer(BaseModel):
    """A method; `why_not` is empty where it explains the bridge."""

    method: Method
    why_not: str


class ReconcileAnswer(BaseModel):
    """The same change by four methods: `steps` hold a column a method, null where `why_not` says that it is undefined.

    `alone`: what each step would have changed by itself; `interaction`: what is then left of the change.
    """

    analysis: str
    revision: int
    data_version: int
    method: Method
    steps: list[dict[str, Any]]
    methods: list[MethodAnswer]
    alone: list[float]
    interaction: float
    covariance: float | None
    comment: str


@routes.get(
    "/analyses/{slug}/segments", responses=answers(422, 503), summary="Search segments over up to three dimensions"
)
def get_segments(
    slug: str,
    app: TheApp,
    _caller: AnalysisReader,
    base: Side = None,
    current: Side = None,
    step: Annotated[str | None, Query(description=WHOSE)] = None,
    k: Annotated[int, Query(ge=1, le=20, description="segments at most")] = 5,
) -> SegmentsAnswer:
    """Which segments moved otherwise than the rest; on the newest data, kept until it changes."""
    saved = app.analyses.get(slug)
    spec = with_periods(saved.spec, base, current)
    version = app.catalogue.fresh(spec.dataset).version
    found = (
        find_segments(app.warehouse, spec, version, step=step, k=k)
        if step
        else search_main(app.warehouse, spec, version, k=k)
    )
    return SegmentsAnswer(
        analysis=slug,
        revision=saved.revision,
        data_version=version.number,
        step=found.step,
        pieces=[_piece(piece) for piece in found.pieces],
        rows=records(found.frame),
        notes=notes_json(found.notes),
    )


@routes.get("/analyses/{slug}/reconcile", responses=answers(422, 503), summary="Compare the four methods")
def get_reconciled(
    slug: str, app: TheApp, _caller: AnalysisReader, base: Side = None, current: Side = None
) -> ReconcileAnswer:
    """The steps under Shapley, LMDI, sequential and covariance, and where and why they differ."""
    saved = app.analyses.get(slug)
    spec = with_periods(saved.spec, base, current)
    version = app.catalogue.fresh(spec.dataset).version
    bridge = compute(app.warehouse, spec, version, dimensions=())
    found = reconcile(bridge)
    methods = print_methods(print_bridge(bridge, "en", version.labels), found)
    return ReconcileAnswer(
        analysis=slug,
        revision=saved.revision,
        data_version=version.number,
        method=bridge.method,
        steps=records(found.frame()),
        methods=[MethodAnswer(method=way.method, why_not=way.why_not) for way in methods.ways],
        alone=[shown(value) for value in found.alone],
        interaction=shown(found.interaction),
        covariance=shown(found.covariance),
        comment="\n".join(plain(line) for line in methods_comment(methods)),
    )


def _piece(piece: Piece) -> PieceAnswer:
    return PieceAnswer(
        segment=piece.segment,
        conditions=dict(piece.conditions),
        base=shown(piece.base),
        current=shown(piece.current),
        contribution=shown(piece.contribution),
        t=shown(piece.t),
    )
