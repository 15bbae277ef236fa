"""Home: what Bridgecast is, the saved KPIs with their newest bridge, what to do next."""

import streamlit as st

from core.ui import frame, home_cards, home_steps

app = frame.open_page(frame.HOME)
frame.heading("Home")
st.markdown(home_steps.WHAT_IT_IS)

with frame.errors():
    cards = home_cards.load_cards(app)
    if cards:
        home_cards.show_cards(app, cards)
    else:
        home_steps.show_empty()
    home_steps.show_next_steps()
    home_steps.show_heartbeat(app)
