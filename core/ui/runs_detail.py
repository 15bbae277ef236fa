"""One run: what was made, what went where, every try with request and response, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from core.access.rights import may
from core.app import App
from core.delivery.people_acts import RunDetail
from core.delivery.seen_runs import SeenRuns
from core.model.runs import FINAL, OPEN, Attempt, Delivery, Run, RunEvent
from core.ui import inputs, runs_acts
from core.ui.notices import begin_dialog, begin_fragment
from core.ui.runs_list import KIND_NAMES, LOOK_S, STATE_NAMES, TRIGGER_NAMES, close_run, late, open_run, seen
from core.ui.text import escape, moment, plural, size, zone

COLOURS = {"succeeded": "green", "failed": "red", "retry": "orange", "running": "blue"}
MOST_EVENTS = 100


def show_run(app: App, run_id: str) -> None:
    """The run, followed while it is under way."""
    detail = seen(app).get(run_id)
    is_open = detail.run.state in OPEN
    st.fragment(_draw, run_every=LOOK_S if is_open else None)(app, run_id, was_open=is_open)


def badge(state: str) -> str:
    """A state as a coloured mark."""
    return f":{COLOURS.get(state, 'gray')}-badge[{STATE_NAMES[state]}]"


def _draw(app: App, run_id: str, *, was_open: bool) -> None:
    begin_fragment()
    runs = seen(app)
    detail = runs.get(run_id)
    run = detail.run
    if was_open and run.state not in OPEN:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        test = " :gray-badge[Test]" if run.is_test else ""
        refresh = " :gray-badge[Refresh]" if run.subject_kind == "dataset" else ""
        away = " :gray-badge[Put away]" if run.is_hidden else ""
        st.markdown(f"### {escape(run.name)} {badge(run.state)}{test}{refresh}{away}", width="stretch")
        _acts(app, runs, detail)
    if run.reason or run.note:
        text = " ".join(dict.fromkeys(part for part in (run.reason, run.note) if part))
        (st.error if run.state == "failed" else st.info)(escape(text), icon=":material/info:")
    st.caption(" · ".join(_facts(run, app.clock())))
    if run.subject_kind == "export":
        _deliveries(detail)
    _steps(run)
    _files(runs, detail)
    _events(detail.events)


def _facts(run: Run, now: datetime) -> list[str]:
    facts = [TRIGGER_NAMES.get(run.trigger_kind, run.trigger_kind), f"due {moment(run.planned_at)}"]
    if run.started_at:
        facts.append(f"began {_clock(run.started_at)}")
    if run.finished_at:
        facts.append(f"ended {_clock(run.finished_at)}")
    if behind := late(run, now):
        facts.append(f"late by {behind}")
    facts += [f"{escape(slug)} version {number}" for slug, number in run.versions.items()]
    return [*facts, f"times in {zone()}"]


def _clock(when: datetime) -> str:
    """A time of day with its seconds; the day stands beside it."""
    return f"{when.astimezone(ZoneInfo(zone())):%H:%M:%S}"


def _acts(app: App, runs: SeenRuns, detail: RunDetail) -> None:
    run = detail.run
    st.button("All runs", key="runs_back", type="tertiary", icon=":material/arrow_back:", on_click=close_run)
    if run.parent_id:
        st.button("Replayed from", key="runs_parent", type="tertiary", on_click=open_run, args=(run.parent_id,))
    if not may(runs.caller, "run.start"):
        return
    if run.state == "failed":
        st.button("Retry", key="runs_retry", type="primary", on_click=runs_acts.retry, args=(app, run.id))
    if run.state in {"planned", "retry"}:
        st.button("Start now", key="runs_start", type="primary", on_click=runs_acts.start, args=(app, run.id))
    if run.state in FINAL and st.button("Replay…", key="runs_replay_ask", icon=":material/replay:"):
        _replay_dialog(app, detail)
    if run.is_hidden:
        st.button("Bring back", key="runs_restore", on_click=runs_acts.restore, args=(app, run.id))
    elif run.state in FINAL and st.button("Put away…", key="runs_ignore_ask", icon=":material/archive:"):
        _ignore_dialog(app, run)


@st.dialog("Replay the run")
def _replay_dialog(app: App, detail: RunDetail) -> None:
    run = detail.run
    begin_dialog()
    has_files = run.pruned_at is None and run.built_at is not None and run.subject_kind == "export"
    data = ["fresh", "same"] if has_files else ["fresh"]
    only = ["failed", "all"] if detail.whom == "failed" else ["all"]
    inputs.radio("What is sent", data, format_func=runs_acts.DATA_NAMES.__getitem__, key=runs_acts.REPLAY_DATA)
    inputs.radio("To whom", only, format_func=runs_acts.ONLY_NAMES.__getitem__, key=runs_acts.REPLAY_ONLY)
    st.caption("A new run begins; this one stays as it is.")
    st.button("Replay", key="runs_replay_now", type="primary", on_click=runs_acts.replay, args=(app, run.id))


@st.dialog("Put the run away")
def _ignore_dialog(app: App, run: Run) -> None:
    begin_dialog()
    inputs.text_area("Note", key=runs_acts.PUT_AWAY_NOTE, placeholder="Why it needs no more care", max_chars=1_000)
    st.caption("Nothing is deleted: the filter 'Put away' finds it.")
    st.button("Put away", key="runs_ignore_now", type="primary", on_click=runs_acts.ignore, args=(app, run.id))


def _deliveries(detail: RunDetail) -> None:
    st.markdown("#### Deliveries")
    if not detail.deliveries:
        st.caption("None: nothing was sent.")
    for delivery in detail.deliveries:
        with st.container(border=True, key=f"runs_delivery_{delivery.id}"):
            _delivery(delivery, detail.attempts.get(delivery.id, []))


def _delivery(delivery: Delivery, attempts: Sequence[Attempt]) -> None:
    kind = KIND_NAMES.get(delivery.kind, delivery.kind)
    waits = f" · again at {moment(delivery.next_at)}" if delivery.next_at and delivery.state == "retry" else ""
    st.markdown(f"**{escape(delivery.name)}** {badge(delivery.state)}  \n:small[:gray[{kind}{waits}]]")
    if delivery.reason:
        st.markdown(escape(delivery.reason))
    if delivery.recipients:
        rows = [
            {"Recipient": who, "State": STATE_NAMES.get(told["state"], told["state"]), "Answer": told["answer"]}
            for who, told in delivery.recipients.items()
        ]
        st.dataframe(pl.DataFrame(rows), hide_index=True, width="stretch")
    for number, attempt in enumerate(attempts, 1):
        with st.expander(_title(number, attempt)):
            _attempt(attempt)


def _title(number: int, attempt: Attempt) -> str:
    outcome = attempt.outcome or "under way"
    status = f" · {attempt.status}" if attempt.status is not None else ""
    took = attempt.finished_at - attempt.started_at if attempt.finished_at else None
    lasted = f" · {took.total_seconds() * 1000:,.0f} ms" if took else ""
    return f"Try {number}: {outcome}{status}{lasted} · {moment(attempt.started_at)}"


def _attempt(attempt: Attempt) -> None:
    if attempt.note:
        st.markdown(escape(attempt.note))
    for label, text in (("Request", attempt.request), ("Response", attempt.response)):
        st.caption(label)
        st.code(text or "nothing", language=None, wrap_lines=True)


def _steps(run: Run) -> None:
    if not run.steps:
        return
    st.markdown("#### Steps")
    st.dataframe(pl.DataFrame([_step(step) for step in run.steps]), hide_index=True, width="stretch")


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    began, ended = (datetime.fromisoformat(str(step[name])) for name in ("started_at", "finished_at"))
    known = {"name", "started_at", "finished_at", "outcome", "rows", "bytes"}
    rest = ", ".join(f"{name}: {_plain(value)}" for name, value in step.items() if name not in known)
    return {
        "Step": str(step["name"]).capitalize(),
        "Outcome": str(step["outcome"]),
        "Seconds": round((ended - began).total_seconds(), 3),
        "Rows": step.get("rows"),
        "Size": size(int(step["bytes"])) if step.get("bytes") is not None else "",
        "Found": rest,
    }


def _plain(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _files(runs: SeenRuns, detail: RunDetail) -> None:
    if not detail.artefacts:
        return
    st.markdown("#### Files")
    if detail.run.pruned_at is not None:
        st.caption(f"Removed on {moment(detail.run.pruned_at)}, at the end of their retention.")
        return
    with st.container(horizontal=True):
        for file in detail.artefacts:
            st.download_button(
                f"{file.name} · {size(file.bytes)}",
                data=partial(_bytes, runs, detail.run.id, file.name),
                file_name=file.name,
                mime=file.media_type,
                key=f"runs_file_{file.id}",
                icon=":material/download:",
                help=f"SHA-256 {file.sha256}",
                on_click="ignore",
            )


def _bytes(runs: SeenRuns, run_id: str, name: str) -> bytes:
    return runs.file(run_id, name)[1]


def _events(events: Sequence[RunEvent]) -> None:
    with st.expander(f"History: {plural(len(events), 'event')}"):
        rows = [{"When": moment(one.at), "State": one.state, "What": one.text} for one in events[-MOST_EVENTS:]]
        st.dataframe(pl.DataFrame(rows), hide_index=True, width="stretch")
