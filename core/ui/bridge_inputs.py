"""The row of choices above the bridge: analysis, dataset, comparison, filters."""

from __future__ import annotations

import streamlit as st

from core.comparisons import comparison_for, second_for
from core.errors import DataError
from core.model.comparison import Comparison
from core.report.dates import against_label, both_labels
from core.report.printed import capitalised
from core.ui import bridge_state as keys
from core.ui import frame, inputs
from core.ui.bridge_compare import edit_comparison
from core.ui.bridge_filters import edit_filters, filters_label
from core.ui.bridge_periods import comparison_label
from core.ui.bridge_state import Work, follow_closed, open_analysis, seen
from core.ui.text import LOCALE, escape

CHIP_LENGTH = 46


def choose(work: Work) -> Comparison | None:
    """The row: each choice opens from a chip that says what is chosen.

    Gives the comparison with its periods; None, with the reason beneath the row, when there are none.
    """
    comparison, problem = _resolved(work)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bridge_choices"):
        with st.popover(_chip("Analysis", work.spec.name), key="bridge_choose_analysis"):
            _choose_analysis(work)
        with st.popover(_chip("Dataset", _dataset_name(work)), key="bridge_choose_dataset"):
            _choose_dataset(work)
        with st.popover(_chip("Compare", _comparisons_label(work)), key="bridge_choose_comparison"):
            edit_comparison(work)
        with st.popover(_chip("Filters", filters_label(work.spec.where, work.version)), key="bridge_choose_filters"):
            edit_filters(work)
        if comparison is not None:
            st.markdown(_both(comparison, _second(work)), width="content")
    if problem is not None:
        frame.show_error(problem)
    return comparison


def _resolved(work: Work) -> tuple[Comparison | None, DataError | None]:
    try:
        return comparison_for(work.spec.comparison, work.version), None
    except DataError as error:
        return None, error


def _second(work: Work) -> Comparison | None:
    """The second comparison; None also where it does not fit, which is said where it would be drawn."""
    try:
        return second_for(work.spec, work.version)
    except DataError:
        return None


def _both(first: Comparison, second: Comparison | None) -> str:
    return _sides(first) if second is None else f"{_sides(first)}\u2003:gray[and]\u2003{_sides(second)}"


def _sides(comparison: Comparison) -> str:
    """What stands against what, as the charts call it."""
    if comparison.metrics:
        return escape(capitalised(against_label(comparison, LOCALE)))
    base, current = both_labels(comparison, LOCALE)
    return f":gray[{escape(base)} →] {escape(current)}"


def _comparisons_label(work: Work) -> str:
    """The first one in words; of a second one only that it is there."""
    first = comparison_label(work.spec.comparison)
    return f"{first} + 1 more" if work.spec.second else first


def _chip(name: str, value: str) -> str:
    shown = value if len(value) <= CHIP_LENGTH else f"{value[: CHIP_LENGTH - 1].rstrip()}…"
    return f":gray[{name}]\u2002{escape(shown)}"


def _dataset_name(work: Work) -> str:
    return work.app.catalogue.get(work.spec.dataset).name


def _choose_analysis(work: Work) -> None:
    names = {saved.spec.slug: saved.spec.name for saved in work.app.analyses.all()}
    inputs.selectbox(
        "Saved analyses",
        list(names),
        format_func=lambda slug: names.get(slug, slug),
        key=follow_closed(keys.ANALYSIS, work.saved.spec.slug if work.saved else None),
        on_change=_open_chosen,
        placeholder="Choose one" if names else "None is saved yet",
        disabled=not names,
    )
    st.button(
        "New analysis",
        icon=":material/add:",
        key="bridge_new",
        on_click=open_analysis,
        args=(None, work.spec.dataset),
        disabled=work.saved is None,
    )


def _open_chosen() -> None:
    slug = seen(keys.ANALYSIS)
    if slug is not None:
        open_analysis(slug)


def _choose_dataset(work: Work) -> None:
    names = {spec.slug: spec.name for spec in work.app.catalogue.all()}
    if work.saved is not None:
        st.markdown(f"**{escape(_dataset_name(work))}**")
        st.caption("A saved analysis stays with its dataset. Start a new one to look at other data.")
    else:
        inputs.selectbox(
            "Dataset",
            list(names),
            format_func=lambda slug: names.get(slug, slug),
            key=follow_closed(keys.DATASET, work.spec.dataset),
            on_change=lambda: open_analysis(None, seen(keys.DATASET)),
        )
    st.page_link(
        frame.DATA.page, label="Look at the data", icon=frame.DATA.icon, query_params={"dataset": work.spec.dataset}
    )
