"""Send on alert only, in the form of an export: which movement counts, and when it would have been sent lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import polars as pl
import streamlit as st

from core.app import App
from core.delivery.condition import PERIODS, TOTAL, Looked, look_back
from core.delivery.exports import SavedExport
from core.delivery.reports import locked
from core.model.analysis import AnalysisSpec
from core.model.comparison import DateSide
from core.model.delivery import Crossing, ReportContent, SendCondition
from core.report.dates import day_label
from core.ui import inputs
from core.ui.text import LOCALE, plural
from core.warehouse import Version

KIND, WHICH, JOIN, REPEAT = "exports_send", "exports_if_which", "exports_if_join", "exports_if_repeat"
CROSSINGS, PART = "exports_crossings", "exports_look_back_on"
KINDS = {"always": "Each time", "alert": "On alert only"}
WHICHES = {"own": "Thresholds of the analysis", "given": "Others"}
JOINS = {"any": "Any is enough", "all": "All are needed"}
REPEATS = {"each": "Each time it holds", "once_per_period": "Once for each period"}
DIRECTIONS = {"both": "Up or down", "up": "Up", "down": "Down"}
LOOKS_KEPT = 32


@dataclass(frozen=True)
class Draft:
    """A crossing in the form. key: what the session's keys of its inputs begin with."""

    key: str
    start: Crossing


def fill(export: SavedExport | None) -> None:
    """Give the inputs their values."""
    session = st.session_state
    for name in [name for name in session if str(name).startswith("exports_crossing_")]:
        del session[name]
    condition = export.spec.condition if export else SendCondition()
    given = condition.all or condition.any
    session[KIND], session[REPEAT] = condition.kind, condition.repeat
    session[WHICH], session[JOIN] = "given" if given else "own", "all" if condition.all else "any"
    session[CROSSINGS] = [Draft(f"exports_crossing_{place}", one) for place, one in enumerate(given)]


def edit_condition(app: App, content: ReportContent, before: SavedExport | None) -> None:
    """The inputs, and the look back."""
    session = st.session_state
    _remember(KIND, "always")
    inputs.segmented_control("Send", list(KINDS), format_func=KINDS.__getitem__, key=KIND, required=True)
    if session[KIND] == "always":
        return
    if _is_mixed(before):
        st.caption("Its crossings were set by the API, some of them as any and some as all. They stay as they are.")
    else:
        _edit_which([app.analyses.get(slug).spec for slug in content.analyses])
    _remember(REPEAT, "each")
    inputs.selectbox("How often", list(REPEATS), format_func=REPEATS.__getitem__, key=REPEAT, width=220)
    _show_look_back(app, content, condition_of(before))


def condition_of(before: SavedExport | None) -> SendCondition:
    """What the inputs say. Raises ValidationError."""
    session = st.session_state
    said = {"kind": session[KIND], "repeat": session.get(REPEAT, "each")}
    if _is_mixed(before) and before is not None:
        return SendCondition.model_validate(before.spec.condition.model_dump() | said)
    given = [_crossing_of(draft) for draft in session[CROSSINGS]] if session.get(WHICH, "own") == "given" else []
    return SendCondition.model_validate({**said, session.get(JOIN, "any"): given})


def _remember(key: str, value: str) -> None:
    """Streamlit forgets the values of inputs that were not drawn."""
    st.session_state.setdefault(key, value)


def _is_mixed(before: SavedExport | None) -> bool:
    """Whether it asks for any of some and all of others, which the form has no words for."""
    return before is not None and bool(before.spec.condition.any and before.spec.condition.all)


def _edit_which(analyses: Sequence[AnalysisSpec]) -> None:
    drafts: list[Draft] = st.session_state[CROSSINGS]
    _remember(WHICH, "given" if drafts else "own")
    inputs.segmented_control(
        "When these are crossed", list(WHICHES), format_func=WHICHES.__getitem__, key=WHICH, required=True
    )
    if st.session_state[WHICH] == "own":
        return
    steps = dict.fromkeys(step.name or step.formula for one in analyses for step in one.equation.steps)
    names = [TOTAL, *steps]
    for draft in drafts:
        with st.container(border=True, key=f"{draft.key}_box"):
            _edit_crossing(draft, names)
    _remember(JOIN, "any")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Crossing", key="exports_add_crossing", icon=":material/add:", on_click=_add, help="Add it")
        if len(drafts) > 1:
            inputs.segmented_control(
                "Together",
                list(JOINS),
                format_func=JOINS.__getitem__,
                key=JOIN,
                required=True,
                label_visibility="collapsed",
            )


def _add() -> None:
    drafts = st.session_state[CROSSINGS]
    taken = {draft.key for draft in drafts}
    key = next(f"exports_crossing_{number}" for number in count() if f"exports_crossing_{number}" not in taken)
    st.session_state[CROSSINGS] = [*drafts, Draft(key, Crossing(change_pct=5))]


def _remove(key: str) -> None:
    st.session_state[CROSSINGS] = [draft for draft in st.session_state[CROSSINGS] if draft.key != key]
    for name in [name for name in st.session_state if str(name).startswith(f"{key}_")]:
        del st.session_state[name]


def _fill(draft: Draft) -> None:
    for name, value in draft.start.model_dump().items():
        st.session_state.setdefault(f"{draft.key}_{name}", value)


def _edit_crossing(draft: Draft, names: list[str]) -> None:
    _fill(draft)
    key = draft.key
    offered = list(dict.fromkeys([*names, st.session_state[f"{key}_step"]]))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        inputs.selectbox("What moves", offered, format_func=_name_of, key=f"{key}_step", width=190)
        inputs.selectbox(
            "Direction", list(DIRECTIONS), format_func=DIRECTIONS.__getitem__, key=f"{key}_direction", width=140
        )
        st.button(
            "Remove", key=f"{key}_remove", type="tertiary", icon=":material/close:", on_click=_remove, args=(key,)
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _number("By at least, %", f"{key}_change_pct", 0.0)
        _number("Crossing the value", f"{key}_value", None)
        _number("Moving the KPI by, %", f"{key}_min_impact_pct", 0.0)


def _name_of(step: str) -> str:
    return "The KPI" if step == TOTAL else step


def _number(label: str, key: str, least: float | None) -> None:
    inputs.number_input(label, min_value=least, value=None, key=key, placeholder="any", width=160)


def _crossing_of(draft: Draft) -> Crossing:
    _fill(draft)
    return Crossing.model_validate({name: st.session_state[f"{draft.key}_{name}"] for name in Crossing.model_fields})


def _show_look_back(app: App, content: ReportContent, condition: SendCondition) -> None:
    """Raises DataError."""
    analyses = [app.analyses.get(slug).spec for slug in content.analyses]
    place = _which_part(analyses) if content.parts else 0
    own = content.parts[place].condition or condition if content.parts else condition
    spec = locked(analyses[place], content.reports[place])
    version = app.catalogue.latest(spec.dataset)
    said = (own.model_dump_json(), spec.model_dump_json())
    looked = _looked(app, version, said, version.dataset, version.number, is_part=bool(content.parts))
    if not looked:
        st.caption("No periods are compared, so there is nothing to look back on.")
        return
    sent = sum(one.verdict.holds for one in looked)
    seen = "the last period" if len(looked) == 1 else f"the last {plural(len(looked), 'period')}"
    started = "It would have been worth sending for" if content.parts else "It would have been sent for"
    st.markdown(f"{started} **{sent}** of {seen}.")
    rows = [_row(one) for one in looked]
    st.dataframe(pl.DataFrame(rows), hide_index=True, width="stretch", height="content", key="exports_look_back")


def _row(one: Looked) -> dict[str, Any]:
    current = one.comparison.current
    period = (
        f"{day_label(current.first, LOCALE)} to {day_label(current.last, LOCALE)}"
        if isinstance(current, DateSide)
        else ""
    )
    change = f"{one.total_pct:+.1f} %".replace("-", "−") if one.total_pct is not None else "undefined"
    return {
        "Period": period,
        "KPI": change,
        "Sent": "✓" if one.verdict.holds else "–",
        "Why": "; ".join(one.verdict.found),
    }


def _which_part(analyses: Sequence[AnalysisSpec]) -> int:
    """Which analysis of a digest is looked back on: their periods may differ, and one that moved is enough."""
    if st.session_state.get(PART) not in range(len(analyses)):
        st.session_state[PART] = 0
    return int(
        inputs.selectbox(
            "Look back on",
            range(len(analyses)),
            format_func=lambda place: analyses[place].name,
            key=PART,
            help="The whole is sent when one of its analyses is worth it",
        )
    )


@st.cache_resource(show_spinner="Looking back…", max_entries=LOOKS_KEPT)
def _looked(
    _app: App, _version: Version, said: tuple[str, str], dataset: str, number: int, *, is_part: bool
) -> list[Looked]:
    condition, analysis = SendCondition.model_validate_json(said[0]), AnalysisSpec.model_validate_json(said[1])
    return look_back(condition, _app.warehouse, analysis, _version, periods=PERIODS, is_part=is_part)
