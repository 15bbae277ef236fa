"""Runs: what was made and sent, when and to whom, and what can be done about what failed."""

import streamlit as st

from core.ui import frame
from core.ui.identity import acting
from core.ui.notices import tell
from core.ui.runs_detail import show_run
from core.ui.runs_list import RUN_PARAM, show_runs
from core.ui.sending import offer_to_hold
from core.ui.switched_off import show_switched_off

app = frame.open_page(frame.RUNS)
tell()
actions = frame.heading("Runs")
asked = st.query_params.get(RUN_PARAM)
with frame.errors():
    with actions:
        offer_to_hold(app, acting(app, "run.read"))
    if asked is not None:
        show_run(app, asked)
    else:
        show_switched_off(app)
        show_runs(app)
