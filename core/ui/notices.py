"""What a click did: said after it, or what went wrong, on the page or inside its dialog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import BridgecastError
from core.ui import bridge_state as keys
from core.ui.text import escape


@contextmanager
def attempt(notice: str) -> Iterator[None]:
    """In a dialog's callback: what went well is said after the dialog has closed, what went wrong inside of it."""
    try:
        yield
    except BridgecastError as error:
        st.session_state[keys.PROBLEM] = str(error)
    else:
        st.session_state[keys.NOTICE] = notice
        close_dialog()


def tell(*, with_problem: bool = True) -> None:
    """At the page's beginning: what the last callback did. with_problem: unless it is told where the click was."""
    st.session_state.pop(keys.DONE, None)
    notice = st.session_state.pop(keys.NOTICE, None)
    if notice:
        st.toast(escape(notice), icon=":material/check:")
    if with_problem:
        with st.container():  # For what stands below to keep its place.
            show_problem()


def show_problem(*, is_long: bool = False) -> None:
    """What went wrong in the last callback. is_long: the page is, so that it is told where one looks as well."""
    problem = st.session_state.pop(keys.PROBLEM, None)
    if problem:
        st.error(escape(problem), icon=":material/error:")
        if is_long:
            st.toast(escape(problem), icon=":material/error:")


def close_dialog() -> None:
    """Callback: the dialog's work is done; by itself a click in it draws it anew and nothing else."""
    st.session_state[keys.DONE] = True


def begin_dialog() -> None:
    """First line of a dialog: close it when its work is done, else say what went wrong."""
    if st.session_state.pop(keys.DONE, False):
        st.rerun()
    show_problem()


def turn_page() -> None:
    """Callback in a fragment: the address says what is shown from now on; a click alone draws the fragment."""
    st.session_state[keys.DONE] = True


def begin_fragment() -> None:
    """First line of a fragment with buttons: what a click in it did is said and shown by the whole page."""
    if any(st.session_state.get(key) for key in (keys.DONE, keys.NOTICE, keys.PROBLEM)):
        st.rerun()
