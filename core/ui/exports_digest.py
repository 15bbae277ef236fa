"""Several analyses in one export: the inputs of a digest, and its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.delivery.exports import SavedExport
from core.model.delivery import MOST_PARTS, PartSpec
from core.ui import inputs

MORE, QUIET = "exports_more_analyses", "exports_quiet_parts"
QUIETS = {"show": "Show all of them", "leave_out": "Leave out those that did not move enough"}


def fill(export: SavedExport | None) -> None:
    """Give the inputs their values."""
    shown = dict.fromkeys(export.spec.content.analyses) if export else {}
    st.session_state[MORE] = list(shown)[1:]
    st.session_state[QUIET] = export.spec.content.quiet_parts if export else "show"


def edit_more(names: Mapping[str, str], first: str | None) -> None:
    """The analyses besides the first one. names: of all there are, by slug."""
    st.session_state.setdefault(MORE, [])
    inputs.multiselect(
        "Add another analysis",
        [slug for slug in dict.fromkeys([*names, *st.session_state[MORE]]) if slug != first],
        format_func=lambda slug: names.get(slug, slug),
        key=MORE,
        placeholder="One report of several, in this order",
        max_selections=MOST_PARTS - 1,
    )
    st.session_state.setdefault(QUIET, "show")
    if st.session_state[MORE]:
        inputs.selectbox("Analyses in which little happened", list(QUIETS), format_func=QUIETS.__getitem__, key=QUIET)


def said(first: str, before: SavedExport | None) -> dict[str, Any]:
    """What the inputs say of the content. What the API alone can set of a part, such as its views, stays."""
    slugs = [first, *(slug for slug in st.session_state.get(MORE, ()) if slug != first)]
    known = before.spec.content.parts if before else ()
    if len(slugs) == 1 and not known:
        return {"analysis": first, "parts": ()}
    if slugs == list(dict.fromkeys(part.analysis for part in known)):
        parts = known
    else:
        parts = tuple(part for slug in slugs for part in _parts_of(slug, known))
    if len(parts) == 1 and parts[0] == PartSpec(analysis=first):
        return {"analysis": first, "parts": ()}
    return {"analysis": None, "parts": parts, "quiet_parts": st.session_state.get(QUIET, "show")}


def _parts_of(slug: str, known: Sequence[PartSpec]) -> Sequence[PartSpec]:
    """An analysis's parts as they are, of which there may be several with filters of their own; else a new one."""
    return [part for part in known if part.analysis == slug] or [PartSpec(analysis=slug)]
