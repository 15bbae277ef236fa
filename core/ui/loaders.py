"""What pages load: the one `App` of this process, and bridges, kept as long as their inputs stay the same."""

from __future__ import annotations

import threading

import pandas  # noqa: F401  Whole, before two sessions draw at once: Altair takes a half-imported one for ready.
import polars as pl
import streamlit as st

from core.access.attempts import Attempts
from core.analyses import compute, compute_second
from core.app import App, open_app
from core.engine.bridge import Bridge
from core.logs import configure_logs
from core.model.analysis import AnalysisSpec
from core.model.delivery import Heartbeat
from core.settings import read_settings
from core.store import heartbeat
from core.warehouse import Version

BRIDGES_KEPT = 128
HEADS_KEPT = 16


def _close(app: App) -> None:
    app.close()


@st.cache_resource(show_spinner="Opening Bridgecast…", on_release=_close)
def app() -> App:
    """The application, opened once a process. Raises SettingsError."""
    settings = read_settings()
    configure_logs(settings.log)
    return open_app(settings)


@st.cache_resource
def attempts() -> Attempts:
    """Failed attempts to say a password, counted for all pages of this process."""
    return Attempts()


def bridge(app: App, spec: AnalysisSpec, version: Version, *, cancel: threading.Event | None = None) -> Bridge:
    """The bridge of `spec` on `version`, computed once. May be called in a thread.

    Raises DataError with a sentence for the reader; Cancelled.
    """
    first = spec.model_copy(update={"second": None})
    return _bridge(app, cancel, version, _key(first), version.dataset, version.number)


def second_bridge(
    app: App, spec: AnalysisSpec, version: Version, *, cancel: threading.Event | None = None
) -> Bridge | None:
    """The bridge of the second comparison, computed once; None where there is none. Raises as `bridge`."""
    return _second_bridge(app, cancel, version, _key(spec), version.dataset, version.number)


def _key(spec: AnalysisSpec) -> str:
    """What the numbers depend on: not the name, the slug or the description."""
    return spec.model_copy(update={"name": "", "slug": "unsaved", "description": ""}).model_dump_json()


@st.cache_resource(show_spinner=False, max_entries=BRIDGES_KEPT)
def _bridge(
    _app: App, _cancel: threading.Event | None, _version: Version, spec_json: str, dataset: str, number: int
) -> Bridge:
    return compute(_app.warehouse, AnalysisSpec.model_validate_json(spec_json), _version, cancel=_cancel)


@st.cache_resource(show_spinner=False, max_entries=BRIDGES_KEPT)
def _second_bridge(
    _app: App, _cancel: threading.Event | None, _version: Version, spec_json: str, dataset: str, number: int
) -> Bridge | None:
    return compute_second(_app.warehouse, AnalysisSpec.model_validate_json(spec_json), _version, cancel=_cancel)


@st.cache_resource(show_spinner=False, max_entries=HEADS_KEPT)
def _head(_app: App, _version: Version, dataset: str, number: int, rows: int) -> pl.DataFrame:
    return _app.warehouse.head(_version, rows)


def head(app: App, version: Version, rows: int) -> pl.DataFrame:
    """The first rows of a version. The frame is shared: do not change it."""
    return _head(app, version, version.dataset, version.number, rows)


def last_beat(app: App) -> Heartbeat | None:
    """The sidecar's last beat, or None when it never ran."""
    with app.store.read() as session:
        return heartbeat.read_beat(session)


def is_sidecar_alive(app: App) -> bool:
    """Whether the sidecar's last beat is fresh."""
    return heartbeat.is_alive(last_beat(app), now=app.clock())
