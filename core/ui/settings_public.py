"""Everything that opens without sign-in, on the Settings page."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.delivery.exports import SavedExport
from core.delivery.links import Link
from core.ui import frame
from core.ui.exports_links import show_link
from core.ui.identity import acting, can
from core.ui.notices import attempt
from core.ui.text import escape, plural


def show_public(app: App) -> None:
    """Each public link with its export, and the way to close it."""
    acting(app, "link.list")
    found = app.exports.public_links()
    st.subheader("Public links", anchor=False)
    if not found:
        st.info("Nothing is public: every report asks for a sign-in.", icon=":material/lock:")
        return
    st.caption(f"{plural(len(found), 'report link')} may open for anybody who has the address.")
    for export, link in found:
        with st.container(border=True, key=f"settings_public_{link.id}"):
            _show(app, export, link)


def _show(app: App, export: SavedExport, link: Link) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(export.spec.name)}**", width="stretch")
        st.page_link(frame.EXPORTS.page, label="Edit", icon=frame.EXPORTS.icon, query_params={"export": export.id})
        if can(app, "export.write") and link.state == "open":
            st.button(
                "Pause",
                key=f"settings_pause_{link.id}",
                icon=":material/pause:",
                on_click=_pause,
                args=(app, export, link),
            )
    show_link(link, is_on=export.spec.is_active)


def _pause(app: App, export: SavedExport, link: Link) -> None:
    with attempt(f"/r/{link.slug} is paused. Exports opens it again."):
        acting(app, "export.write")
        app.exports.pause(export.id, link.id)
