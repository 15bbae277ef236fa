"""Charts of core/report on a page."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import altair as alt
import streamlit as st

PADDING = 4
ROOM = "chart_room"
LEAST_WIDTH = 640
"""Below it the labels of a chart run into each other: in a narrower window the chart is moved sideways."""
ROOM_STYLE = (
    f'<style>[class*="st-key-{ROOM}"] {{ overflow-x: auto; }} '
    f'[class*="st-key-{ROOM}"] > * {{ min-width: {LEAST_WIDTH}px; }}</style>'
)


def for_page(chart: alt.LayerChart) -> alt.LayerChart:
    """The chart as Streamlit's own drawing needs it: it writes into `padding`, which therefore has to be an object."""
    return chart.properties(padding={"left": PADDING, "right": PADDING, "top": PADDING, "bottom": PADDING})


def room(key: str) -> AbstractContextManager[object]:
    """Where a chart stands that needs its width; charts for phones are drawn narrow and need none."""
    return nullcontext() if is_phone() else st.container(key=f"{ROOM}_{key}")


def is_phone() -> bool:
    """Whether the reader's browser says that it is a phone's: charts are drawn narrow there."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")
