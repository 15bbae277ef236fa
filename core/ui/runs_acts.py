"""What people do with runs on the Runs page."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.access.rights import Action
from core.app import App
from core.delivery.people_acts import Data, Only
from core.delivery.seen_runs import SeenRuns
from core.errors import BridgecastError
from core.ui import bridge_state as keys
from core.ui.identity import acting
from core.ui.notices import attempt
from core.ui.text import plural

REPLAY_DATA, REPLAY_ONLY, PUT_AWAY_NOTE = "runs_replay_data", "runs_replay_only", "runs_put_away_note"
DATA_NAMES = {"fresh": "Made again from fresh data", "same": "The same files, byte for byte"}
ONLY_NAMES = {"failed": "Those that failed", "all": "All destinations"}


def _runs(app: App, action: Action = "run.start") -> SeenRuns:
    return SeenRuns(app.ledger, app.exports, app.catalogue, app.artefacts, acting(app, action))


def retry(app: App, run_id: str) -> None:
    """Try a failed run again: the same bytes, to whom it failed."""
    with attempt("The run is tried again."):
        _runs(app).retry(run_id)


def start(app: App, run_id: str) -> None:
    """Start what waits for its time."""
    with attempt("The run starts now."):
        _runs(app).start(run_id)


def replay(app: App, run_id: str) -> None:
    """A new run like this one, as the dialog says."""
    data: Data = st.session_state.get(REPLAY_DATA, "fresh")
    only: Only = st.session_state.get(REPLAY_ONLY, "failed")
    with attempt("A new run was asked for."):
        st.query_params["run"] = _runs(app).replay(run_id, data=data, only=only)


def ignore(app: App, run_id: str) -> None:
    """Put a run away with the dialog's note."""
    with attempt("The run is put away. The filter 'Put away' finds it."):
        _runs(app).ignore(run_id, str(st.session_state.get(PUT_AWAY_NOTE, "")).strip())


def restore(app: App, run_id: str) -> None:
    """Bring a run back."""
    with attempt("The run is back in the list."):
        _runs(app).restore(run_id)


def replay_all(app: App, run_ids: tuple[str, ...]) -> None:
    """Replay the ticked ones with fresh data: to whoever has not got them yet, or, where everybody has, to all."""
    runs = _runs(app)
    _each(run_ids, lambda run_id: runs.replay(run_id, data="fresh", only=runs.get(run_id).whom), "asked for")


def ignore_all(app: App, run_ids: tuple[str, ...]) -> None:
    """Put the ticked ones away."""
    runs = _runs(app)
    _each(run_ids, lambda run_id: runs.ignore(run_id, ""), "put away")


def _each(run_ids: tuple[str, ...], act: Callable[[str], object], done: str) -> None:
    refused: list[str] = []
    for run_id in run_ids:
        try:
            act(run_id)
        except BridgecastError as error:
            refused.append(str(error))
    if count := len(run_ids) - len(refused):
        st.session_state[keys.NOTICE] = f"{plural(count, 'run')} {done}."
    if refused:
        st.session_state[keys.PROBLEM] = " ".join(dict.fromkeys(refused))
