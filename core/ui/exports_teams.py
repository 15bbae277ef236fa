"""What Teams will be shown: said before it is saved, and the card drawn as Teams draws it."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.connections import SavedConnection
from core.connectors.teams import BY_GRAPH
from core.delivery.messages import Letter
from core.model.delivery import ChannelDestination
from core.report.card_html import card_page
from core.ui.exports_lookup import connection_of

HEIGHT = 720
FIGURES = (
    "Teams is sent figures instead of charts: it fetches charts by public https, and this installation has no such "
    "address. Set BRIDGECAST_PUBLIC_URL, or connect by Microsoft Graph."
)
ACCEPTED = "A workflow posts into its own channel. It tells that it started, not that the card is seen."
TEST = "A test goes into the channel, where everybody sees it, marked as a test."


def tell_limits(app: App, connection_id: str | None) -> None:
    """What this way to Teams cannot do, before anything is saved."""
    connection = connection_of(app, connection_id)
    if connection is None or _is_graph(connection):
        return
    if not app.pictures.can_be_seen:
        st.info(FIGURES, icon=":material/info:")
    st.caption(f":material/info: {ACCEPTED}")


def has_channels(app: App, connection_id: str | None) -> bool:
    """Whether a channel is to be chosen: a workflow has its own."""
    connection = connection_of(app, connection_id)
    return connection is not None and _is_graph(connection)


def show_card(app: App, channel: ChannelDestination, letter: Letter) -> None:
    """The card as Teams shows it; its buttons work."""
    has_pictures = app.pictures.can_be_seen or has_channels(app, channel.connection)
    st.caption(TEST)
    page = card_page(letter.message, letter.files, has_pictures=has_pictures)
    st.iframe(page, height=HEIGHT, alt="Preview of the card for Teams")


def _is_graph(connection: SavedConnection) -> bool:
    return connection.kind == "teams" and connection.settings["way"] == BY_GRAPH
