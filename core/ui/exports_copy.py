"""Duplicating an export: a copy that is off, with addresses of its own."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.delivery.exports import SavedExport
from core.model.delivery import ExportSpec, LinkDestination
from core.ui import inputs
from core.ui.bridge_saved import slug_of
from core.ui.identity import acting
from core.ui.notices import attempt, begin_dialog

COPY_NAME = "exports_copy_name"


@st.dialog("Duplicate the export")
def duplicate_dialog(app: App, export: SavedExport) -> None:
    """Ask for the name of the copy."""
    begin_dialog()
    st.session_state.setdefault(COPY_NAME, f"{export.spec.name} (copy)")
    inputs.text_input("Name of the copy", key=COPY_NAME)
    st.caption("The copy is switched off and gets addresses of its own. A link with a password becomes login only.")
    st.button("Duplicate", key="exports_copy_now", type="primary", on_click=_duplicate, args=(app, export))


def _duplicate(app: App, export: SavedExport) -> None:
    name = str(st.session_state[COPY_NAME]).strip() or f"{export.spec.name} (copy)"
    with attempt(f"Duplicated as '{name}'. Switch it on when it is as you want it."):
        app.exports.create(copy_of(app, export.spec, name), by=acting(app, "export.write").person_id)


def copy_of(app: App, spec: ExportSpec, name: str) -> ExportSpec:
    """The same under another name, switched off."""
    taken = {link.slug for export in app.exports.all() for link in export.links}
    destinations = []
    for one in spec.destinations:
        copied = _own_link(one, slug_of(name, taken)) if isinstance(one, LinkDestination) else one
        if isinstance(copied, LinkDestination):
            taken.add(copied.settings.slug)
        destinations.append(copied)
    return spec.model_copy(update={"name": name, "is_active": False, "destinations": tuple(destinations)})


def _own_link(link: LinkDestination, slug: str) -> LinkDestination:
    """Passwords are kept as hashes alone, so the copy has none, and opens for nobody who is not signed in."""
    changed = {"slug": slug, "password": None, "public": link.settings.public and link.settings.password is None}
    return LinkDestination(settings=link.settings.model_copy(update=changed))
