"""Delete a dataset together with the analyses and exports that are built on it, after a look at them."""

from __future__ import annotations

import streamlit as st

from core.analyses import SavedAnalysis
from core.app import App
from core.delivery.exports import SavedExport
from core.errors import BridgecastError
from core.model.data import DatasetSpec
from core.ui import data_jobs, frame, state
from core.ui.identity import acting
from core.ui.text import escape, plural


def open_dialog(spec: DatasetSpec) -> None:
    """Ask before anything is deleted."""
    st.session_state[state.DATA_DELETE] = spec.slug


def show_dialog(app: App) -> None:
    """The question, if it was opened."""
    slug = st.session_state.pop(state.DATA_DELETE, None)
    if slug is not None:
        _dialog(app, slug)


@st.dialog("Delete this dataset?")
def _dialog(app: App, slug: str) -> None:
    if data_jobs.has_notice():
        st.rerun()
    with frame.errors():
        spec = app.catalogue.get(slug)
        analyses = _analyses_of(app, slug)
        exports = [export for saved in analyses for export in app.exports.of_analysis(saved.spec.slug)]
        st.markdown(f"**{escape(spec.name)}** and all its versions will be gone for good.")
        _show_dependants(analyses, exports)
        st.button(
            "Delete", type="primary", key="data_delete_now", on_click=_delete, args=(app, slug, analyses, exports)
        )


def _show_dependants(analyses: list[SavedAnalysis], exports: list[SavedExport]) -> None:
    if not analyses:
        st.caption("No analysis is built on it.")
        return
    found = ["1 analysis" if len(analyses) == 1 else f"{len(analyses)} analyses"]
    if exports:
        found.append(plural(len(exports), "export"))
    st.markdown(f"With it go {' and '.join(found)}:")
    lines = [f"Analysis {escape(saved.spec.name)}" for saved in analyses]
    lines += [f"Export {escape(export.spec.name)}; its links stop working" for export in exports]
    st.markdown("\n".join(f"- {line}" for line in lines))


def _analyses_of(app: App, slug: str) -> list[SavedAnalysis]:
    return [saved for saved in app.analyses.all() if saved.spec.dataset == slug]


def _delete(app: App, slug: str, analyses: list[SavedAnalysis], exports: list[SavedExport]) -> None:
    try:
        acting(app, "data.write")
        for export in exports:
            app.exports.delete(export.id)
        for saved in analyses:
            app.analyses.delete(saved.spec.slug)
        app.catalogue.delete(slug)
    except BridgecastError as error:
        data_jobs.leave_failure(error)
        return
    st.query_params.pop(state.DATASET_PARAM, None)
    data_jobs.leave_notice(f"'{slug}' was deleted.")
