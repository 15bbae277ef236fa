"""Exports: what of an analysis travels, in which form, to which destination."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field as SpecField
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from core.model.analysis import Condition
from core.model.base import Slug, Spec, id_column, json_column, time_column

View = Literal["alert", "waterfall", "step_detail", "funnel", "dimensions", "moves", "tree", "segments"]
Layout = Literal["slides", "list", "dropdown"]
Locale = Literal["en", "fr", "de", "nb"]
FULL_REPORT: tuple[View, ...] = ("alert", "waterfall", "step_detail")
"""The views of a report unless others are chosen."""
ALL_VIEWS: tuple[View, ...] = get_args(View)


class ElementSpec(Spec):
    """One element of a list or one option of a dropdown: a part of a view, or of a single step."""

    view: Literal["alert", "waterfall", "step_detail", "funnel", "dimensions", "moves", "tree", "segments", "step"]
    part: Literal["text", "title", "chart", "comment", "table"]
    step: str | None = None


class ReportContent(Spec):
    """Views of one analysis in a layout. `elements` None means all."""

    kind: Literal["report"] = "report"
    analysis: Slug
    views: tuple[View, ...] = SpecField(FULL_REPORT, min_length=1)
    layout: Layout = "slides"
    locale: Locale = "en"
    elements: tuple[ElementSpec, ...] | None = None
    where: dict[str, Condition] = {}


class LinkSettings(Spec):
    """A report URL: `/r/<slug>/<token>`."""

    slug: Slug
    public: bool = False


class LinkDestination(Spec):
    """A report URL as the destination of an export."""

    kind: Literal["link"] = "link"
    settings: LinkSettings


DestinationSpec = Annotated[LinkDestination, SpecField()]


class ExportSpec(Spec):
    """An export: content and destinations."""

    version: Literal[1] = 1
    name: str = SpecField(min_length=1, max_length=200)
    description: str = ""
    is_active: bool = True
    content: ReportContent
    destinations: tuple[DestinationSpec, ...] = ()


class Export(SQLModel, table=True):
    """An export's row: `spec` is an ExportSpec, `analysis_id` what it shows."""

    id: str = id_column()
    organisation_id: str
    analysis_id: str = Field(foreign_key="analysis.id", index=True)
    name: str
    is_active: bool = True
    revision: int = 1
    spec: dict[str, object] = json_column()
    created_by: str
    created_at: datetime = time_column()
    modified_at: datetime = time_column()


class ReportLink(SQLModel, table=True):
    """A report URL. Its token is signed from id and `token_version`; raising that makes the old address unknown."""

    __tablename__ = "report_link"
    __table_args__ = (UniqueConstraint("organisation_id", "slug"),)

    id: str = id_column()
    organisation_id: str
    export_id: str = Field(foreign_key="export.id", ondelete="CASCADE", index=True)
    slug: str
    is_public: bool = False
    is_active: bool = True
    token_version: int = 1
    view_count: int = 0
    last_seen_at: datetime | None = time_column(nullable=True)
    expires_at: datetime | None = time_column(nullable=True)
    password_hash: str | None = None
    paused_at: datetime | None = time_column(nullable=True)
    revoked_at: datetime | None = time_column(nullable=True)
    created_at: datetime = time_column()


class Heartbeat(SQLModel, table=True):
    """One row for each sidecar process kind, written at every beat."""

    name: str = Field(primary_key=True)
    pid: int
    started_at: datetime = time_column()
    beat_at: datetime = time_column()
