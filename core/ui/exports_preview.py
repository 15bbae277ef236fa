"""The preview: the same HTML as the report page, with its files inside, so that a frame can show it."""

from __future__ import annotations

from base64 import b64encode

import streamlit as st

from core.app import App
from core.delivery.reports import locked
from core.engine.bridge import Bridge
from core.errors import EmptyComparison
from core.model.analysis import AnalysisSpec
from core.model.delivery import ReportContent
from core.report.assets import FONT_FILE, asset_name, assets
from core.report.document import build_report, wants_segments
from core.report.html import PageFrame, render_page
from core.segment_search import find_segments
from core.ui import loaders
from core.warehouse import Version

HEIGHT = 720
STATIC = "/static"


def show_preview(app: App, content: ReportContent, *, is_public: bool) -> None:
    """The report as its readers would see it now. Raises DataError."""
    st.iframe(preview_html(app, content, is_public=is_public), height=HEIGHT, alt="Preview of the report")


def preview_html(app: App, content: ReportContent, *, is_public: bool) -> str:
    """The page of a report on the newest version, needing no other file."""
    spec = locked(app.analyses.get(content.analysis).spec, content)
    version = app.catalogue.latest(spec.dataset)
    report = build_report(
        loaders.bridge(app, spec, version),
        content,
        name=spec.name,
        version=version,
        rendered_at=app.clock(),
        zone=version.calendar.time_zone,
        depth=spec.comment_depth,
        words=app.templates.words(content.locale),
        second=_second(app, spec, version),
        show=spec.second.show if spec.second else "merged",
        found=find_segments(app.warehouse, spec, version) if wants_segments(content) else None,
    )
    return self_contained(render_page(report, frame=PageFrame(static_path=STATIC, is_public=is_public)))


def _second(app: App, spec: AnalysisSpec, version: Version) -> Bridge | None:
    """The second comparison; none where its periods have no rows, as in the report."""
    try:
        return loaders.second_bridge(app, spec, version)
    except EmptyComparison:
        return None


def self_contained(page: str) -> str:
    """The page with style sheet, font and script written into it."""
    style, script = asset_name("report.css"), asset_name("report.js")
    font = assets()[asset_name(FONT_FILE)]
    inlined = f"data:{font.media_type};base64,{b64encode(font.content).decode()}"
    css = assets()[style].content.decode().replace(font.name, inlined)
    code = assets()[script].content.decode()
    page = page.replace(f'<link rel="stylesheet" href="{STATIC}/{style}">', f"<style>{css}</style>")
    return page.replace(f'<script src="{STATIC}/{script}" defer></script>', f'<script type="module">{code}</script>')
