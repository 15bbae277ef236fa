"""Report links: their address to copy, who may open them, and when nobody can."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.delivery.links import Link
from core.ui import loaders
from core.ui.frame import START_COMMAND
from core.ui.text import moment, plural, zone

LOCAL_NOTE = "Recipients outside this computer cannot open it; set BRIDGECAST_PUBLIC_URL."


def show_link(link: Link, *, is_on: bool = True) -> None:
    """Address and mark of one link."""
    opens = is_on and link.is_active
    views = plural(link.view_count, "view")
    seen = f", last {moment(link.last_seen_at)} {zone()}" if link.last_seen_at else ""
    closed = "" if opens else f" :red-badge[Does not open: {'switched off' if not is_on else link.state}]"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{mark(link)}{closed} :small[:gray[{views}{seen}{_until(link)}]]", width="stretch")
        st.link_button("Open", link.url, icon=":material/open_in_new:", type="tertiary", disabled=not opens)
    st.code(link.url, language=None, wrap_lines=True)


def mark(link: Link) -> str:
    """Who may open it, at a glance."""
    if link.is_public:
        key = " :gray-badge[:material/key: Password]" if link.has_password else ""
        return f":orange-badge[:material/public: **Public**]{key}"
    few = " · some people" if link.settings.people or link.settings.roles else ""
    return f":gray-badge[:material/lock: Login only{few}]"


def _until(link: Link) -> str:
    if link.expires_at is None:
        return ", no end" if link.is_public else ""
    return f", {'ended' if link.state == 'expired' else 'until'} {moment(link.expires_at)} {zone()}"


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
