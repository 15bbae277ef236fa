"""Where a dataset's rows come from: read it again, load a newer file, delete it with what depends on it."""

from __future__ import annotations

import shutil
import threading

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.app import App
from core.model.data import DatasetSpec, FilesSource
from core.ui import data_delete, data_draft, data_jobs, progress, state
from core.ui.data_upload import FILE_TYPES
from core.ui.identity import acting
from core.ui.text import escape
from core.warehouse import Version


def show(app: App, spec: DatasetSpec) -> None:
    """What can be done about the source of a dataset."""
    if isinstance(spec.source, FilesSource):
        _show_files(app, spec, spec.source)
    else:
        st.markdown(f"Uploaded as **{escape(spec.source.file_name)}**.")
        _show_newer_file(app, spec)
    st.divider()
    st.button(
        "Delete this dataset…",
        icon=":material/delete:",
        key="data_delete",
        on_click=data_delete.open_dialog,
        args=(spec,),
    )


def _show_files(app: App, spec: DatasetSpec, source: FilesSource) -> None:
    st.markdown(f"Read from **{escape(source.path)}** on the server, live: looked at for change at every load.")

    def work(report: progress.Report, cancel: threading.Event) -> Version:
        return app.catalogue.refresh(spec.slug, progress=report, cancel=cancel)

    st.button(
        "Refresh",
        icon=":material/refresh:",
        key="data_refresh",
        disabled=data_jobs.is_busy(),
        on_click=data_jobs.publish,
        args=(app, f"Reading '{spec.name}' again", work),
    )


def _show_newer_file(app: App, spec: DatasetSpec) -> None:
    with st.form("data_newer", border=False, clear_on_submit=True):
        upload = st.file_uploader("A newer file with the same columns", type=FILE_TYPES, key=state.DATA_NEWER_FILE)
        is_sent = st.form_submit_button("Load the newer file", key="data_newer_load", disabled=data_jobs.is_busy())
    if not is_sent:
        return
    if upload is None:
        st.warning("Choose a file first.", icon=":material/help:")
        return
    _replace(app, spec, upload)


def _replace(app: App, spec: DatasetSpec, upload: UploadedFile) -> None:
    acting(app, "data.write")
    path, name = data_draft.keep_upload(app, upload), upload.name

    def work(report: progress.Report, cancel: threading.Event) -> Version:
        try:
            return app.catalogue.replace(spec.slug, path, name, progress=report, cancel=cancel)
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)

    data_jobs.publish(app, f"Loading '{name}'", work)
    st.rerun()
