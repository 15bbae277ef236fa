"""The versions of a dataset that are kept, and what was found when the newest one was published."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from core.app import App
from core.ui.text import covers_until, escape, moment, size, zone
from core.warehouse import Version


def show(app: App, newest: Version) -> None:
    """One line a version, newest first, and the notes of the newest."""
    versions = app.catalogue.versions(newest.dataset)
    table = pl.DataFrame([_row(version) for version in versions])
    st.dataframe(table, hide_index=True, width="stretch", column_config=_configuration())
    st.caption(f"Times in {zone()}. The last three versions are kept, older ones for an hour.")
    _show_notes(newest)


def _show_notes(version: Version) -> None:
    left_out = [f"'{name}' answers from the rows, not from day sums: {why}" for name, why in version.left_out.items()]
    notes = [*version.notes, *left_out]
    if notes:
        st.markdown(f"**Notes to version {version.number}**")
        st.markdown("\n".join(f"- {escape(note)}" for note in notes))


def _row(version: Version) -> dict[str, Any]:
    return {
        "Version": version.number,
        "Published": moment(version.published_at),
        "As of": moment(version.as_of),
        "Covers until": covers_until(version),
        "Rows": version.rows,
        "Size": size(version.bytes),
        "Notes": len(version.notes),
    }


def _configuration() -> dict[str, Any]:
    return {"Rows": st.column_config.NumberColumn(format="localized")}
