"""The bridge by every method side by side: figures, small bars, why they differ, and the choice between them."""

from __future__ import annotations

from functools import partial

import altair as alt
import streamlit as st

from core.engine.reconcile import reconcile
from core.report.chart import NARROW_WIDTH, paint, specification
from core.report.printed import PrintedBridge
from core.report.reconcile import (
    NAMES,
    WHEN,
    PrintedMethods,
    covariance_badge,
    methods_comment,
    methods_table,
    print_methods,
)
from core.report.reconcile_chart import methods_alt, methods_drawing
from core.ui import bridge_state as keys
from core.ui import frame, inputs
from core.ui.bridge_chart import WIDE
from core.ui.bridge_downloads import Picture
from core.ui.bridge_state import Work, follow, keep_widget
from core.ui.charts import for_page, is_phone
from core.ui.tables import show_table
from core.ui.text import LOCALE, markdown


def reconcile_view(work: Work, printed: PrintedBridge) -> Picture:
    """Table, bars, reasons; the bars for a file."""
    methods = print_methods(printed, reconcile(printed.bridge))
    _choose(work)
    figures, reasons = st.columns([6, 5], gap="large")
    with figures:
        show_table(methods_table(methods), key="bridge_methods_table")
    with reasons:
        for line in methods_comment(methods):
            st.markdown(markdown(line))
        if methods.found.covariance is not None and not methods.found.agrees:
            show_covariance(methods.found.covariance)
    _chart(methods)
    return partial(_picture, methods)


def show_covariance(share: float) -> None:
    """The badge of method covariance: how much of the result is handed out by size, with a warning above 30 %."""
    label, said, is_large = covariance_badge(share, LOCALE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bridge_covariance"):
        st.badge(
            label, icon=":material/warning:" if is_large else ":material/check:", color="orange" if is_large else "gray"
        )
        st.caption(said, width="stretch")


def _choose(work: Work) -> None:
    follow(keys.METHOD_HERE, work.spec.method)
    inputs.segmented_control(
        "Method of this bridge",
        list(NAMES),
        format_func=NAMES.__getitem__,
        key=keys.METHOD_HERE,
        required=True,
        on_change=keep_widget,
        args=(work, "method", keys.METHOD_HERE),
    )
    st.caption(WHEN[work.spec.method])


def _picture(methods: PrintedMethods) -> alt.LayerChart | None:
    return paint(methods_drawing(methods, WIDE)) if methods.defined else None


def _chart(methods: PrintedMethods) -> None:
    if not methods.defined:
        return
    drawing = methods_drawing(methods, NARROW_WIDTH if is_phone() else WIDE)
    chart = for_page(paint(drawing, theme=frame.theme()))
    st.vega_lite_chart(specification(chart), theme=None, alt=methods_alt(methods), key="bridge_methods")
