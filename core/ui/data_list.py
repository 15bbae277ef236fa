"""The datasets there are, and which one is looked at; the choice stands in the address."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from core.app import App
from core.errors import UnknownDataset
from core.model.data import DatasetSpec, FilesSource
from core.ui import inputs, state
from core.ui.text import ago, covers_until, escape


def show_empty() -> None:
    """The page while there is no dataset: one sentence, one button."""
    st.info("There is no dataset yet. Load a file of your own, or a path on the server.", icon=":material/table_chart:")
    st.button("Load data", type="primary", key="data_first", on_click=open_new)


def open_new() -> None:
    """Go to the form for new data."""
    st.query_params.from_dict({state.NEW_PARAM: "1"})


def show_table(app: App, datasets: list[DatasetSpec]) -> None:
    """All datasets with the state of their newest version."""
    table = pl.DataFrame([_row(app, spec) for spec in datasets])
    st.dataframe(table, hide_index=True, width="stretch", column_config=_configuration())


def choose(datasets: list[DatasetSpec]) -> str:
    """The slug of the dataset that is looked at: the address's, else the first one."""
    slugs = {spec.slug: spec.name for spec in datasets}
    asked = st.query_params.get(state.DATASET_PARAM)
    if asked is not None and asked not in slugs:
        st.warning(f"There is no dataset '{escape(asked)}'. Choose another one.", icon=":material/help:")
    st.session_state[state.DATA_DATASET] = asked if asked in slugs else next(iter(slugs))
    chosen: str = inputs.selectbox(
        "Dataset",
        list(slugs),
        format_func=lambda slug: f"{slugs[slug]} · {slug}",
        key=state.DATA_DATASET,
        on_change=_remember,
    )
    return chosen


def _remember() -> None:
    st.query_params[state.DATASET_PARAM] = st.session_state[state.DATA_DATASET]


def _row(app: App, spec: DatasetSpec) -> dict[str, Any]:
    source = "live" if isinstance(spec.source, FilesSource) else "upload"
    try:
        version = app.catalogue.latest(spec.slug)
    except UnknownDataset:
        return {"Dataset": spec.name, "Rows": None, "Version": None, "As of": "", "Covers until": "", "Source": source}
    return {
        "Dataset": spec.name,
        "Rows": version.rows,
        "Version": version.number,
        "As of": ago(version.as_of, app.clock()),
        "Covers until": covers_until(version),
        "Source": source,
    }


def _configuration() -> dict[str, Any]:
    return {"Rows": st.column_config.NumberColumn(format="localized")}
