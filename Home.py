"""Home: what Bridgecast is, the saved KPIs with their newest bridge, what to do next; for readers their reports."""

import streamlit as st

from core.ui import frame, home_cards, home_inbox, home_reports, home_steps
from core.ui.identity import can
from core.ui.notices import tell

app = frame.open_page(frame.HOME)
tell()
frame.heading("Home")

with frame.errors():
    home_inbox.show_inbox(app)
with frame.errors():
    if not can(app, "analysis.read"):
        home_reports.show_reports(app)
    else:
        st.markdown(home_steps.WHAT_IT_IS)
        cards = home_cards.load_cards(app)
        if cards:
            home_cards.show_cards(app, cards)
        else:
            home_steps.show_empty()
        home_reports.show_others(app)
        home_steps.show_next_steps()
        home_steps.show_heartbeat(app)
