"""What the Bridge page opens with: the analysis the address names, a new one, or what is missing."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import NoReturn

import streamlit as st

from core.analyses import SavedAnalysis, equation_for
from core.app import App
from core.comparisons import comparison_for
from core.engine.bridge import Bridge
from core.errors import DataError, EquationError, NotFound
from core.model.analysis import AnalysisSpec, ComparisonSpec
from core.model.comparison import Comparison
from core.model.sums import NOT_SET
from core.ui import bridge_state as keys
from core.ui import frame, loaders, progress
from core.ui.bridge_periods import first_comparison
from core.ui.bridge_state import Work, current_state, specification
from core.ui.bridge_steps import chain_of_ratios
from core.ui.bridge_units import units_of
from core.ui.text import escape
from core.warehouse import Version

SOURCE_PATIENCE_S = 2.0
NEW_SLUG = "unsaved"


def open_work(app: App) -> Work:
    """What the address asks for, or the newest analysis. Ends the script with what is missing and a link to it."""
    state = current_state()
    if state.unread:
        st.warning(f"The address holds something that cannot be read and is left out: {', '.join(state.unread)}.")
    saved = _saved(app, state.analysis, wants_new=state.dataset is not None)
    if saved is not None:
        state = replace(state, analysis=saved.spec.slug)
    dataset = saved.spec.dataset if saved else _dataset(app, state.dataset)
    fresh = app.catalogue.fresh(dataset, wait_s=SOURCE_PATIENCE_S)
    start = saved.spec if saved else first_analysis(app, fresh.version)
    spec = specification(start, saved, state)
    return Work(app, saved, start, spec, state, fresh.version, fresh.stale, fresh.is_loading)


def first_analysis(app: App, version: Version) -> AnalysisSpec:
    """A new analysis: its first metric, the newest full period against the one before.

    Ends the script with a sentence when the dataset holds nothing to add up.
    """
    metrics = [column.name for column in version.metrics]
    if not metrics:
        _missing(
            f"Dataset '{version.dataset}' has no metric yet. Give a column of numbers the role metric.",
            "Open its columns",
            {"dataset": version.dataset},
        )
    return AnalysisSpec(
        slug=NEW_SLUG,
        name="New analysis",
        dataset=version.dataset,
        equation=chain_of_ratios(metrics[:1], units_of(version.metrics)),
        comparison=first_comparison(version) or _first_groups(app, version),
    )


def resolve(work: Work) -> Comparison | None:
    """The comparison with its periods; None, with the reason on the page, when there are none."""
    with frame.errors():
        return comparison_for(work.spec.comparison, work.version)
    return None


def compute(work: Work) -> Bridge:
    """The bridge; progress and cancel are shown when it takes longer than a second. Raises DataError."""
    try:
        equation_for(work.spec.equation, work.version)
    except DataError as error:
        raise DataError(placed(error), field=error.field) from error

    def job(report: progress.Report, cancel: threading.Event) -> Bridge:
        report(f"reading {work.version.rows:,} rows", 0.3)
        return loaders.bridge(work.app, work.spec, work.version, cancel=cancel)

    identity = (work.spec.model_dump_json(), work.version.dataset, work.version.number)
    return progress.run(keys.JOB, "Computing the bridge", job, identity=identity)


def compute_second(work: Work) -> Bridge | None:
    """The bridge of the second comparison; None where there is none, or with a sentence where it cannot be computed."""
    if work.spec.second is None:
        return None

    def job(report: progress.Report, cancel: threading.Event) -> Bridge | None:
        report("reading the second comparison", 0.3)
        return loaders.second_bridge(work.app, work.spec, work.version, cancel=cancel)

    identity = (work.spec.model_dump_json(), work.version.dataset, work.version.number)
    with frame.errors():
        return progress.run(keys.SECOND_JOB, "Computing the second comparison", job, identity=identity)
    return None


def placed(error: DataError) -> str:
    """The sentence of a step's error with its row in the table and the character, where one is known.

    An error of the formula says its character itself.
    """
    step = re.match(r"equation\.steps\.(\d+)", error.field or "")
    if step is None:
        return str(error)
    position = error.position if isinstance(error, EquationError) else None
    return f"Step {int(step[1]) + 1}: {error}" + (f" Look at character {position + 1}." if position else "")


def _saved(app: App, slug: str | None, *, wants_new: bool) -> SavedAnalysis | None:
    if slug is not None:
        try:
            return app.analyses.get(slug)
        except NotFound as error:
            frame.heading("Bridge")
            frame.show_error(error)
            st.page_link(frame.BRIDGE.page, label="Open the newest analysis", icon=frame.BRIDGE.icon)
            st.stop()
    every = [] if wants_new else app.analyses.all()
    return every[0] if every else None


def _dataset(app: App, slug: str | None) -> str:
    known = [spec.slug for spec in app.catalogue.all()]
    if not known:
        _missing("There is no data yet. Load a file, or start with a sample.", "Load data", {})
    if slug is not None and slug not in known:
        _missing(f"There is no dataset '{slug}'.", "See the datasets", {})
    return slug or known[0]


def _missing(sentence: str, label: str, params: dict[str, str]) -> NoReturn:
    """The page's guard: what is missing and where to get it."""
    frame.heading("Bridge")
    st.info(escape(sentence), icon=frame.BRIDGE.icon)
    st.page_link(frame.DATA.page, label=label, icon=frame.DATA.icon, query_params=params)
    st.stop()


def _first_groups(app: App, version: Version) -> ComparisonSpec:
    """Two values of the first dimension, for data without days."""
    if not version.dimensions:
        _missing(
            f"Dataset '{version.dataset}' has neither a date nor a dimension, so there is nothing to compare.",
            "Open its columns",
            {"dataset": version.dataset},
        )
    by = version.dimensions[0]
    first, *others = app.warehouse.values(version, by, limit=2) or [NOT_SET]
    return ComparisonSpec(by=by, base=(first,), current=(others[0] if others else NOT_SET,))
