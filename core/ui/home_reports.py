"""Home of somebody who reads: the reports that are shared with them."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.delivery.exports import SavedExport
from core.delivery.links import Link
from core.ui import inputs
from core.ui.identity import acting
from core.ui.notices import attempt
from core.ui.text import escape


def show_reports(app: App) -> None:
    """Every open report that the person may see, by name. Their addresses work for people who are signed in alone."""
    shared = app.exports.shared_with(acting(app, "report.view"))
    if not shared:
        st.info("No report is shared with you yet. Ask whoever invited you.", icon=":material/inbox:")
    _show_all(app, shared)


def show_others(app: App) -> None:
    """For somebody who builds: reports on data that they may not see themselves."""
    known = {export.id for export in app.exports.all()}
    others = [found for found in app.exports.shared_with(acting(app, "report.view")) if found[0].id not in known]
    if others:
        st.markdown("#### Shared with you")
    _show_all(app, others)


def _show_all(app: App, shared: list[tuple[SavedExport, Link]]) -> None:
    """A card a link; the switch for mails stands on the first one of each export that something starts."""
    has_mail = bool(shared) and app.connections.mailer() is not None
    wanted = app.subscriptions.of(acting(app, "report.view")) if has_mail else frozenset()
    offered: set[str] = set()
    for export, link in shared:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"home_report_{link.id}"):
            about = f"  \n:small[:gray[{escape(export.spec.description)}]]" if export.spec.description else ""
            st.markdown(f"**{escape(export.spec.name)}**{about}", width="stretch")
            if has_mail and export.spec.triggers and export.id not in offered:
                offered.add(export.id)
                _offer_mail(app, export, is_on=export.id in wanted)
            st.link_button("Open", f"{app.settings.report_base_url}/r/{link.slug}", icon=":material/open_in_new:")


def _offer_mail(app: App, export: SavedExport, *, is_on: bool) -> None:
    """The switch by which somebody gets a report by mail whenever it runs."""
    key = f"home_mail_{export.id}"
    st.session_state[key] = is_on
    inputs.toggle(
        "By mail", key=key, help="To your own address, whenever it runs", on_change=_switch, args=(app, export, key)
    )


def _switch(app: App, export: SavedExport, key: str) -> None:
    wanted = bool(st.session_state[key])
    said = f"'{export.spec.name}' comes by mail from its next run on." if wanted else "It comes by mail no more."
    with attempt(said):
        me = acting(app, "report.subscribe")
        (app.subscriptions.begin if wanted else app.subscriptions.end)(me, export.id)
