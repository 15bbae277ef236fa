"""Home of somebody who reads: the reports that are shared with them."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.delivery.exports import Link, SavedExport
from core.ui.identity import acting
from core.ui.text import escape


def show_reports(app: App) -> None:
    """Every open report that the person may see, by name. Their addresses work for people who are signed in alone."""
    shared = app.exports.shared_with(acting(app, "report.view"))
    if not shared:
        st.info("No report is shared with you yet. Ask whoever invited you.", icon=":material/inbox:")
    for export, link in shared:
        _show(app, export, link)


def show_others(app: App) -> None:
    """For somebody who builds: reports on data that they may not see themselves."""
    known = {export.id for export in app.exports.all()}
    others = [found for found in app.exports.shared_with(acting(app, "report.view")) if found[0].id not in known]
    if others:
        st.markdown("#### Shared with you")
    for export, link in others:
        _show(app, export, link)


def _show(app: App, export: SavedExport, link: Link) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"home_report_{link.id}"):
        about = f"  \n:small[:gray[{escape(export.spec.description)}]]" if export.spec.description else ""
        st.markdown(f"**{escape(export.spec.name)}**{about}", width="stretch")
        st.link_button("Open", f"{app.settings.report_base_url}/r/{link.slug}", icon=":material/open_in_new:")
