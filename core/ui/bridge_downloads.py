"""Files of what is on the page: chart as PNG, tables as CSV and XLSX. Made when their button is pressed."""

from __future__ import annotations

import re
from collections.abc import Callable

import altair as alt
import streamlit as st

from core.report.bars import bridge_bars, detail_bars
from core.report.chart import draw, specification
from core.report.images import png
from core.report.printed import PrintedBridge
from core.report.printed_detail import PrintedDetail
from core.report.shapes import Waterfall
from core.report.tables import csv_text, xlsx_bytes
from core.ui.bridge_state import Work

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOT_IN_FILE_NAMES = r"[^\w.-]+"
Make = Callable[[], str | bytes]
Picture = Callable[[], alt.LayerChart | None]
"""Draws the chart that is shown, light, for a file. Called outside of the page: it reads nothing of the session."""


def no_picture() -> None:
    """Of a view without a chart."""
    return


def bridge_downloads(work: Work, printed: PrintedBridge, picture: Picture) -> None:
    """The whole bridge; picture: the chart that is shown, the waterfall where it gives none."""
    name = work.spec.slug

    def chart() -> bytes:
        shown = picture()
        return png(specification(shown)) if shown else chart_png(bridge_bars(printed))

    with st.popover("Download", icon=":material/download:", key="bridge_download"):
        _file("Chart (PNG)", f"{name}.png", "image/png", chart)
        _file("Steps (CSV)", f"{name}.csv", "text/csv", lambda: csv_text(printed.bridge))
        _file("Steps and segments (XLSX)", f"{name}.xlsx", XLSX, lambda: xlsx_bytes(printed.bridge))


def detail_downloads(work: Work, detail: PrintedDetail, picture: Callable[[], alt.LayerChart] | None) -> None:
    """A step by a dimension; picture: the chart that is shown, where it is not the waterfall."""
    bridge, step, dimension = detail.whole.bridge, detail.step.name, detail.dimension
    name = f"{work.spec.slug}-{re.sub(NOT_IN_FILE_NAMES, '-', dimension)}"

    def chart() -> bytes:
        return png(specification(picture())) if picture else chart_png(detail_bars(detail))

    with st.popover("Download", icon=":material/download:", key="bridge_detail_download"):
        _file("Chart (PNG)", f"{name}.png", "image/png", chart)
        _file("Segments (CSV)", f"{name}.csv", "text/csv", lambda: csv_text(bridge, step=step, dimension=dimension))


def chart_png(bars: Waterfall) -> bytes:
    """The chart as a picture, light, for slides and mails."""
    return png(specification(draw(bars)))


def _file(label: str, file_name: str, mime: str, make: Make) -> None:
    st.download_button(
        label,
        data=make,
        file_name=file_name,
        mime=mime,
        key=f"bridge_file_{file_name}",
        on_click="ignore",
        width="stretch",
    )
