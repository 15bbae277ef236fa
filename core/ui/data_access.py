"""Who may see a dataset and all that is built on it: shown to everybody who does, changed by administrators."""

from __future__ import annotations

import streamlit as st

from core.access.rights import ACTIONS, ALWAYS
from core.app import App
from core.errors import BridgecastError
from core.model.data import DatasetAccess, DatasetSpec
from core.store.dataset_rights import CLOSED
from core.ui import data_jobs, inputs
from core.ui.identity import acting, can
from core.ui.text import escape

EVERYBODY, SOME = "everybody", "some"
LABELS = {EVERYBODY: "Every analyst", SOME: "Only some"}
MEANS = (
    "For everybody else it is as if it were not there: the dataset, its analyses and exports, and SQL over it. Reports "
    "go on for their readers while their author may see it. Owner and administrators always may."
)


def show(app: App, spec: DatasetSpec) -> None:
    """Who may see it; the form for those who say so."""
    access = app.catalogue.access(spec.slug)
    if not can(app, "data.share"):
        st.markdown(f"**{escape(_said(app, access))}** may see this dataset and what is built on it.")
        st.caption("Owner and administrators always may, and they alone change it.")
        return
    how, people = f"data_access_{spec.slug}", f"data_access_people_{spec.slug}"
    is_open = not (access.people or access.roles) or "analyst" in access.roles
    st.session_state.setdefault(how, EVERYBODY if is_open else SOME)
    inputs.segmented_control(
        "Who may see it",
        list(LABELS),
        format_func=LABELS.__getitem__,
        key=how,
        required=True,
        label_visibility="collapsed",
    )
    if st.session_state[how] == SOME:
        names = _names(app)
        st.session_state.setdefault(people, _known(access, names))
        inputs.multiselect(
            "People", list(names), format_func=names.__getitem__, key=people, placeholder="Administrators alone"
        )
    st.caption(MEANS)
    st.button("Save", key="data_access_save", on_click=_save, args=(app, spec, how, people))


def _names(app: App) -> dict[str, str]:
    """Whom it takes a name to let in: analysts."""
    named = [one for one in app.people.all() if "data.read" in ACTIONS[one.role] and one.role not in ALWAYS]
    return {one.id: f"{one.name} ({one.email})" for one in named}


def _known(access: DatasetAccess, names: dict[str, str]) -> list[str]:
    return [person for person in access.people if person in names]


def _said(app: App, access: DatasetAccess) -> str:
    if not (access.people or access.roles) or "analyst" in access.roles:
        return "Every analyst"
    names = {one.id: one.name for one in app.people.all()}
    return ", ".join(names[person] for person in access.people if person in names) or "Administrators alone"


def _save(app: App, spec: DatasetSpec, how: str, people: str) -> None:
    is_open = st.session_state[how] == EVERYBODY
    if not is_open and people not in st.session_state:  # Saved before the page could ask who.
        st.session_state[people] = _known(app.catalogue.access(spec.slug), _names(app))
    chosen = () if is_open else tuple(st.session_state[people])
    access = DatasetAccess() if is_open else DatasetAccess(people=chosen) if chosen else CLOSED
    try:
        acting(app, "data.share")
        app.catalogue.share(spec.slug, access)
    except BridgecastError as error:
        data_jobs.leave_failure(error)
        return
    data_jobs.leave_notice(f"{_said(app, access)} may see '{spec.name}' now.")
