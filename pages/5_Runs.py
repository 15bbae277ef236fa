"""Runs: what was made and sent, when and to whom, and what can be done about what failed."""

import streamlit as st

from core.ui import frame
from core.ui.bridge_saved import tell
from core.ui.runs_detail import show_run
from core.ui.runs_list import RUN_PARAM, show_runs

app = frame.open_page(frame.RUNS)
tell()
frame.heading("Runs")
asked = st.query_params.get(RUN_PARAM)
with frame.errors():
    if asked is not None:
        show_run(app, asked)
    else:
        show_runs(app)
