"""All runs: filters that stay in the address, a table that follows what is under way, acts on several at once."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from core.access.rights import may
from core.app import App
from core.delivery.seen_runs import SeenRuns
from core.model.runs import OPEN, Run
from core.store.run_lists import RunFilter, RunRow
from core.ui import bridge_state as keys
from core.ui import runs_acts
from core.ui.identity import acting
from core.ui.notices import begin_fragment, turn_page
from core.ui.text import ago, counted, plural, size, zone

STATES, EXPORTS, KINDS = "runs_states", "runs_exports", "runs_kinds"
FROM, TO, TEXT, HIDDEN = "runs_from", "runs_to", "runs_text", "runs_hidden"
TABLE = "runs_table"
RUN_PARAM = "run"
SHOWN = 200
LOOK_S = 2.0
STATE_NAMES = {
    "planned": "Planned",
    "running": "Running",
    "retry": "Retry",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "ignored": "Ignored",
}
MARKS = {"planned": "○", "running": "◐", "retry": "↻", "succeeded": "✓", "failed": "✕", "ignored": "–"}
KIND_NAMES = {
    "email": "E-mail",
    "slack": "Slack",
    "teams": "Teams",
    "webhook": "Webhook",
    "inbox": "Inbox",
    "link": "Report link",
}
TRIGGER_NAMES = {
    "schedule": "Schedule",
    "url": "Trigger URL",
    "dataset": "New data",
    "hand": "By hand",
    "api": "API",
    "replay": "Replay",
    "alert": "Alert",
}


def seen(app: App) -> SeenRuns:
    """The runs that whoever looks at the page may see."""
    return SeenRuns(app.ledger, app.exports, app.catalogue, app.artefacts, acting(app, "run.read"))


def show_runs(app: App) -> None:
    """Filters and the table; while something is under way the table follows it."""
    runs = seen(app)
    edge = runs.edge(app.clock())
    asked = _filter(runs, edge)
    rows = runs.list(asked, limit=SHOWN + 1)
    is_live = any(row.run.state in OPEN for row in rows)
    _table(app, asked, run_every=LOOK_S if is_live else None)
    st.caption(f"Runs since {edge.astimezone(ZoneInfo(zone())):%d %b %Y}, as long as their files are kept.")


def _filter(runs: SeenRuns, edge: datetime) -> RunFilter:
    names = {export.id: export.spec.name for export in runs.exports.all()}
    names |= {id_: f"{name} (refresh)" for id_, name in runs.refreshed().items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        states = st.multiselect(
            "State",
            list(STATE_NAMES),
            format_func=STATE_NAMES.__getitem__,
            key=STATES,
            bind="query-params",
            placeholder="All",
        )
        exports = st.multiselect(
            "Export or refresh",
            list(names),
            format_func=lambda one: names.get(one, one),
            key=EXPORTS,
            bind="query-params",
            placeholder="All",
        )
        kinds = st.multiselect(
            "Destination",
            list(KIND_NAMES),
            format_func=KIND_NAMES.__getitem__,
            key=KINDS,
            bind="query-params",
            placeholder="All",
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search", key=TEXT, bind="query-params", placeholder="Name or address", icon=":material/search:"
        )
        first = st.date_input("From", value=None, key=FROM, bind="query-params", width=160)
        last = st.date_input("To", value=None, key=TO, bind="query-params", width=160)
        hidden = st.toggle("Put away", key=HIDDEN, bind="query-params", help="Runs that somebody ignored")
    return RunFilter(
        states=tuple(states),
        subjects=tuple(exports) or None,
        destinations=tuple(kinds),
        since=_midnight(first) if isinstance(first, date) else edge,
        until=_midnight(last + timedelta(days=1)) if isinstance(last, date) else None,
        text=text,
        only_hidden=hidden,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone()))


def _table(app: App, asked: RunFilter, *, run_every: float | None) -> None:
    st.fragment(_draw, run_every=run_every)(app, asked)


def _draw(app: App, asked: RunFilter) -> None:
    begin_fragment()
    runs = seen(app)
    rows = runs.list(asked, limit=SHOWN + 1)
    if not rows:
        _say_empty(asked)
        return
    ids = tuple(row.run.id for row in rows)
    # Ticks are kept by the number of their row: in another list they would stand at other runs.
    key = f"{TABLE}_{hash(ids)}"
    st.dataframe(
        _frame(rows[:SHOWN], app.clock()),
        key=key,
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="multi-row",
        column_config={"Created": st.column_config.DatetimeColumn(format="D MMM, HH:mm:ss")},
    )
    ticked = _ticked(key, ids)
    told = f"The newest {counted(SHOWN)} runs." if len(rows) > SHOWN else plural(len(rows), "run") + "."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{told} Tick one to open it, several to act on them. Times in {zone()}.", width="stretch")
        if ticked:
            _offer(app, runs, key, ids, is_one=len(ticked) == 1)


def _ticked(key: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The runs that are ticked now, also where a click comes before the page has drawn the last tick."""
    rows = st.session_state.get(key, {}).get("selection", {}).get("rows", [])
    return tuple(ids[index] for index in rows if index < len(ids))


def _offer(app: App, runs: SeenRuns, key: str, ids: tuple[str, ...], *, is_one: bool) -> None:
    if is_one:
        st.button(
            "Open",
            key="runs_open",
            type="primary",
            icon=":material/open_in_full:",
            on_click=_open,
            args=(key, ids),
        )
    if may(runs.caller, "run.start"):
        args = (app, key, ids)
        st.button("Replay", key="runs_replay", icon=":material/replay:", on_click=_replay, args=args)
        st.button("Put away", key="runs_ignore", icon=":material/archive:", on_click=_ignore, args=args)


def _open(key: str, ids: tuple[str, ...]) -> None:
    ticked = _ticked(key, ids)
    if len(ticked) == 1:
        open_run(ticked[0])
    else:
        st.session_state[keys.PROBLEM] = f"{plural(len(ticked), 'run')} ticked. Tick one to open it."


def _replay(app: App, key: str, ids: tuple[str, ...]) -> None:
    if ticked := _some_ticked(key, ids):
        runs_acts.replay_all(app, ticked)


def _ignore(app: App, key: str, ids: tuple[str, ...]) -> None:
    if ticked := _some_ticked(key, ids):
        runs_acts.ignore_all(app, ticked)


def _some_ticked(key: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """As `_ticked`; says so where the last tick was just taken away."""
    ticked = _ticked(key, ids)
    if not ticked:
        st.session_state[keys.PROBLEM] = "No run is ticked, so nothing was done. Tick those that are meant."
    return ticked


def open_run(run_id: str) -> None:
    """Go to a run; the filters stay in the address."""
    st.query_params[RUN_PARAM] = run_id
    turn_page()


def close_run() -> None:
    """Back to the list."""
    st.query_params.pop(RUN_PARAM, None)
    turn_page()


def _say_empty(asked: RunFilter) -> None:
    is_asked = asked.states or asked.subjects or asked.destinations or asked.text or asked.until or asked.only_hidden
    if is_asked:
        st.info("No run fits. Choose other filters.", icon=":material/search_off:")
    else:
        st.info(
            "Nothing has run yet. An export runs by its schedule, its trigger URL, or when you press Run now.",
            icon=":material/history:",
        )


def _frame(rows: list[RunRow], now: datetime) -> pl.DataFrame:
    here = ZoneInfo(zone())
    found: list[dict[str, Any]] = []
    for row in rows:
        run, (served, whole) = row.run, row.delivered
        found.append(
            {
                "State": f"{MARKS[run.state]} {STATE_NAMES[run.state]}",
                "Export": run_name(run),
                "Why": run.reason or run.note,
                "Created": run.created_at.astimezone(here).replace(tzinfo=None),
                "By": TRIGGER_NAMES.get(run.trigger_kind, run.trigger_kind),
                "Delivered": f"{served} of {whole}" if whole else "",
                "To": ", ".join(dict.fromkeys(delivery.name for delivery in row.deliveries)),
                "Files": size(row.bytes) if row.files else "",
                "Late by": late(run, now),
            }
        )
    return pl.DataFrame(found)


def run_name(run: Run) -> str:
    """What ran, with what sets it apart from an export's usual run."""
    if run.subject_kind == "dataset":
        return f"{run.name} (refresh)"
    return f"{run.name} (test)" if run.is_test else run.name


def late(run: Run, now: datetime) -> str:
    """How long after its time a run began, or has waited until now; "" for less than 10 seconds."""
    if run.state == "ignored" or (run.started_at is None and run.state not in OPEN):
        return ""
    behind = (run.started_at or now) - run.planned_at
    return "" if behind < timedelta(seconds=10) else ago(run.planned_at, run.planned_at + behind).removesuffix(" ago")
