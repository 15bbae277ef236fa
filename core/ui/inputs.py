"""Streamlit's inputs, drawn by the browser as the session has them from the first moment.

Streamlit tells the browser of a value that was set in the session once, in the run that sets it. Where another run
overtakes that one before the browser has drawn the input (a click while the code of an input is still being loaded),
the browser draws the input's own default, the first option or an empty text, and sends it back as if it had been
chosen: a schedule for weekdays became one for every hour. Here the session's value is the default as well. An input
that may be left empty can have no default, since Streamlit would put that in the place of nothing: it is told its value
at every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")
MOST_DEFAULTS = 500
"""Streamlit looks each of them up among all options: of more the browser is told at every run instead."""


def text_input(label: str, *, key: str, **settings: Any) -> Any:
    """A line of text; nothing where the session has none. What is typed as a password is never sent back."""
    begin = "" if settings.get("type") == "password" else st.session_state.get(key, "")
    return st.text_input(label, begin, key=key, **settings)


def text_area(label: str, *, key: str, **settings: Any) -> Any:
    """Several lines of text; nothing where the session has none."""
    return st.text_area(label, st.session_state.get(key, ""), key=key, **settings)


def toggle(label: str, *, key: str, **settings: Any) -> bool:
    """A switch; off where the session says nothing."""
    return st.toggle(label, bool(st.session_state.get(key)), key=key, **settings)


def checkbox(label: str, *, key: str, **settings: Any) -> bool:
    """A tick; none where the session says nothing."""
    return st.checkbox(label, bool(st.session_state.get(key)), key=key, **settings)


def number_input(
    label: str,
    min_value: float | None = None,
    max_value: float | None = None,
    value: float | str | None = "min",
    *,
    key: str,
    **settings: Any,
) -> Any:
    """A number. value: what it is where the session has none; None: it may be left empty."""
    begin: Any = None if value is None else st.session_state.get(key, value)
    if value is None:
        _tell_again(key)
    return st.number_input(label, min_value, max_value, begin, key=key, **settings)


def date_input(label: str, *, key: str, **settings: Any) -> Any:
    """A day, which may be left empty; none where the session has none."""
    _tell_again(key)
    return st.date_input(label, None, key=key, **settings)


def time_input(label: str, *, key: str, **settings: Any) -> Any:
    """A time of day; now where the session has none."""
    return st.time_input(label, st.session_state.get(key, "now"), key=key, **settings)


def selectbox(label: str, options: Iterable[Any], *, key: str, **settings: Any) -> Any:
    """One of several; the first where the session has none."""
    offered = _offered(options, [st.session_state.get(key)], settings)
    return st.selectbox(label, offered, _place(offered, key), key=key, **settings)


def radio(label: str, options: Iterable[Any], *, key: str, **settings: Any) -> Any:
    """One of several, all of them seen; the first where the session has none."""
    offered = list(options)
    return st.radio(label, offered, _place(offered, key), key=key, **settings)


def multiselect(label: str, options: Iterable[T], *, key: str, **settings: Any) -> list[T]:
    """Some of several; none where the session has none."""
    chosen = st.session_state.get(key) or []
    if len(chosen) > MOST_DEFAULTS:
        _tell_again(key)
        chosen = []
    offered = _offered(options, chosen, settings)
    return st.multiselect(label, offered, _known(offered, chosen), key=key, **settings)


def pills(label: str, options: Iterable[Any], *, key: str, **settings: Any) -> Any:
    """One or some of several; none where the session has none."""
    offered = list(options)
    return st.pills(label, offered, default=_begin(offered, key), key=key, **settings)


def segmented_control(label: str, options: Iterable[Any], *, key: str, **settings: Any) -> Any:
    """One of several side by side; none where the session has none."""
    offered = list(options)
    return st.segmented_control(label, offered, default=_begin(offered, key), key=key, **settings)


def _tell_again(key: str) -> None:
    """Have the browser told of a value in this run too; of nothing it need not be told."""
    if st.session_state.get(key) is not None:
        st.session_state[key] = st.session_state[key]


def _offered(options: Iterable[T], chosen: Sequence[T | None], settings: dict[str, Any]) -> list[T]:
    """Where new options may be typed, those that were belong to what is offered."""
    offered = list(options)
    new = chosen if settings.get("accept_new_options") else ()
    return [*offered, *(one for one in new if one is not None and one not in offered)]


def _place(offered: Sequence[T], key: str) -> int | None:
    """Where the chosen option stands; the first for one that is gone, None where nothing is chosen on purpose."""
    if key not in st.session_state:
        return 0
    chosen = st.session_state[key]
    return offered.index(chosen) if chosen in offered else None if chosen is None else 0


def _begin(offered: Sequence[T], key: str) -> Any:
    chosen = st.session_state.get(key)
    return _known(offered, chosen) if isinstance(chosen, (list, tuple)) else next(iter(_known(offered, [chosen])), None)


def _known(offered: Sequence[T], chosen: Iterable[Any]) -> list[T]:
    return [one for one in chosen if one in offered]
