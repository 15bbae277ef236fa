"""What an export does by itself: when it runs next, what became of its last run, and running it now."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.app import App
from core.delivery.exports import SavedExport
from core.delivery.recipients import name_of
from core.delivery.rules import describe
from core.model.runs import OPEN, Run
from core.model.triggers import ScheduleTrigger, UrlTrigger
from core.store.run_lists import RunFilter
from core.ui import frame
from core.ui.exports_channels import missing
from core.ui.identity import acting
from core.ui.notices import attempt
from core.ui.runs_detail import badge
from core.ui.runs_list import KIND_NAMES, LOOK_S, RUN_PARAM
from core.ui.text import ago, escape, moment, zone


def show_rhythm(export: SavedExport) -> None:
    """What starts it, and when that is next."""
    for trigger in export.triggers:
        if isinstance(trigger.spec, ScheduleTrigger):
            said, icon = describe(trigger.spec), ":material/schedule:"
        elif isinstance(trigger.spec, UrlTrigger):
            used = f", last called {moment(trigger.last_used_at)} {zone()}" if trigger.last_used_at else ""
            said, icon = f"Trigger URL{used}", ":material/bolt:"
        else:
            said, icon = f"New data of {trigger.spec.dataset}", ":material/sync:"
        state = f" :gray-badge[{trigger.state.capitalize()}]" if trigger.state != "on" else ""
        then = f" · **next {moment(trigger.next_fires[0])}** {zone()}" if trigger.next_fires else ""
        st.markdown(f":small[{icon} {escape(said)}{then}]{state}")
        if trigger.problem:
            st.error(f"**This schedule was stopped.** {escape(trigger.problem)} Edit it.", icon=":material/event_busy:")


def show_channels(export: SavedExport, connections: Mapping[str, str]) -> None:
    """To where it is sent besides its links, and what a draft lacks. connections: what they are called, by id."""
    sent = [
        f"{KIND_NAMES.get(one.kind, one.kind)}: {escape(name_of(one, connections))}" for one in export.spec.channels
    ]
    if sent:
        st.markdown(f":small[:material/send: {' · '.join(sent)}]")
    if lacking := missing(export.spec.channels, has_trigger=bool(export.spec.triggers)):
        st.markdown(f":orange-badge[Draft] :small[It lacks {' and '.join(lacking)}.]")


def show_last_run(app: App, export: SavedExport) -> None:
    """The state of its newest run, followed while it is under way; nothing where it never ran."""
    run = _last_run(app, export.id)
    if run is not None:
        st.fragment(_draw_last, run_every=LOOK_S if run.state in OPEN else None)(
            app, export.id, was_open=run.state in OPEN
        )


def run_now(app: App, export: SavedExport) -> None:
    """Callback: ask for a run."""
    with attempt(f"'{export.spec.name}' was asked to run."):
        app.triggers.start(export.id, by=acting(app, "run.start").person_id, how="hand")


def _last_run(app: App, export_id: str) -> Run | None:
    rows = app.ledger.runs(RunFilter(subjects=(export_id,), with_tests=False), limit=1)
    return rows[0].run if rows else None


def _draw_last(app: App, export_id: str, *, was_open: bool) -> None:
    run = _last_run(app, export_id)
    if run is None:
        return
    if was_open and run.state not in OPEN:
        st.rerun()
    why = f" {escape(run.reason)}" if run.reason else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":small[Last run {ago(run.created_at, app.clock())}] {badge(run.state)}:small[{why}]")
        st.page_link(frame.RUNS.page, label="Look at it", icon=frame.RUNS.icon, query_params={RUN_PARAM: run.id})
