"""When a dataset is read again by itself: its own schedule, and what starts after it."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.app import App
from core.delivery.keeping import SavedTrigger
from core.delivery.rules import describe
from core.model.data import DatasetSpec, FilesSource
from core.model.triggers import DatasetTrigger, ScheduleTrigger, TriggerSpec
from core.ui import data_jobs, frame, inputs, state
from core.ui.exports_schedule import default_schedule, edit_schedule, schedule_of
from core.ui.identity import acting, can
from core.ui.text import escape

TAB, PART = "Schedule", "schedule"
UPLOADED = "An uploaded file cannot be read again. Load it from a path on the server to give it a schedule."
MEANS = (
    "Each time is a run: it reads the source again, publishes a version when something changed, and sends nothing. "
    "Exports that follow this dataset start after it, with exactly that version."
)


def show(app: App, spec: DatasetSpec) -> None:
    """The schedule with its next times, and the exports that follow."""
    if not isinstance(spec.source, FilesSource):
        st.caption(UPLOADED)
        return
    saved = app.refreshes.schedule(spec.slug)
    # A schedule that was changed elsewhere has inputs of its own.
    key = f"data_schedule_{spec.slug}_{hash(saved.spec) if saved else 0}"
    st.session_state.setdefault(f"{key}_on", saved is not None)
    is_on = inputs.toggle("Refresh by schedule", key=f"{key}_on")
    st.caption(MEANS)
    start = _start(saved)
    if is_on:
        with frame.errors():
            edit_schedule(app, key, start)
    if st.button("Save", key="data_schedule_save"):
        _save(app, spec, schedule_of(key, start) if is_on else None)
    if can(app, "export.read"):
        _show_followers(app, spec)
    st.page_link(frame.RUNS.page, label="Runs", icon=frame.RUNS.icon)


def link_to(slug: str, label: str) -> None:
    """A link to this tab of a dataset."""
    params = {state.DATASET_PARAM: slug, state.PART_PARAM: PART}
    st.page_link(frame.DATA.page, label=label, icon=frame.DATA.icon, query_params=params)


def _start(saved: SavedTrigger | None) -> ScheduleTrigger:
    return saved.spec if saved and isinstance(saved.spec, ScheduleTrigger) else default_schedule()


def _save(app: App, spec: DatasetSpec, schedule: ScheduleTrigger | None) -> None:
    acting(app, "data.write")
    app.refreshes.keep(spec.slug, schedule)
    said = f"is refreshed by schedule: {describe(schedule)}" if schedule else "has no schedule any more"
    data_jobs.leave_notice(f"'{spec.name}' {said}.")
    st.rerun()


def _show_followers(app: App, spec: DatasetSpec) -> None:
    following = [export.spec.name for export in app.exports.all() if _follows(export.spec.triggers, spec.slug)]
    if following:
        st.markdown(f"Start after it: {', '.join(map(escape, following))}.")
    else:
        st.caption("No export starts after it yet.")


def _follows(triggers: Iterable[TriggerSpec], slug: str) -> bool:
    return any(isinstance(trigger, DatasetTrigger) and trigger.dataset == slug for trigger in triggers)
