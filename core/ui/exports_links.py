"""Report links: their address to copy, who may open them, and when nobody can."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.delivery.exports import Link
from core.ui import loaders
from core.ui.frame import START_COMMAND
from core.ui.text import counted, moment, zone

LOCAL_NOTE = "Recipients outside this computer cannot open it; set BRIDGECAST_PUBLIC_URL."


def show_link(link: Link, *, is_on: bool = True) -> None:
    """Address and mark of one link."""
    opens = is_on and link.is_active
    mark = ":orange-badge[:material/public: Public]" if link.is_public else ":gray-badge[:material/lock: Login only]"
    views = f"{counted(link.view_count)} views" if link.view_count != 1 else "1 view"
    seen = f", last {moment(link.last_seen_at)} {zone()}" if link.last_seen_at else ""
    closed = "" if opens else " :red-badge[Does not open]"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{mark}{closed} :small[:gray[{views}{seen}]]", width="stretch")
        st.link_button("Open", link.url, icon=":material/open_in_new:", type="tertiary", disabled=not opens)
    st.code(link.url, language=None, wrap_lines=True)


def say_where_links_open(app: App) -> None:
    """What stands between a link and its readers."""
    if app.settings.is_public_url_local:
        st.caption(f":material/info: {LOCAL_NOTE}")


def say_when_down(app: App) -> None:
    """Links are served by the sidecar."""
    if not loaders.is_sidecar_alive(app):
        st.error(
            f"Links do not open while the sidecar is down. Start it: `{START_COMMAND}`", icon=":material/cloud_off:"
        )
