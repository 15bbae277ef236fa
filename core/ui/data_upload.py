"""New data: choose a file or a path, see what is in it, answer what cannot be told from it, load it."""

from __future__ import annotations

import re
import threading

import streamlit as st

from core.app import App
from core.catalogue import EVERY_ANALYST
from core.errors import AccessDenied, AmbiguousSource
from core.model.data import Calendar, DatasetAccess, DatasetSpec
from core.model.naming import plain_name
from core.store.dataset_rights import CLOSED
from core.ui import data_calendar, data_columns, data_draft, data_jobs, inputs, progress, state
from core.ui.data_draft import Draft
from core.ui.data_reading import READINGS
from core.ui.identity import acting, can
from core.ui.text import counted, escape
from core.warehouse import Inspection, Version

FILE_TYPES = ["csv", "tsv", "txt", "gz", "json", "ndjson", "jsonl", "parquet", "xlsx"]
UPLOAD, PATH = "Upload a file", "A path on the server"
SLUG_LENGTH = 63
VALUES_ASKED = 3
CLOSED_AT_FIRST = "For administrators alone, until it is said who may see it"


def is_open() -> bool:
    """Whether the address asks for the form for new data."""
    return state.NEW_PARAM in st.query_params


def close() -> None:
    """Leave the form; what was chosen is forgotten."""
    data_draft.discard()
    st.query_params.pop(state.NEW_PARAM, None)


def show(app: App) -> None:
    """The form, as far as it has come."""
    st.button("Back to the datasets", icon=":material/arrow_back:", type="tertiary", key="data_back", on_click=close)
    _choose_source(app)
    draft = data_draft.current()
    if draft is None:
        return
    inspection = _inspect(app, draft)
    _ask(draft, inspection)
    _show_columns(app, draft, inspection)


def _choose_source(app: App) -> None:
    kind = st.segmented_control(
        "Where the rows are",
        [UPLOAD, PATH] if can(app, "data.path") else [UPLOAD],
        default=UPLOAD,
        required=True,
        key=state.DATA_NEW_KIND,
        on_change=data_draft.discard,
    )
    if kind == UPLOAD:
        st.file_uploader(
            "CSV, TSV, CSV.gz, JSON, NDJSON, Parquet or XLSX",
            type=FILE_TYPES,
            key=state.DATA_NEW_FILE,
            help="A larger file is read from a path on the server.",
            on_change=_take_upload,
            args=(app,),
        )
        return
    with st.form("data_new_path_form", border=False):
        inputs.text_input(
            "Path or glob",
            key=state.DATA_NEW_PATH,
            placeholder="/srv/sales/2026-*.csv",
            help="Live: the files are looked at for change whenever a page or report loads.",
        )
        st.form_submit_button("Look at it", key="data_new_look", on_click=_take_path)


def _take_upload(app: App) -> None:
    data_draft.discard()
    upload = st.session_state[state.DATA_NEW_FILE]
    if upload is None:
        return
    try:
        acting(app, "data.write")
    except AccessDenied as error:
        data_jobs.leave_failure(error)
    else:
        data_draft.keep(data_draft.from_upload(app, upload))


def _take_path() -> None:
    data_draft.discard()
    path = st.session_state[state.DATA_NEW_PATH].strip()
    if path:
        data_draft.keep(data_draft.from_path(path))


def _inspect(app: App, draft: Draft) -> Inspection:
    """What is in the draft's files, looked at once for each set of answers."""
    if draft.inspection is None:
        source, path = draft.source, draft.path
        acting(app, "data.write" if path else "data.path")

        def work(report: progress.Report, cancel: threading.Event) -> Inspection:
            return app.catalogue.inspect(source, path)

        identity = (draft.number, source)
        draft.inspection = progress.run(state.DATA_INSPECTION, "Looking at the file", work, identity=identity)
        for question in draft.inspection.questions:
            draft.asked[question.option] = question
    return draft.inspection


def _ask(draft: Draft, inspection: Inspection) -> None:
    """Each open or answered question with the readings of one value; nothing is chosen beforehand."""
    for option, question in draft.asked.items():
        values = data_columns.SEPARATOR.join(inspection.samples.get(question.column, ())[:VALUES_ASKED])
        _ask_one(draft, option, question, values)


def _ask_one(draft: Draft, option: str, question: AmbiguousSource, values: str) -> None:
    key = f"data_ask_{draft.number}_{option}"
    readings = question.readings
    asked = f"Column '{escape(question.column)}' can be read in two ways. Which one is right?"

    def remember() -> None:
        draft.answer(option, st.session_state[key])

    with st.container(border=True):
        st.radio(
            f"**{asked}** Values: {escape(values)}",
            list(readings),
            index=None,
            format_func=lambda value: f"{readings[value]} – {READINGS.get(value, value)}",
            key=key,
            on_change=remember,
        )


def _show_columns(app: App, draft: Draft, inspection: Inspection) -> None:
    key = f"data_new_{draft.number}_{'_'.join(draft.answers.values())}"
    st.markdown(f"**What the columns are for** · about {counted(inspection.rows_estimate)} rows")
    columns = data_columns.edit(inspection.columns, inspection.samples, key=key)
    places = st.columns(2)
    name = places[0].text_input("Name", _title(draft.title), key=f"data_new_name_{draft.number}")
    slug = places[1].text_input(
        "Slug",
        _slug(name),
        key=f"data_new_slug_{draft.number}",
        help="What addresses and the API call it: lower-case letters, digits, '-' and '_'.",
    )
    with st.expander("Calendar"):
        calendar = data_calendar.edit(Calendar(), key=f"data_new_calendar_{draft.number}")
    is_closed = can(app, "data.share") and inputs.checkbox(CLOSED_AT_FIRST, key=f"data_new_closed_{draft.number}")
    is_ready = not draft.open_questions
    if not is_ready:
        st.caption("Answer the question above first.")
    if st.button("Load", type="primary", key="data_new_load", disabled=not is_ready or data_jobs.is_busy()):
        spec = DatasetSpec(slug=slug, name=name, source=draft.source, columns=columns, calendar=calendar)
        _load(app, draft, spec, CLOSED if is_closed else EVERY_ANALYST)


def _load(app: App, draft: Draft, spec: DatasetSpec, access: DatasetAccess) -> None:
    path, by = draft.path, acting(app, "data.write" if draft.path else "data.path").person_id

    def work(report: progress.Report, cancel: threading.Event) -> Version:
        return app.catalogue.create(spec, path=path, by=by, access=access, progress=report, cancel=cancel)

    data_jobs.publish(app, f"Loading '{spec.name}'", work)
    st.rerun()


def _title(file: str) -> str:
    words = re.sub(r"[_\-]+", " ", file).strip()
    return words[:1].upper() + words[1:]


def _slug(name: str) -> str:
    return plain_name(name, longest=SLUG_LENGTH, otherwise="data")
