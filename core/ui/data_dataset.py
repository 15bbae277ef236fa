"""One dataset on the Data page: its rows, columns, versions and source, each in a tab."""

from __future__ import annotations

import threading
from typing import Any

import streamlit as st

from core.app import App
from core.model.data import NUMERIC_TYPES, ColumnSpec, DatasetSpec
from core.ui import (
    data_access,
    data_calendar,
    data_columns,
    data_jobs,
    data_reading,
    data_schedule,
    data_source,
    data_versions,
    frame,
    loaders,
    progress,
    state,
)
from core.ui.text import age_line, escape, plural
from core.warehouse import Version

ROWS_SHOWN = 100
WAIT_S = 1.0


def show(app: App, slug: str) -> None:
    """The dataset in six tabs. Live sources are looked at for change first."""
    spec, fresh = app.catalogue.get(slug), app.catalogue.fresh(slug, wait_s=WAIT_S)
    version = fresh.version
    if fresh.is_loading:
        st.info("Newer data is being loaded. Load the page again to see it.", icon=":material/hourglass_top:")
    if fresh.stale:
        st.warning(f"{escape(fresh.stale)} Shown is the last good version.", icon=":material/warning:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{age_line(version, app.clock())} · {plural(version.rows, 'row')}", width="stretch")
        st.page_link(
            frame.BRIDGE.page,
            label="Build a bridge on it",
            icon=frame.BRIDGE.icon,
            query_params={state.DATASET_PARAM: slug},
        )
    if spec.description:
        st.markdown(escape(spec.description))
    part = data_schedule.TAB if st.query_params.get(state.PART_PARAM) == data_schedule.PART else None
    names = ["Look", "Columns", "Versions", "Source", data_schedule.TAB, "Who may see it"]
    look, columns, versions, source, schedule, access = st.tabs(names, default=part)
    with look, frame.errors():
        _show_rows(app, version)
    with columns, frame.errors():
        _show_columns(app, spec, version)
    with versions, frame.errors():
        data_versions.show(app, version)
    with source, frame.errors():
        data_source.show(app, spec)
    with schedule, frame.errors():
        data_schedule.show(app, spec)
    with access, frame.errors():
        data_access.show(app, spec)


def _show_rows(app: App, version: Version) -> None:
    head = loaders.head(app, version, ROWS_SHOWN)
    columns = {column.name: _shown(column) for column in version.columns}
    st.dataframe(head, hide_index=True, width="stretch", column_config=columns)
    st.caption(f"The first {plural(head.height, 'row')} of {plural(version.rows, 'row')}.")


def _shown(column: ColumnSpec) -> Any:
    label = f"{column.label} ({column.unit})" if column.unit else column.label
    # Tooltips are Markdown, which would fetch a picture from anywhere.
    about = escape(column.description) or None
    if column.type == "date":
        return st.column_config.DateColumn(label, help=about)
    if column.type in NUMERIC_TYPES:
        return st.column_config.NumberColumn(label, format="localized", help=about)
    return st.column_config.Column(label, help=about)


def _show_columns(app: App, spec: DatasetSpec, version: Version) -> None:
    key = f"data_columns_{spec.slug}_{version.number}"
    samples = data_columns.samples_of(loaders.head(app, version, ROWS_SHOWN))
    with st.form(f"{key}_form", border=False):
        st.markdown("**What the columns are for**")
        columns = data_columns.edit(version.columns, samples, key=key)
        st.markdown("**Calendar**")
        calendar = data_calendar.edit(version.calendar, key=key)
        st.markdown("**How the file is read**")
        read = data_reading.edit(spec.source.read, key=key)
        name = st.text_input("Name", spec.name, key=f"{key}_name")
        description = st.text_input("Description", spec.description, key=f"{key}_description")
        st.caption(
            "A changed type, role, calendar or way of reading is published as a new version. Nothing is overwritten."
        )
        is_saved = st.form_submit_button("Save", key=f"{key}_save", disabled=data_jobs.is_busy())
    if is_saved:
        source = spec.source.model_copy(update={"read": read})
        changes = {"source": source, "columns": columns, "calendar": calendar, "name": name, "description": description}
        _save(app, spec.model_copy(update=changes))


def _save(app: App, spec: DatasetSpec) -> None:
    def work(report: progress.Report, cancel: threading.Event) -> Version:
        return app.catalogue.change(spec, progress=report, cancel=cancel)

    data_jobs.publish(app, f"Saving '{spec.name}'", work)
    st.rerun()
