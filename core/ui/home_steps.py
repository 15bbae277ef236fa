"""The rest of Home: what Bridgecast is, whether the sidecar lives, what to do next."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.ui import frame, loaders, state
from core.ui.text import ago

WHAT_IT_IS = (
    "Bridgecast shows why a KPI moved, as a bridge whose bars add up exactly, and shares it as a report "
    "that is fresh at every load."
)
STEPS = (
    (frame.DATA, "1. Load data", "A file of yours, or a path on the server. Say what each column is for."),
    (frame.BRIDGE, "2. Build a bridge", "Write the KPI as a chain of steps, compare two periods or two groups."),
    (frame.EXPORTS, "3. Share a report", "A link that always shows the newest numbers."),
)


def show_empty() -> None:
    """Home while nothing was saved: one sentence, one button."""
    st.info(
        "No KPI is saved yet. Load a file of your own, and build its first bridge.", icon=":material/waterfall_chart:"
    )
    if st.button("Load data", type="primary", key="home_load"):
        st.switch_page(frame.DATA.page, query_params={state.NEW_PARAM: "1"})


def show_next_steps() -> None:
    """Three steps from data to a shared report."""
    st.markdown("#### What to do next")
    for place, (entry, title, text) in zip(st.columns(len(STEPS)), STEPS, strict=True):
        with place, st.container(border=True, height="stretch", vertical_alignment="distribute"):
            with st.container():
                st.markdown(f"**{title}**")
                st.caption(text)
            st.page_link(entry.page, label=f"Go to {entry.title}", icon=entry.icon)


@st.fragment(run_every=frame.BEAT_LOOK_S)
def show_heartbeat(app: App) -> None:
    """The sidecar's last beat, looked at again every few seconds."""
    beat = loaders.last_beat(app)
    if beat is None:
        st.caption("The sidecar has not been started yet.")
        return
    now = app.clock()
    st.caption(
        f"Sidecar: last heartbeat {ago(beat.beat_at, now)}, started {ago(beat.started_at, now)}, process {beat.pid}."
    )
