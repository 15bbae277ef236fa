"""What Slack will be shown: said before it is saved, drawn as Slack draws it, and a test for whoever asks alone."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from core.app import App
from core.connections import SavedConnection
from core.connectors.slack.shown import chosen, links_of, shown
from core.delivery.messages import Letter
from core.errors import DataError
from core.model.delivery import ChannelDestination
from core.report.slack_html import slack_page
from core.ui.exports_lookup import connection_of
from core.ui.text import escape

HEIGHT = 720
HOOK_POSTS = "An incoming webhook posts into its own channel."
BY_ADDRESS = "Charts are shown by their address."
AS_TEXT = "Charts are told as text: it takes no files, and this installation has no public https address."
AS_LINKS = "A dropdown becomes links into the report: "
NOBODY_HEARS = "a menu needs an app-level token, or a signing secret and a public https address."
NO_TEST = "An incoming webhook posts into its own channel, where everybody would see the test. Connect a bot to test."


def tell_limits(app: App, connection_id: str | None) -> None:
    """What this way to Slack cannot do, before anything is saved."""
    connection = connection_of(app, connection_id)
    if connection is None:
        return
    if _is_hook(connection):
        charts = BY_ADDRESS if app.settings.has_public_https else AS_TEXT
        st.info(f"{HOOK_POSTS} {charts} {AS_LINKS}a webhook is told of no choice.", icon=":material/info:")
    elif not _hears_choices(app, connection):
        st.caption(f":material/info: {AS_LINKS}{NOBODY_HEARS}")


def to_whoever_asks(app: App, channel: ChannelDestination, email: str) -> dict[str, Any]:
    """The settings of a test: a direct message. Raises DataError for a webhook."""
    connection = connection_of(app, channel.connection)
    if connection is not None and _is_hook(connection):
        raise DataError(NO_TEST, field="connection")
    return {"channel": email}


def show_message(app: App, channel: ChannelDestination, letter: Letter) -> None:
    """The message as Slack shows it, with a choice from its menu, if it has one."""
    message, connection = letter.message, connection_of(app, channel.connection)
    is_hook = connection is not None and _is_hook(connection)
    posts, choices = list(message["posts"]), message["choices"]
    if connection is not None and not _hears_choices(app, connection):
        posts = [{**post, "blocks": links_of(post["blocks"], choices)} for post in posts]
    elif choices:
        labels = {str(one["value"]): str(one["label"]) for one in choices}
        wanted = st.selectbox("As if chosen in Slack", list(labels), format_func=lambda one: labels[one])
        posts[0] = {**posts[0], "blocks": chosen(posts[0]["blocks"], choices, wanted)}
    has_pictures = not is_hook or app.settings.has_public_https
    picture = partial(_drawn, letter.files) if has_pictures else _as_text
    drawn = [{**post, "blocks": shown(post["blocks"], picture)} for post in posts]
    st.caption(f"Notification: {escape(str(message['text']))}")
    name = str(channel.settings.get("user_name") or "Bridgecast")
    st.iframe(slack_page(drawn, name=name), height=HEIGHT, alt="Preview of the Slack message")


def _drawn(files: Mapping[str, bytes], name: str) -> Mapping[str, Any]:
    return {"image_url": f"data:image/png;base64,{b64encode(files[name]).decode()}"}


def _as_text(_name: str) -> Mapping[str, Any]:
    return {}


def _is_hook(connection: SavedConnection) -> bool:
    return "token" not in connection.secrets and "incoming_webhook_url" in connection.secrets


def _hears_choices(app: App, connection: SavedConnection) -> bool:
    """As the connector decides when it sends."""
    by_call = app.settings.has_public_https and "signing_secret" in connection.secrets
    return "token" in connection.secrets and ("app_token" in connection.secrets or by_call)
