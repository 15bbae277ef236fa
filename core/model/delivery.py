"""Exports: what of an analysis travels, in which form, to which destination."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Discriminator, Tag, model_validator
from pydantic import Field as SpecField
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from core.model.alerts import AlertSpec
from core.model.analysis import Condition
from core.model.base import Slug, Spec, id_column, json_column, time_column
from core.model.triggers import TriggerSpec
from core.settings import SHORTEST_PASSWORD

View = Literal["alert", "waterfall", "step_detail", "funnel", "dimensions", "moves", "tree", "segments"]
Layout = Literal["slides", "list", "dropdown"]
Locale = Literal["en", "fr", "de", "nb"]
Attachment = Literal["png", "pdf", "pptx", "csv", "xlsx"]
FULL_REPORT: tuple[View, ...] = ("alert", "waterfall", "step_detail")
"""The views of a report unless others are chosen."""
ALL_VIEWS: tuple[View, ...] = get_args(View)
MOST_PARTS = 20
"""Analyses of one digest."""


class ElementSpec(Spec):
    """One element of a list or one option of a dropdown: a part of a view, or of a single step."""

    view: Literal["alert", "waterfall", "step_detail", "funnel", "dimensions", "moves", "tree", "segments", "step"]
    part: Literal["text", "title", "chart", "comment", "table"]
    step: str | None = None


class Crossing(Spec):
    """A movement worth telling. step: "total" or a step's name; direction: of the movement.

    change_pct: in percent of the base; value: of the current side, crossed upwards or downwards.
    min_impact_pct: the step's share of the KPI's base value that it must have moved.
    """

    step: str = "total"
    change_pct: float | None = SpecField(None, ge=0)
    value: float | None = None
    direction: Literal["up", "down", "both"] = "both"
    min_impact_pct: float | None = SpecField(None, ge=0)


class SendCondition(Spec):
    """When a run is sent at all. "alert" alone uses the analysis's own thresholds; `any` or `all` says more.

    repeat: at each occurrence on which it holds, or once for each period compared.
    """

    kind: Literal["always", "alert"] = "always"
    any: tuple[Crossing, ...] = ()
    all: tuple[Crossing, ...] = ()
    repeat: Literal["each", "once_per_period"] = "each"


class PartSpec(Spec):
    """One analysis of a digest.

    views, elements: None as the digest says. where: filters locked for it. condition: when it is worth telling; None
    as the export says.
    """

    analysis: Slug
    views: tuple[View, ...] | None = SpecField(None, min_length=1)
    elements: tuple[ElementSpec, ...] | None = None
    where: dict[str, Condition] = {}
    condition: SendCondition | None = None


class ReportContent(Spec):
    """Views of one analysis in a layout, or of several: a digest, in the order of its parts. `elements` None means all.

    quiet_parts: whether parts that did not move enough are shown. attachments: files that go with a mail. subject: of
    the mail, "" for the headline. before, after: own words around the report, in Markdown.
    """

    kind: Literal["report"] = "report"
    analysis: Slug | None = None
    parts: tuple[PartSpec, ...] = SpecField((), max_length=MOST_PARTS)
    quiet_parts: Literal["show", "leave_out"] = "show"
    views: tuple[View, ...] = SpecField(FULL_REPORT, min_length=1)
    layout: Layout = "slides"
    locale: Locale = "en"
    elements: tuple[ElementSpec, ...] | None = None
    where: dict[str, Condition] = {}
    attachments: tuple[Attachment, ...] = ()
    subject: str = SpecField("", max_length=200)
    before: str = SpecField("", max_length=4_000)
    after: str = SpecField("", max_length=4_000)

    @property
    def analyses(self) -> tuple[str, ...]:
        """The slugs of all that it shows, in order."""
        return (self.analysis,) if self.analysis is not None else tuple(part.analysis for part in self.parts)

    @property
    def reports(self) -> tuple[ReportContent, ...]:
        """One content for each analysis: a digest taken apart, where what a part says goes before the whole."""
        return (self,) if self.analysis is not None else tuple(map(self._of, self.parts))

    def _of(self, part: PartSpec) -> ReportContent:
        inherited = None if part.views else self.elements
        own = {
            "analysis": part.analysis,
            "parts": (),
            "views": part.views or self.views,
            "elements": inherited if part.elements is None else part.elements,
            "where": {**self.where, **part.where},
        }
        return self.model_copy(update=own)

    @model_validator(mode="after")
    def _one_or_several(self) -> ReportContent:
        if (self.analysis is None) == (not self.parts):
            raise ValueError("give either analysis, or parts with an analysis each")
        return self


PUBLIC_DAYS = 90
"""How long a public link works unless it is said otherwise."""
IS_SET = "***"
"""Stands for a password that is set and never shown again."""
_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?:https?://)?(?:\*\.)?{_LABEL}(?:\.{_LABEL})*(?::\d{{1,5}})?")


def _embed_host(text: str) -> str:
    host = text.lower().removesuffix("/")
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise ValueError(f"'{text[:100]}' is no host. Write it like intranet.example.org or *.example.org")
    return host


def _link_password(text: str | None) -> str | None:
    if text in (None, "", IS_SET):
        return text or None
    if not SHORTEST_PASSWORD <= len(str(text)) <= 200:
        raise ValueError(f"use {SHORTEST_PASSWORD} to 200 characters for the password of a link")
    return text


class LinkSettings(Spec):
    """A report URL: `/r/<slug>/<token>`.

    public: opens without sign-in. expires_days: counted from when the link is made, made public, renewed or given a new
    address; None never; where nothing is said, PUBLIC_DAYS for a public link.
    password: asked of everybody who is not signed in; IS_SET keeps the one that is set.
    people (ids or e-mail addresses), roles: who may see it signed in; none named: everybody of the organisation.
    embed_hosts: whose pages may show it in a frame. hidden_filters: columns that readers hear nothing of.
    """

    slug: Slug
    public: bool = False
    expires_days: int | None = SpecField(None, ge=1, le=3650)
    password: Annotated[str | None, AfterValidator(_link_password)] = SpecField(None, repr=False)
    people: tuple[str, ...] = SpecField((), max_length=500)
    roles: tuple[Literal["owner", "admin", "analyst", "viewer"], ...] = ()
    embed_hosts: tuple[Annotated[str, AfterValidator(_embed_host)], ...] = SpecField((), max_length=20)
    hidden_filters: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _public_links_end(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("public") is True and "expires_days" not in given:
            return {**given, "expires_days": PUBLIC_DAYS}
        return given


class LinkDestination(Spec):
    """A report URL as the destination of an export."""

    kind: Literal["link"] = "link"
    id: str | None = None
    settings: LinkSettings


class Overrides(Spec):
    """What is different for one destination; None: as the export says.

    where: filters locked for it alone. condition: besides the export's, when it is sent at all.
    """

    views: tuple[View, ...] | None = SpecField(None, min_length=1)
    layout: Layout | None = None
    locale: Locale | None = None
    elements: tuple[ElementSpec, ...] | None = None
    attachments: tuple[Attachment, ...] | None = None
    condition: SendCondition | None = None
    where: dict[str, Condition] = {}


class ChannelDestination(Spec):
    """A connector's destination. settings: what its connector declares (`core.connectors`), checked when it is saved.

    on_unknown: what follows an attempt of which nobody knows whether it arrived.
    """

    kind: Literal["email", "slack", "teams", "webhook", "inbox"]
    id: str | None = None
    connection: str | None = None
    settings: dict[str, Any] = {}
    overrides: Overrides = Overrides()
    on_unknown: Literal["retry", "hold"] = "retry"


def _destination_tag(given: Any) -> str:
    kind = given.get("kind", "link") if isinstance(given, dict) else getattr(given, "kind", "link")
    return "link" if kind == "link" else "channel"


DestinationSpec = Annotated[
    Annotated[LinkDestination, Tag("link")] | Annotated[ChannelDestination, Tag("channel")],
    Discriminator(_destination_tag),
]


def _tags(given: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, whatever its case, without blanks around it."""
    kept = {tag.strip().casefold(): tag.strip() for tag in reversed(given) if tag.strip()}
    if longest := next((tag for tag in kept.values() if len(tag) > LONGEST_TAG or not tag.isprintable()), None):
        raise ValueError(f"'{longest[:50]}' is no tag. Use one line of at most {LONGEST_TAG} characters")
    return tuple(reversed(kept.values()))


LONGEST_TAG = 50
RETENTION_DAYS = 14
"""How long what a run made is kept unless it is said otherwise."""


class ExportSpec(Spec):
    """An export: content, triggers, condition, destinations.

    tags: words by which people find it.
    refresh: whether a run first reads the source again. max_age: of the data, beyond which nothing is sent.
    retention_days: how long what its runs made is kept.
    alerts: who hears what becomes of it; failure_recipients: addresses that hear of failures besides its author.
    """

    version: Literal[1] = 1
    name: str = SpecField(min_length=1, max_length=200)
    description: str = ""
    tags: Annotated[tuple[str, ...], AfterValidator(_tags)] = SpecField((), max_length=20)
    is_active: bool = True
    content: ReportContent
    triggers: tuple[TriggerSpec, ...] = SpecField((), max_length=20)
    condition: SendCondition = SendCondition()
    refresh: Literal["before", "none"] = "before"
    destinations: tuple[DestinationSpec, ...] = SpecField((), max_length=50)
    max_age: timedelta | None = SpecField(None, gt=timedelta(0), le=timedelta(days=3_660))
    failure_recipients: tuple[str, ...] = SpecField((), max_length=20)
    alerts: tuple[AlertSpec, ...] = SpecField((), max_length=10)
    retention_days: int = SpecField(RETENTION_DAYS, ge=1, le=365)

    @property
    def links(self) -> tuple[LinkDestination, ...]:
        """The destinations that are report URLs."""
        return tuple(one for one in self.destinations if isinstance(one, LinkDestination))

    @property
    def channels(self) -> tuple[ChannelDestination, ...]:
        """The destinations that are sent to."""
        return tuple(one for one in self.destinations if isinstance(one, ChannelDestination))

    @model_validator(mode="after")
    def _one_rhythm(self) -> ExportSpec:
        kinds = {trigger.kind for trigger in self.triggers}
        if {"schedule", "dataset"} <= kinds:
            raise ValueError("a schedule and the refresh of a dataset exclude each other: drop one of these triggers")
        return self


class Export(SQLModel, table=True):
    """An export's row: `spec` is an ExportSpec, `analysis_id` what it shows, the first of several."""

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
    """A report URL. Its token is signed from id and `token_version`; raising that makes the old address unknown.

    It opens until `expires_at`, unless it is paused or revoked. Who may see it stands in the export's specification.
    """

    __tablename__ = "report_link"
    __table_args__ = (UniqueConstraint("organisation_id", "slug"),)

    id: str = id_column()
    organisation_id: str
    export_id: str = Field(foreign_key="export.id", ondelete="CASCADE", index=True)
    slug: str
    is_public: bool = False
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
