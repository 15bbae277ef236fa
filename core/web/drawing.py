"""A report in the form that is asked for: page, picture, table or numbers, ready to be sent."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Literal

from core.app import App
from core.delivery.digests import ALWAYS, make_shown
from core.delivery.rendering import bridge_figures, figures_of
from core.delivery.reports import Made, Source
from core.engine.bridge import Bridge
from core.errors import NotFound
from core.model.analysis import AnalysisSpec
from core.model.delivery import ReportContent, SendCondition
from core.model.document import Chart, Report
from core.report.dates import moment_label
from core.report.deck import deck
from core.report.html import CONTENT_SECURITY_POLICY, Download, PageFrame, render_page
from core.report.images import png, svg
from core.report.paper import paper
from core.report.tables import chosen_detail, csv_text, view_csv, view_json
from core.report.words import Words
from core.warehouse import Version

Form = Literal["html", "svg", "png", "pdf", "pptx", "csv", "json"]
Notice = Literal["", "loading", "stale"]
FORMS: tuple[Form, ...] = ("html", "svg", "png", "pdf", "pptx", "csv", "json")
PICTURES: tuple[Form, ...] = ("svg", "png")
MEDIA_TYPES: dict[Form, str] = {
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
DETAILS = ("step_detail", "moves")
"""Views whose table is the segments of the main step."""
Versions = Mapping[str, Version]
"""The versions that a report is drawn on, by dataset."""
PAPER = "#ffffff"
MADE_KEPT = 8
FILE_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"


@dataclass(frozen=True)
class Shown:
    """What is shown of which analyses, in which words; `identity` is the SHA-256 of all of it.

    analyses: in the order of the content, with their revisions. name: of a digest. condition: by which parts are quiet.
    """

    analyses: tuple[tuple[AnalysisSpec, int], ...]
    content: ReportContent
    words: Words
    name: str
    condition: SendCondition
    hidden: tuple[str, ...]
    identity: str

    @classmethod
    def of(
        cls,
        analyses: Sequence[tuple[AnalysisSpec, int]],
        content: ReportContent,
        words: Words,
        *,
        name: str = "",
        condition: SendCondition = ALWAYS,
        hidden: tuple[str, ...] = (),
    ) -> Shown:
        """Settle what is shown. hidden: columns whose filters the reader hears nothing of."""
        own = json.dumps([dict(words.overrides), sorted(hidden), name], sort_keys=True)
        shown = [f"{analysis.model_dump_json()}{revision}" for analysis, revision in analyses]
        whole = "\0".join([*shown, content.model_dump_json(), condition.model_dump_json(), own])
        return cls(tuple(analyses), content, words, name, condition, hidden, sha256(whole.encode()).hexdigest())

    def on(self, versions: Versions) -> list[Source]:
        """What it is made of. versions: by dataset."""
        return [Source(analysis, versions[analysis.dataset], revision) for analysis, revision in self.analyses]


@dataclass(frozen=True)
class Ask:
    """How it is to be shown.

    address: the page's own, without a suffix; view, step, dimension: None for the best; expires: until when a public
    link opens.
    """

    form: Form = "html"
    view: str | None = None
    step: str | None = None
    dimension: str | None = None
    address: str = ""
    is_public: bool = False
    expires: datetime | None = None
    notice: Notice = ""


@dataclass(frozen=True)
class Drawn:
    """An answer, ready to be sent."""

    body: bytes
    media_type: str
    etag: str
    last_modified: str
    csp: str

    @classmethod
    def of(cls, body: bytes, form: Form, at: datetime) -> Drawn:
        """The answer with what is said about it in its headers."""
        return cls(
            body=body,
            media_type=MEDIA_TYPES[form],
            etag=f'"{sha256(body).hexdigest()[:32]}"',
            last_modified=format_datetime(at.astimezone(UTC), usegmt=True),
            csp=CONTENT_SECURITY_POLICY if form == "html" else FILE_CSP,
        )


def identity_of(versions: Versions) -> Hashable:
    """What tells these versions from others."""
    return tuple((version.dataset, version.number, version.published_at) for version in versions.values())


def framed(policy: str, hosts: Sequence[str] = ()) -> str:
    """A content security policy with the hosts whose pages may show the answer in a frame; nobody's unless named."""
    return f"{policy}; frame-ancestors " + (" ".join(hosts) or "'none'")


class Drawer:
    """Computes reports and draws them. Thread-safe; keeps the few it computed last for their other forms and views."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._made: OrderedDict[Hashable, Made] = OrderedDict()
        self._guard = threading.Lock()

    def draw(self, shown: Shown, versions: Versions, ask: Ask) -> Drawn:
        """The report on these versions, in the form that is asked for.

        Raises NotFound for a view that the report does not have, DataError for what the data cannot answer.
        """
        made = self._make(shown, versions)
        return Drawn.of(DRAW[ask.form](shown, made, ask), ask.form, made.report.rendered_at)

    def _make(self, shown: Shown, versions: Versions) -> Made:
        key = (shown.identity, identity_of(versions))
        with self._guard:
            made = self._made.get(key)
        if made is None:
            now = self._app.clock()
            made = make_shown(
                self._app.warehouse,
                shown.on(versions),
                shown.content,
                name=shown.name,
                rendered_at=now,
                words=shown.words,
                hidden=shown.hidden,
                condition=shown.condition,
            )
        with self._guard:
            self._made[key] = made
            self._made.move_to_end(key)
            while len(self._made) > MADE_KEPT:
                self._made.popitem(last=False)
        return made


def _page(shown: Shown, made: Made, ask: Ask) -> bytes:
    report = made.report
    has_pictures = any(section.chart for section in report.sections)
    forms = [form for form in FORMS[1:] if has_pictures or form not in PICTURES]
    downloads = tuple(Download(form.upper(), f"{ask.address}.{form}") for form in forms)
    frame = PageFrame(
        address=ask.address,
        is_public=ask.is_public,
        expires=moment_label(ask.expires, report.zone, report.locale) if ask.expires else "",
        notice=ask.notice,
        view=ask.view or "",
        downloads=downloads if ask.address else (),
        before=shown.content.before,
        after=shown.content.after,
    )
    return render_page(report, frame=frame).encode()


def _svg(_shown: Shown, made: Made, ask: Ask) -> bytes:
    chart = _chart(made.report, ask.view)
    return svg(chart.spec, alt=chart.alt, background=PAPER).encode()


def _png(_shown: Shown, made: Made, ask: Ask) -> bytes:
    return png(_chart(made.report, ask.view).spec, background=PAPER)


def _csv(_shown: Shown, made: Made, ask: Ask) -> bytes:
    """The steps; or the segments of the step that is asked for or that the view shows; or the view's own table."""
    made = _asked_part(made, ask)
    bridge, view = made.bridge, _view_of(ask.view or "")
    _require_detail(bridge, ask)
    if ask.step is None and ask.dimension is None and (own := view_csv(bridge, view, made.found)) is not None:
        return own.encode("utf-8-sig")
    step = ask.step or _step_of(bridge, ask.view or "")
    if step is None and not (ask.dimension or view in DETAILS):
        return csv_text(bridge).encode("utf-8-sig")
    step, dimension = chosen_detail(bridge, step, ask.dimension) or (bridge.main_step(), None)
    return csv_text(bridge, step=step, dimension=dimension).encode("utf-8-sig")


def _view_of(key: str) -> str:
    """The view of a section's key: "funnel", also for "funnel.2" where it stands there a second time."""
    name, dot, number = key.rpartition(".")
    return name if dot and number.isdigit() else key


def _step_of(bridge: Bridge, view: str) -> str | None:
    """The step behind a section's key: "step:Basket", or "step:Basket.2" where it stands there a second time."""
    steps = bridge.steps["step"].to_list()
    name = view.removeprefix("step:") if view.startswith("step:") else ""
    return next((known for known in (name, name.rpartition(".")[0]) if known in steps), None)


def _require_detail(bridge: Bridge, ask: Ask) -> None:
    """Raises NotFound for a step or dimension that the address names and the bridge has not."""
    known = {"step": bridge.steps["step"].to_list(), "dimension": list(bridge.dimensions)}
    for kind, wanted in (("step", ask.step), ("dimension", ask.dimension)):
        if wanted is not None and wanted not in known[kind]:
            raise NotFound(f"There is no {kind} '{wanted}'. Those there are: {', '.join(known[kind])}.")


def _json(shown: Shown, made: Made, ask: Ask) -> bytes:
    """The bridge's answer, of a digest those of all its parts; with a view that has a table of its own, its rows."""
    is_whole = ask.view is None and ask.step is None and ask.dimension is None
    if shown.content.parts and is_whole:
        return _as_json(figures_of(made, shown.content, shown.words))
    made = _asked_part(made, ask)
    _require_detail(made.bridge, ask)
    answer = bridge_figures(made, shown.content, shown.words, step=ask.step, dimension=ask.dimension)
    own = view_json(made.bridge, _view_of(ask.view), made.found) if ask.view else None
    return _as_json(answer | ({"view": own} if own else {}))


def _as_json(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()


def _asked_part(made: Made, ask: Ask) -> Made:
    """Of a digest the analysis that the view belongs to, else the first. Raises NotFound for an unknown view."""
    sections = {section.key: section for section in made.report.sections}
    if ask.view is None:
        return made.each[0]
    _require_view(made.report, ask.view, list(sections))
    return made.each[sections[ask.view].place]


DRAW: dict[Form, Callable[[Shown, Made, Ask], bytes]] = {
    "html": _page,
    "svg": _svg,
    "png": _png,
    "pdf": lambda _shown, made, _ask: paper(made.report),
    "pptx": lambda _shown, made, _ask: deck(made.report),
    "csv": _csv,
    "json": _json,
}


def _chart(report: Report, view: str | None) -> Chart:
    """The chart of a view; without one that of the waterfall, else the first there is."""
    charts = {section.key: section.chart for section in report.sections if section.chart}
    wanted = view or ("waterfall" if "waterfall" in charts else next(iter(charts), "waterfall"))
    _require_view(report, wanted, list(charts))
    return charts[wanted]


def _require_view(report: Report, view: str, known: list[str]) -> None:
    if view not in known:
        there = f"Those there are: {', '.join(known)}." if known else "It has none."
        raise NotFound(f"Report '{report.name}' has no view '{view}' in this form. {there}")
