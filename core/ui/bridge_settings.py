"""How an analysis is computed and told: method, dimensions, small bars, comment, description."""

from __future__ import annotations

import streamlit as st

from core.report.reconcile import NAMES, WHEN
from core.ui import bridge_state as keys
from core.ui import inputs
from core.ui.bridge_state import Work, follow, keep_draft, keep_widget
from core.ui.text import DEPTHS


def edit_settings(work: Work) -> None:
    """The method with what each is for to the left, all else to the right."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        _choose_method(work)
    with right:
        _choose_depth(work)
        _choose_dimensions(work)
        _choose_rest(work)
        _choose_days(work)
    follow(keys.DESCRIPTION, work.spec.description)
    inputs.text_input(
        "Description",
        key=keys.DESCRIPTION,
        placeholder="What this analysis is for, beneath its name",
        on_change=keep_widget,
        args=(work, "description", keys.DESCRIPTION),
    )


def _choose_method(work: Work) -> None:
    follow(keys.METHOD, work.spec.method)
    inputs.radio(
        "Method",
        list(NAMES),
        format_func=lambda name: f"{NAMES[name]} (default)" if name == "shapley" else NAMES[name],
        captions=[WHEN[name] for name in NAMES],
        key=keys.METHOD,
        on_change=keep_widget,
        args=(work, "method", keys.METHOD),
    )


def _choose_depth(work: Work) -> None:
    follow(keys.DEPTH, work.spec.comment_depth)
    inputs.segmented_control(
        "Comment",
        list(DEPTHS),
        format_func=DEPTHS.__getitem__,
        key=keys.DEPTH,
        required=True,
        on_change=keep_widget,
        args=(work, "comment_depth", keys.DEPTH),
    )


def _choose_dimensions(work: Work) -> None:
    """All of them is no choice: columns that come later explain too."""
    every, labels = work.version.dimensions, {column.name: column.label for column in work.version.columns}
    chosen = list(every if work.spec.dimensions is None else work.spec.dimensions)
    follow(keys.EXPLAIN, chosen)
    inputs.multiselect(
        "Dimensions that may explain",
        list(dict.fromkeys([*every, *chosen])),
        format_func=lambda name: labels.get(name, name),
        key=keys.EXPLAIN,
        placeholder="None: steps are not taken apart",
        on_change=_keep_dimensions,
        args=(work,),
    )


def _keep_dimensions(work: Work) -> None:
    chosen = tuple(st.session_state[keys.EXPLAIN])
    keep_draft(work, dimensions=None if set(chosen) == set(work.version.dimensions) else chosen)


def _choose_rest(work: Work) -> None:
    follow(keys.REST, work.spec.other_below_pct)
    inputs.number_input(
        "Smallest bar, % of a step's segments",
        min_value=0.0,
        max_value=100.0,
        step=1.0,
        format="%g",
        key=keys.REST,
        on_change=keep_widget,
        args=(work, "other_below_pct", keys.REST),
        help="Segments with less go into the bar of the others; tables still list them.",
    )


def _choose_days(work: Work) -> None:
    follow(keys.PER_DAY, work.spec.per_day)
    inputs.toggle(
        "Days as a step of their own",
        key=keys.PER_DAY,
        on_change=keep_widget,
        args=(work, "per_day", keys.PER_DAY),
        help="For periods of different length: volumes are taken per day",
    )
