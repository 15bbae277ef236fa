"""A page with one input of each kind, whose values are set in the session once."""

from datetime import date, time

import streamlit as st

from core.ui import inputs

BEGIN = {
    "line": "Revenue",
    "lines": "every\nmorning",
    "switch": True,
    "tick": True,
    "number": 7,
    "number_or_none": 2.5,
    "day_or_none": date(2026, 11, 22),
    "time": time(9, 0),
    "one": "weekday",
    "typed_one": "ann@example.org",
    "seen_one": "c",
    "some": ["b", "c"],
    "typed_some": ["new"],
    "pill": "b",
    "pills": ["a", "c"],
    "segment": "c",
}
if "is_filled" not in st.session_state:
    st.session_state.update(BEGIN | {"is_filled": True})

inputs.text_input("Line", key="line")
inputs.text_input("Password", key="password", type="password")
inputs.text_area("Lines", key="lines")
inputs.toggle("Switch", key="switch")
inputs.checkbox("Tick", key="tick")
inputs.number_input("Number", 1, 31, step=1, key="number")
inputs.number_input("Number or none", value=None, key="number_or_none")
inputs.date_input("Day or none", key="day_or_none")
inputs.time_input("Time", key="time")
inputs.selectbox("One", st.session_state.get("offered", ["hour", "day", "weekday"]), key="one")
inputs.selectbox("One that may be typed", ["bob@example.org"], key="typed_one", accept_new_options=True)
inputs.radio("One that is seen", "abc", key="seen_one")
inputs.multiselect("Some", [*"abc", *map(str, range(600))], key="some")
inputs.multiselect("Some that may be typed", ["old"], key="typed_some", accept_new_options=True)
inputs.pills("Pill", "abc", key="pill")
inputs.pills("Pills", "abc", key="pills", selection_mode="multi")
inputs.segmented_control("Segment", "abc", key="segment")
