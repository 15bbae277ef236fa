"""Make or change an export: the form to the left, what readers will see to the right."""

from __future__ import annotations

import streamlit as st
from pydantic import ValidationError

from core.app import App
from core.delivery.exports import SavedExport
from core.errors import DataError
from core.model.delivery import ExportSpec
from core.ui import exports_form as form
from core.ui import frame
from core.ui.bridge_saved import attempt
from core.ui.exports_preview import show_preview
from core.ui.exports_triggers import keep_new_urls
from core.ui.identity import acting

EXPORT_PARAM, NEW_PARAM, ANALYSIS_PARAM = "export", "new", "analysis"
FILLED = "exports_filled"
NEW = "new"


def open_export(export_id: str) -> None:
    """Go to the form of an export."""
    st.query_params.from_dict({EXPORT_PARAM: export_id})


def open_new(analysis: str | None = None) -> None:
    """Go to the form of a new export."""
    st.query_params.from_dict({NEW_PARAM: "1"} | ({ANALYSIS_PARAM: analysis} if analysis else {}))


def close() -> None:
    """Back to the list."""
    st.session_state.pop(FILLED, None)
    st.query_params.clear()


def asked_for() -> str | None:
    """The export the address names, NEW, or None for the list."""
    if EXPORT_PARAM in st.query_params:
        return st.query_params[EXPORT_PARAM]
    return NEW if NEW_PARAM in st.query_params or ANALYSIS_PARAM in st.query_params else None


def edit(app: App, asked: str) -> None:
    """Form and preview. Raises NotFound."""
    before = None if asked == NEW else app.exports.get(asked)
    _fill_once(app, asked, before)
    inputs, preview = st.columns([2, 3], gap="large")
    with inputs:
        form.edit_export(app, before)
        with st.container(horizontal=True):
            st.button("Save", key="exports_save", type="primary", on_click=_save, args=(app, before))
            st.button("Cancel", key="exports_cancel_edit", on_click=close)
    with preview:
        st.caption("Preview, as its readers see it now")
        with frame.errors():
            if st.session_state[form.ANALYSIS] is not None:
                show_preview(app, form.content_of(before), is_public=bool(st.session_state[form.PUBLIC]))


def _fill_once(app: App, asked: str, before: SavedExport | None) -> None:
    """The widgets' values are dropped when the page is left, so they are looked for besides the mark."""
    if st.session_state.get(FILLED) == asked and form.NAME in st.session_state:
        return
    first = next((saved.spec.slug for saved in app.analyses.all()), None)
    form.fill(before, st.query_params.get(ANALYSIS_PARAM, first))
    st.session_state[FILLED] = asked


def _save(app: App, before: SavedExport | None) -> None:
    with attempt("The export is saved."):
        me, spec = acting(app, "export.write").person_id, _spec(app, before)
        if before is None:
            saved = app.exports.create(spec, by=me)
        else:
            saved = app.exports.change(before.id, spec, if_revision=before.revision)
        keep_new_urls(saved)
        close()


def _spec(app: App, before: SavedExport | None) -> ExportSpec:
    """Raises DataError with the sentence of the field that is wrong."""
    try:
        return form.export_of(app, before)
    except ValidationError as error:
        raise DataError(str(error.errors()[0]["msg"]).removeprefix("Value error, ") + ".") from None
