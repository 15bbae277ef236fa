"""Keep only a segment that was picked, or leave it out: a filter more, taken back where the filters are."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.model.analysis import Condition, Scalar
from core.ui import bridge_state as keys
from core.ui.bridge_compare import meant, shown
from core.ui.bridge_filters import EXCEPT, left_out_of, values_of
from core.ui.bridge_state import Work, as_now, filter_by
from core.ui.text import escape

Where = dict[str, Condition]
TOGETHER = "Filters hold column by column: what meets several conditions together can be kept, but not left out."
LAST = "Nothing would be left: the filters keep only this value."


def keep_buttons(work: Work, segment: Mapping[str, str], *, key: str) -> None:
    """Buttons for a picked segment, given by dimension and value; one of several conditions can only be kept, which the
    other button says.
    """
    name = escape(" and ".join(segment.values()))
    st.button(
        f"Keep only {name}",
        icon=":material/filter_alt:",
        key=f"{key}_keep",
        on_click=lambda: filter_by(work, kept(as_now(work).spec.where, segment)),
    )
    without = left_out(work.spec.where, segment)
    st.button(
        f"Exclude {name}",
        icon=":material/filter_alt_off:",
        key=f"{key}_exclude",
        on_click=_exclude,
        args=(work, segment),
        disabled=without is None,
        help=None if without is not None else TOGETHER if len(segment) > 1 else LAST,
    )


def _exclude(work: Work, segment: Mapping[str, str]) -> None:
    without = left_out(as_now(work).spec.where, segment)
    if without is None:
        st.session_state[keys.PROBLEM] = LAST
    else:
        filter_by(work, without)


def kept(where: Where, segment: Mapping[str, str]) -> Where:
    """The filters, narrowed to the segment."""
    return where | {dimension: _narrowed(where.get(dimension), value) for dimension, value in segment.items()}


def left_out(where: Where, segment: Mapping[str, str]) -> Where | None:
    """The filters without the segment; None where they cannot say so, or nothing would be left."""
    if len(segment) != 1:
        return None
    ((dimension, value),) = segment.items()
    own = where.get(dimension, {})
    listed = values_of(own)
    if listed is None:
        return where | {dimension: _excepting(own, meant(value))}
    rest = [item for item in listed if shown(item) != value]
    return where | {dimension: rest} if rest else None


def _narrowed(own: Condition, value: str) -> Condition:
    """Comparisons stay; a list gives way, since the value came from it."""
    if not isinstance(own, dict):
        return [meant(value)]
    rest: dict[str, Scalar | list[Scalar]] = {sign: v for sign, v in own.items() if sign not in {EXCEPT, "!="}}
    return {**rest, "=": meant(value)} if rest else [meant(value)]


def _excepting(own: Condition, value: str | None) -> Condition:
    rest = {sign: v for sign, v in own.items() if sign not in {EXCEPT, "!="}} if isinstance(own, dict) else {}
    return {**rest, EXCEPT: list(dict.fromkeys([*left_out_of(own), value]))}
