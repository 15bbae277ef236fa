"""Work that may take longer than a second: done in a thread, shown with its progress and a cancel button."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st

from core.errors import Cancelled
from core.ui.text import escape

PATIENCE_S = 1.0
LOOK_EVERY_S = 0.5
T = TypeVar("T")
Report = Callable[[str, float], None]
Work = Callable[[Report, threading.Event], T]


@dataclass
class Job:
    """One piece of work in its thread. `identity` says what it is the answer to."""

    label: str
    identity: object
    cancel: threading.Event = field(default_factory=threading.Event)
    future: Future[Any] = field(default_factory=Future)
    text: str = ""
    share: float | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def age_s(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.started

    def report(self, text: str, share: float) -> None:
        """Called by the work: what is being done, and how much of the whole (0 to 1) is done."""
        self.text, self.share = text, min(max(share, 0.0), 1.0)

    def do(self, work: Work[Any]) -> None:
        """Do the work and keep its result or its error."""
        try:
            self.future.set_result(work(self.report, self.cancel))
        except BaseException as error:  # noqa: BLE001  raised again by whoever takes the result
            self.future.set_exception(error)


def start(key: str, label: str, work: Work[Any], *, identity: object = None) -> None:
    """Begin `work` under `key`; what was running there is cancelled. Take the result with `take`."""
    stop(key)
    job = Job(label, identity)
    st.session_state[key] = job
    # In a copy of this context, so that the audit knows who acts.
    threading.Thread(target=copy_context().run, args=(job.do, work), name=key, daemon=True).start()


def stop(key: str) -> None:
    """Cancel and forget what runs under `key`."""
    job = st.session_state.pop(key, None)
    if job is not None:
        job.cancel.set()


def is_running(key: str) -> bool:
    """Whether there is a job under `key` whose result was not taken yet."""
    return key in st.session_state


def take(key: str) -> Any:
    """The result of the job under `key`, once; None when there is none. Raises what the work raised.

    While it runs longer than a second: shows progress and a cancel button here, gives None, and lets the page go on, so
    that its inputs stay as they are.
    """
    job = st.session_state.get(key)
    if job is None or not _is_done(key, job):
        return None
    del st.session_state[key]
    return job.future.result()


def run(key: str, label: str, work: Work[T], *, identity: object) -> T:
    """The result of `work`, computed anew when `identity` (all it depends on) changed. Raises what the work raised.

    While it runs longer than a second: shows progress and a cancel button and ends the script here. What was cancelled
    stays so until the inputs change or somebody asks for it again.
    """
    job = st.session_state.get(key)
    if job is None or job.identity != identity:
        start(key, label, work, identity=identity)
        job = st.session_state[key]
    if not _is_done(key, job):
        st.stop()
    if isinstance(job.future.exception(), Cancelled):
        _offer_again(key)
    del st.session_state[key]
    result: T = job.future.result()
    return result


def _is_done(key: str, job: Job) -> bool:
    """Whether the job ends within its first second; shows its progress if it does not."""
    try:
        job.future.exception(timeout=max(0.0, PATIENCE_S - job.age_s))
    except StillRunning:
        _show(key)
        return False
    return True


def _offer_again(key: str) -> None:
    st.info("Cancelled.", icon=":material/block:")
    st.button("Start again", key=f"{key}_again", on_click=stop, args=(key,))
    st.stop()


@st.fragment(run_every=LOOK_EVERY_S)
def _show(key: str) -> None:
    job = st.session_state.get(key)
    if job is None or job.future.done():
        st.rerun()
    with st.container(border=True):
        st.progress(job.share or 0.0, text=escape(_text(job)))
        st.button("Cancel", key=f"{key}_cancel", on_click=job.cancel.set, disabled=job.cancel.is_set())


def _text(job: Job) -> str:
    if job.cancel.is_set():
        return "Cancelling…"
    parts = (job.label, job.text, f"{job.age_s:.0f} s")
    return " · ".join(part for part in parts if part)
