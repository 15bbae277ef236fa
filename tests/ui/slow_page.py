"""A page whose work goes on until the test opens its gate or somebody cancels it."""

import threading

import streamlit as st

from core.errors import Cancelled
from core.ui import frame, progress

gate, question = st.session_state["gate"], st.session_state["question"]


def work(report: progress.Report, cancel: threading.Event) -> str:
    report("half of it", 0.5)
    while not gate.wait(0.01):
        if cancel.is_set():
            raise Cancelled
    if question == "broken":
        raise ZeroDivisionError("a bug")
    return f"answer to {question}"


with frame.errors():
    st.write(progress.run("job", "Thinking", work, identity=question))
st.write("below")
