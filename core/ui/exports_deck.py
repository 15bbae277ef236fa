"""The slides of a report, seen before they are made: titles with the charts of the same bridge, and the file."""

from __future__ import annotations

import json
from functools import partial

import streamlit as st

from core.delivery.reports import Made
from core.model.document import plain
from core.model.naming import plain_name
from core.report.deck import deck, slide_titles
from core.report.images import png
from core.ui.text import escape

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
PICTURES_KEPT, PICTURES_TTL_S = 64, 300


def show_deck(made: Made) -> None:
    """Slide by slide, and a button that makes the file."""
    report = made.report
    st.download_button(
        "Download the slides",
        partial(deck, report),
        file_name=f"{plain_name(report.name, longest=60, otherwise='report')}.pptx",
        mime=PPTX,
        icon=":material/download:",
        key="exports_deck",
        on_click="ignore",
    )
    titles = slide_titles(report)
    shown = [None, *report.sections] if report.alert else [*report.sections]
    for number, (title, section) in enumerate(zip(titles, shown, strict=True), start=1):
        with st.container(border=True):
            st.markdown(f"**{number}. {escape(title)}**")
            if section is None:
                st.markdown(escape(plain(report.alert)))
            elif section.chart is not None:
                st.image(_picture(json.dumps(section.chart.spec)), width="stretch")


@st.cache_data(show_spinner=False, max_entries=PICTURES_KEPT, ttl=PICTURES_TTL_S)
def _picture(spec_json: str) -> bytes:
    """A chart, drawn once however often the form is run."""
    return png(json.loads(spec_json))
