"""The preview: the same HTML as the report page, with its files inside, so that a frame can show it."""

from __future__ import annotations

from base64 import b64encode

import streamlit as st

from core.delivery.reports import Made
from core.model.delivery import ReportContent
from core.report.assets import FONT_FILE, asset_name, assets
from core.report.html import PageFrame, render_page

HEIGHT = 720
STATIC = "/static"


def show_preview(made: Made, content: ReportContent, *, is_public: bool) -> None:
    """The report as its readers would see it now."""
    frame = PageFrame(static_path=STATIC, is_public=is_public, before=content.before, after=content.after)
    st.iframe(self_contained(render_page(made.report, frame=frame)), height=HEIGHT, alt="Preview of the report")


def self_contained(page: str) -> str:
    """The page with style sheet, font and script written into it."""
    style, script = asset_name("report.css"), asset_name("report.js")
    font = assets()[asset_name(FONT_FILE)]
    inlined = f"data:{font.media_type};base64,{b64encode(font.content).decode()}"
    css = assets()[style].content.decode().replace(font.name, inlined)
    code = assets()[script].content.decode()
    page = page.replace(f'<link rel="stylesheet" href="{STATIC}/{style}">', f"<style>{css}</style>")
    return page.replace(f'<script src="{STATIC}/{script}" defer></script>', f'<script type="module">{code}</script>')
