"""Publishing from the Data page: begun by a button, shown with its progress, ended with a notice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.app import App
from core.errors import AccessDenied, AmbiguousSource, BridgecastError
from core.ui import data_draft, data_reading, frame, progress, state
from core.ui.identity import acting
from core.ui.text import escape, plural
from core.warehouse import Version

Publish = Callable[[progress.Report, threading.Event], Version]


@dataclass(frozen=True)
class Notice:
    """What was done or what failed, said once at the top of the page."""

    text: str = ""
    error: BridgecastError | None = None


def publish(app: App, label: str, work: Publish) -> None:
    """Begin to publish; the page shows progress and, at the end, what came of it."""
    try:
        acting(app, "data.write")
    except AccessDenied as error:
        leave_failure(error)
        return
    progress.start(state.DATA_JOB, label, work)


def is_busy() -> bool:
    """Whether something is being published; buttons that publish wait meanwhile."""
    return progress.is_running(state.DATA_JOB)


def settle() -> None:
    """Take what a finished job made: choose its dataset, leave the notice, close the form it came from.

    Raises what the job raised. A question that came up while loading is left to the form to ask, if there is one.
    """
    try:
        version: Version | None = progress.take(state.DATA_JOB)
    except AmbiguousSource as question:
        if not data_draft.ask(question):
            st.error(data_reading.explain(question), icon=":material/error:")
        return
    if version is None:
        return
    data_draft.discard()
    st.query_params.from_dict({state.DATASET_PARAM: version.dataset})
    leave_notice(f"'{version.dataset}' is at version {version.number} with {plural(version.rows, 'row')}.")


def leave_notice(text: str) -> None:
    """Say `text` at the next run of the page."""
    st.session_state[state.DATA_NOTICE] = Notice(text)


def leave_failure(error: BridgecastError) -> None:
    """Show `error` at the next run of the page."""
    st.session_state[state.DATA_NOTICE] = Notice(error=error)


def has_notice() -> bool:
    """Whether there is something to say."""
    return state.DATA_NOTICE in st.session_state


def show_notice() -> None:
    """Say what was done last, once."""
    notice = st.session_state.pop(state.DATA_NOTICE, None)
    if notice is None:
        return
    if notice.error is not None:
        frame.show_error(notice.error)
    else:
        st.success(escape(notice.text), icon=":material/check_circle:")
