"""Saving an analysis: the title row with its state, and the dialogs to save, rename, duplicate, restore, delete."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from core.analyses import SavedAnalysis
from core.model.analysis import AnalysisSpec
from core.model.naming import plain_name
from core.ui import bridge_state as keys
from core.ui import inputs
from core.ui.bridge_compare import date_columns
from core.ui.bridge_diff import differences
from core.ui.bridge_pairs import moved
from core.ui.bridge_periods import comparison_label, kind_of, moving_like
from core.ui.bridge_state import Work, as_now, close_editor, forget_draft, go, move, open_analysis
from core.ui.bridge_url import PageState
from core.ui.identity import acting
from core.ui.notices import attempt, begin_dialog
from core.ui.text import escape, moment, zone

SLUG_LENGTH = 63


def state_line(work: Work) -> str:
    """Saved or not, which revision, which data."""
    saved = work.saved
    if saved is None:
        kept = "not saved yet"
    else:
        kept = f"changed since revision {saved.revision}" if work.is_changed else f"saved · revision {saved.revision}"
    return f"{kept} · data version {work.version.number}, as of {moment(work.version.as_of)} {zone()}"


def slug_of(name: str, taken: Collection[str]) -> str:
    """An address made of a name: lower-case letters, digits and hyphens, with a number when it is taken."""
    own = plain_name(name, longest=SLUG_LENGTH - 4, otherwise="analysis")
    tries = (own if number == 1 else f"{own}-{number}" for number in range(1, len(taken) + 2))
    return next(slug for slug in tries if slug not in taken)


def begin_typing(name: str) -> None:
    """Before a dialog is opened: its inputs are as new, whatever was typed into one that was closed."""
    st.session_state.update({keys.NAME: name, keys.NOTE: "", keys.MOVE: False})


def name_of_copy(work: Work) -> str:
    """What a duplicate is called unless somebody says otherwise."""
    return f"{work.start.name} (copy)"


@st.dialog("Save")
def save_dialog(work: Work) -> None:
    """Ask what saving needs: a name for a new analysis, a note for a revision."""
    begin_dialog()
    saved = work.saved
    if saved is None:
        inputs.text_input("Name", key=keys.NAME, placeholder="Revenue by month")
    else:
        st.caption(f"Becomes revision {saved.revision + 1} of {escape(saved.spec.name)}.")
        for line in differences(saved.spec, work.spec):
            st.markdown(f"- {escape(line)}")
        inputs.text_input("Note", key=keys.NOTE, placeholder="What has changed, and why")
    offer_moving(work)
    save = save_new if saved is None else save_revision
    st.button("Save", key="bridge_save_now", type="primary", on_click=save, args=(work,))


def offer_moving(work: Work) -> None:
    """Fixed dates are never moved by newer data: say so, and offer the periods that are."""
    spec = work.spec
    if kind_of(spec.comparison, date_columns(work.version)) != "dates":
        return
    st.info("The dates are fixed: newer data will not move them, nor any report of this analysis.")
    moving = moving_like(spec.comparison)
    inputs.checkbox(f"Compare moving periods instead: {comparison_label(moving)}", key=keys.MOVE)


def _to_save(work: Work) -> AnalysisSpec:
    wants_moving = (
        st.session_state.get(keys.MOVE) and kind_of(work.spec.comparison, date_columns(work.version)) == "dates"
    )
    return moved(work.spec, work.version) if wants_moving else work.spec


def save_new(work: Work) -> None:
    """Callback: keep it as a new analysis and go to its address."""
    work = as_now(work)
    name = st.session_state[keys.NAME].strip()
    if not name:
        st.session_state[keys.PROBLEM] = "An analysis needs a name, so that others find it."
        return
    slug = slug_of(name, {a.spec.slug for a in work.app.analyses.all()})
    with attempt(f"Saved as '{name}', revision 1."):
        spec = _to_save(work).model_copy(update={"slug": slug, "name": name})
        work.app.analyses.create(spec, by=acting(work.app, "analysis.write").person_id)
        forget_draft(work)
        _settle(work, slug)


def save_revision(work: Work) -> None:
    """Callback: keep it as the next revision."""
    work = as_now(work)
    saved = _required(work)
    with attempt(f"Saved as revision {saved.revision + 1}."):
        note = st.session_state.get(keys.NOTE, "").strip()
        me = acting(work.app, "analysis.write").person_id
        work.app.analyses.revise(_to_save(work), by=me, if_revision=saved.revision, note=note)
        forget_draft(work)
        _settle(work, saved.spec.slug)


def _settle(work: Work, slug: str) -> None:
    """The address after saving: nothing in it differs from what is saved."""
    go(replace(work.state, analysis=slug, dataset=None, comparison=None, second=None, where=None, unread=()))


def discard(work: Work) -> None:
    """Callback: back to what is saved."""
    forget_draft(work)
    move(comparison=None, second=None, where=None)


@st.dialog("Rename")
def rename_dialog(work: Work) -> None:
    """Another name; addresses stay."""
    begin_dialog()
    inputs.text_input("Name", key=keys.NAME)
    st.caption("Its address, and every report link, stays as it is.")
    st.button("Rename", key="bridge_rename_now", type="primary", on_click=_rename, args=(work,))


def _rename(work: Work) -> None:
    name = st.session_state[keys.NAME].strip() or work.start.name
    with attempt(f"Renamed to '{name}'."):
        work.app.analyses.rename(work.start.slug, name, by=acting(work.app, "analysis.write").person_id)


@st.dialog("Duplicate")
def duplicate_dialog(work: Work) -> None:
    """A copy of what is saved."""
    begin_dialog()
    inputs.text_input("Name of the copy", key=keys.NAME)
    st.button("Duplicate", key="bridge_duplicate_now", type="primary", on_click=_duplicate, args=(work,))


def _duplicate(work: Work) -> None:
    name = st.session_state[keys.NAME].strip() or name_of_copy(work)
    slug = slug_of(name, {a.spec.slug for a in work.app.analyses.all()})
    with attempt(f"Duplicated as '{name}'."):
        work.app.analyses.duplicate(work.start.slug, slug, name, by=acting(work.app, "analysis.write").person_id)
        open_analysis(slug)


@st.dialog("Revisions", width="large")
def history_dialog(work: Work) -> None:
    """All revisions with what each changed; an old one can be made the newest."""
    begin_dialog()
    revisions = work.app.analyses.revisions(work.start.slug)
    before = {r.revision: r.spec for r in revisions}
    for position, item in enumerate(revisions):
        with st.container(horizontal=True, vertical_alignment="center"):
            note = f" · {escape(item.note)}" if item.note else ""
            st.markdown(f"**Revision {item.revision}** · {moment(item.created_at)}{note}", width="stretch")
            st.button(
                "Restore",
                key=f"bridge_restore_{item.revision}",
                on_click=_restore,
                args=(work, item.revision),
                disabled=position == 0,
            )
        earlier = before.get(item.revision - 1)
        for line in differences(earlier, item.spec) if earlier else ["First saved."]:
            st.markdown(f"- {escape(line)}")
    st.caption(f"Times in {zone()}.")


def _restore(work: Work, revision: int) -> None:
    with attempt(f"Revision {revision} is the newest one again."):
        work.app.analyses.restore(work.start.slug, revision, by=acting(work.app, "analysis.write").person_id)
        discard(work)


@st.dialog("Delete")
def delete_dialog(work: Work) -> None:
    """Confirm; exports that show it stand in the way and are named."""
    begin_dialog()
    exports = work.app.exports.of_analysis(work.start.slug)
    if exports:
        names = ", ".join(export.spec.name for export in exports)
        st.warning(f"{escape(names)} show this analysis. Delete those on the Exports page first.")
    else:
        st.markdown(f"**{escape(work.start.name)}** and all its revisions will be gone. The data stays.")
    st.button("Delete", key="bridge_delete_now", type="primary", on_click=_delete, args=(work,), disabled=bool(exports))


def _delete(work: Work) -> None:
    with attempt(f"Deleted '{work.start.name}'."):
        acting(work.app, "analysis.write")
        work.app.analyses.delete(work.start.slug)
        close_editor()
        forget_draft(work)
        go(PageState())


def _required(work: Work) -> SavedAnalysis:
    if work.saved is None:
        raise AssertionError("only a saved analysis has revisions")
    return work.saved
