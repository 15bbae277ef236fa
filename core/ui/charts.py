"""Charts of core/report on a page."""

from __future__ import annotations

import altair as alt
import streamlit as st

PADDING = 4


def for_page(chart: alt.LayerChart) -> alt.LayerChart:
    """The chart as Streamlit's own drawing needs it: it writes into `padding`, which therefore has to be an object."""
    return chart.properties(padding={"left": PADDING, "right": PADDING, "top": PADDING, "bottom": PADDING})


def is_phone() -> bool:
    """Whether the reader's browser says that it is a phone's: charts are drawn narrow there."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")
