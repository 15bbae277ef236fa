"""The state of the Bridge page in the browser's address and in the session: read, moved, kept.

The address is the truth for what it holds (`bridge_url.py`); widgets follow it by `follow`, and their callbacks move it
by `go`, so that the browser's Back restores page and widgets. What is not in the address is a draft in the session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.analyses import SavedAnalysis
from core.app import App
from core.errors import NotFound
from core.model.analysis import AnalysisSpec, ComparisonSpec, Condition, SecondComparisonSpec
from core.ui.bridge_pairs import following
from core.ui.bridge_url import (
    PageState,
    apply_state,
    read_state,
    with_comparison,
    with_second,
    with_where,
    write_state,
)
from core.warehouse import Version

ANALYSIS, DATASET = "bridge_analysis", "bridge_dataset"
KIND, BY, PERIOD, DAYS, AGAINST = "bridge_kind", "bridge_by", "bridge_period", "bridge_days", "bridge_against"
BASE, CURRENT = "bridge_base", "bridge_current"
GROUP_BY, BASE_GROUP, CURRENT_GROUP = "bridge_group_by", "bridge_base_group", "bridge_current_group"
FILTER, FILTER_ADD, FILTER_OPEN = "bridge_filter", "bridge_filter_add", "bridge_filter_open"
EDIT, EDITOR, METRICS = "bridge_edit", "bridge_editor", "bridge_metrics"
EDITOR_ROWS, EDITOR_TURN, EDITOR_LEFT = "bridge_editor_rows", "bridge_editor_turn", "bridge_editor_left"
TOTAL, TOTAL_UNIT, TOTAL_GOOD = "bridge_total", "bridge_total_unit", "bridge_total_good"
TOTAL_DECIMALS = "bridge_total_decimals"
TOTAL_FORMULA, TOTAL_THRESHOLD = "bridge_total_formula", "bridge_total_threshold"
METHOD, PER_DAY, BARS, DEPTH = "bridge_method", "bridge_per_day", "bridge_bars", "bridge_depth"
METHOD_HERE, SECOND_JOB = "bridge_method_here", "bridge_second_job"
VIEW, STEP, DIMENSION = "bridge_view", "bridge_step", "bridge_dimension"
SHAPE, FIRST = "bridge_shape", "bridge_first"
RANK, OWN_CHART, OWN_DIMENSION = "bridge_rank", "bridge_own_chart", "bridge_own_dimension"
SEARCH, SEARCH_FOR, SEARCH_NOW = "bridge_search", "bridge_search_for", "bridge_search_now"
FOUND, PIECE = "bridge_found", "bridge_piece"
SECOND, SECOND_SHOW, SECOND_BASE, SECOND_CURRENT = (
    "bridge_second",
    "bridge_second_show",
    "bridge_second_base",
    "bridge_second_current",
)
PLAN, PLAN_DAYS = "bridge_plan", "bridge_plan_days"
EXPLAIN, REST, DESCRIPTION = "bridge_explain", "bridge_rest", "bridge_description"
CHART, DETAIL_CHART, PICKED = "bridge_chart", "bridge_detail_chart", "bridge_picked"
DRAFTS, DONE, PROBLEM, NOTICE, JOB = "bridge_drafts", "bridge_done", "bridge_problem", "bridge_notice", "bridge_job"
MORE, SAVE, EXPORT, MOVE = "bridge_more", "bridge_save", "bridge_export", "bridge_move"
SAVE_ASKED = "bridge_save_asked"
NAME, NOTE = "bridge_name", "bridge_note"
ROWS, ROWS_SIDE, ROWS_SEGMENT = "bridge_rows", "bridge_rows_side", "bridge_rows_segment"
DRAFT_FIELDS = (
    "description",
    "equation",
    "dimensions",
    "per_day",
    "method",
    "max_segments",
    "other_below_pct",
    "comment_depth",
)


@dataclass(frozen=True)
class Work:
    """What the page works on: an analysis as saved (`saved`, None for a new one), and as it is being looked at.

    start: the saved specification, or a new analysis' first form; spec: with the draft and the address applied.
    stale: why the newest data could not be read; is_loading: newer data is being read.
    """

    app: App
    saved: SavedAnalysis | None
    start: AnalysisSpec
    spec: AnalysisSpec
    state: PageState
    version: Version
    stale: str | None = None
    is_loading: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether something is not saved."""
        return self.saved is None or self.spec != self.saved.spec


def current_state() -> PageState:
    """What the address says now."""
    return read_state(st.query_params.to_dict())


def go(state: PageState) -> None:
    """Move the address; the browser's Back returns from it. Called by callbacks."""
    st.query_params.from_dict(write_state(state))


def move(**changes: Any) -> None:
    """Move parts of the address."""
    go(replace(current_state(), **changes))


def as_now(work: Work) -> Work:
    """The work as address and session have it now.

    Callbacks take it from here: theirs is of the run that drew the page last, and somebody who does two things quickly
    does the second one before that.
    """
    if not is_here(work):
        return work
    state = replace(current_state(), analysis=work.state.analysis)
    return replace(work, spec=specification(work.start, work.saved, state), state=state)


def is_here(work: Work) -> bool:
    """Whether the address still is of this analysis: what is chosen for one is no choice for the next."""
    state = current_state()
    if state.analysis is not None:
        return work.saved is not None and state.analysis == work.saved.spec.slug
    return state.dataset == work.state.dataset


def open_analysis(slug: str | None, dataset: str | None = None) -> None:
    """Go to another analysis, or to a new one on `dataset`."""
    close_editor()
    go(PageState(analysis=slug, dataset=dataset if slug is None else None))


def compare(work: Work, comparison: ComparisonSpec) -> None:
    """Choose another comparison; the second one follows where it can."""
    second = following(as_now(work).spec, comparison)
    if is_here(work):
        go(with_second(with_comparison(current_state(), comparison, work.start), second, work.start))


def compare_second(work: Work, second: SecondComparisonSpec | None) -> None:
    """Choose another second comparison, or none."""
    if is_here(work):
        go(with_second(current_state(), second, work.start))


def filter_by(work: Work, where: dict[str, Condition]) -> None:
    """Choose other filters."""
    if is_here(work):
        go(with_where(current_state(), where, work.start))


def follow(key: str, truth: Any) -> None:
    """Give the widget `key` its value when the truth moved or the widget is new; else it keeps what people did."""
    shadow = f"{key}_was"
    moved = key not in st.session_state or st.session_state.get(shadow) != truth
    st.session_state[key] = truth if moved else st.session_state[key]
    st.session_state[shadow] = truth


def follow_closed(key: str, truth: Any) -> str:
    """`follow` for a widget in a popover; returns the key to give it, which `seen` reads.

    While its popover is closed the browser hears nothing of a new value and would later send its old one as if people
    had chosen it. So a truth that moved otherwise (browser's Back, another analysis) makes it another widget.
    """
    session, shadow, turn = st.session_state, f"{key}_was", f"{key}_turn"
    session.setdefault(turn, 0)
    moved = session.get(shadow) != truth
    if moved and _turned(key) in session and session[_turned(key)] != truth:
        session[turn] += 1
    session[shadow] = truth
    # Set at every run: a popover that is opened later would else begin with the widget's default.
    session[_turned(key)] = session.get(_turned(key), truth)
    return _turned(key)


def seen(key: str) -> Any:
    """What the widget of `follow_closed` shows."""
    return st.session_state[_turned(key)]


def _turned(key: str) -> str:
    turn = st.session_state.get(f"{key}_turn", 0)
    return f"{key}_{turn}" if turn else key


def draft_key(saved: SavedAnalysis | None, start: AnalysisSpec) -> str:
    """Under which name the unsaved parts are kept."""
    return saved.spec.slug if saved else f"new:{start.dataset}"


def with_draft(key: str, start: AnalysisSpec) -> AnalysisSpec:
    """The specification with the unsaved parts that the session holds."""
    draft: AnalysisSpec | None = st.session_state.get(DRAFTS, {}).get(key)
    if draft is None:
        return start
    return start.model_copy(update={name: getattr(draft, name) for name in DRAFT_FIELDS})


def keep_draft(work: Work, **changes: Any) -> None:
    """Keep unsaved parts of the specification for this session; those of another callback of the same run stay."""
    drafts, key = st.session_state.setdefault(DRAFTS, {}), draft_key(work.saved, work.start)
    drafts[key] = drafts.get(key, _as_saved(work)).model_copy(update=changes)


def _as_saved(work: Work) -> AnalysisSpec:
    """What a draft begins with: what was saved or discarded a moment ago counts."""
    try:
        return work.app.analyses.get(work.saved.spec.slug).spec if work.saved else work.start
    except NotFound:
        return work.start


def keep_widget(work: Work, field: str, key: str) -> None:
    """Callback of a widget that stands for one field of the specification."""
    keep_draft(work, **{field: st.session_state[key]})


def forget_draft(work: Work) -> None:
    """Drop what is not saved."""
    st.session_state.get(DRAFTS, {}).pop(draft_key(work.saved, work.start), None)
    close_editor()


def close_editor() -> None:
    """Leave the table of steps; it is filled anew when it is opened again."""
    for key in (EDIT, EDITOR_ROWS, EDITOR_LEFT):
        st.session_state.pop(key, None)


def specification(start: AnalysisSpec, saved: SavedAnalysis | None, state: PageState) -> AnalysisSpec:
    """What is being looked at: saved, then the draft, then the address."""
    return apply_state(with_draft(draft_key(saved, start), start), state)
