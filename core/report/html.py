"""The report page: real text, server-drawn SVG, one style sheet, one small script; nothing inline, nothing remote."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Literal
from urllib.parse import quote

from jinja2 import Environment
from markupsafe import Markup

from core.model.document import Report, Section
from core.report.assets import asset_name
from core.report.dates import day_label, moment_label
from core.report.images import inline_svg
from core.report.messages import text
from core.report.numbers import language
from core.report.own_words import words_html
from core.report.sections import option_label
from core.report.templating import TEMPLATES, band, environment

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)


@dataclass(frozen=True)
class Download:
    """A link to the same report in another form."""

    label: str
    url: str


@dataclass(frozen=True)
class PageFrame:
    """What surrounds the report.

    address: the page's own address without query, for reload and `?view=`; static_path: where assets are served.
    notice: "loading" when newer data is being loaded, "stale" when the source could not be read (`notice_detail` says
    why). view: key of the section a dropdown shows, default the first; one that is not there is said.
    expires: printed end of a public link. before, after: own words around the report, in Markdown.
    """

    address: str = ""
    static_path: str = "/static"
    is_public: bool = False
    expires: str = ""
    notice: Literal["", "loading", "stale"] = ""
    notice_detail: str = ""
    view: str = ""
    downloads: tuple[Download, ...] = ()
    before: str = ""
    after: str = ""


def render_page(report: Report, *, frame: PageFrame) -> str:
    """The page as HTML. Every text is escaped; charts are inline SVG whose colours follow the reader's scheme."""
    spoken = language(report.locale)
    current = _current(report, frame.view)
    is_unknown = bool(frame.view) and frame.view != current
    page = _environment().get_template("report.html")
    return page.render(
        report=report,
        frame=frame,
        lang=spoken,
        say=partial(text, spoken),
        before=words_html(frame.before),
        after=words_html(frame.after),
        current=current,
        is_unknown=is_unknown,
        options=[(section.key, option_label(section, report.locale)) for section in report.sections],
        style=f"{frame.static_path}/{asset_name('report.css')}",
        script=f"{frame.static_path}/{asset_name('report.js')}",
        as_of=f"{moment_label(report.as_of, report.zone, report.locale)} {report.zone}",
        covers=_covers(report),
        crossed=_crossed(report),
        again=frame.address + (f"?view={_query(frame.view)}" if frame.view else ""),
        rendered=moment_label(report.rendered_at, report.zone, report.locale),
    )


def _current(report: Report, view: str) -> str:
    keys = [section.key for section in report.sections]
    return view if view in keys else next(iter(keys), "")


def _crossed(report: Report) -> str:
    look = band(report)
    return "" if look == "quiet" else f"crossed {look}"


def _covers(report: Report) -> str:
    day = report.covers_until
    return day_label(day, report.locale, year=day.year != report.as_of.year) if day else ""


def _drawing(section: Section) -> Markup:
    """The chart twice, wide and narrow; the style sheet shows the one that fits."""
    chart = section.chart
    if chart is None:
        return Markup("")
    wide = inline_svg(chart.spec, alt=chart.alt, css_class="wide" if chart.narrow else "")
    narrow = inline_svg(chart.narrow, alt=chart.alt, css_class="narrow") if chart.narrow else ""
    return Markup(wide + narrow)  # noqa: S704 - written by our own serialiser, which escapes


def _query(value: str) -> str:
    return quote(value, safe="")


@cache
def _environment() -> Environment:
    return environment(TEMPLATES, drawing=_drawing, query=_query)
