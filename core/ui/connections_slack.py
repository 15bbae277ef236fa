"""The way to a Slack connection: Slack's consent page where the operator set an app, else a manifest to paste."""

from __future__ import annotations

import streamlit as st

from core.app import App
from core.connectors.slack import CONNECT_PATH, manifest_json

APPS = "https://api.slack.com/apps"
STEPS = f"""
1. Open [api.slack.com/apps]({APPS}) > *Create New App* > *From a manifest*, choose your workspace, paste this as JSON.
2. *Install to Workspace* > *Allow*.
3. *OAuth & Permissions* > *Bot User OAuth Token*: copy it into **Bot token** below.
"""
SIGNED = "4. For menus in messages: *Basic Information* > *Signing Secret*, into **Signing secret** below."
BY_SOCKET = (
    "4. For menus in messages: *Basic Information* > *App-Level Tokens* > *Generate*, scope `connections:write`, into "
    "**App-level token** below. Slack cannot reach this installation by https, so the sidecar calls Slack."
)


def show_connect_button(app: App) -> None:
    """*Connect Slack*, where the settings name an app of the installation."""
    if app.settings.has_slack_app:
        st.link_button(
            "Connect Slack",
            f"{app.settings.report_base_url}{CONNECT_PATH}",
            icon=":material/tag:",
            help="Leads to Slack, which says what the app may do and asks for your consent",
        )


def show_steps(app: App) -> None:
    """What to do in Slack before the form is filled in."""
    show_connect_button(app)
    with st.expander("How to get a token", icon=":material/help:", expanded=not app.settings.has_slack_app):
        base_url = app.settings.report_base_url if app.settings.has_public_https else ""
        st.markdown(STEPS + (SIGNED if base_url else BY_SOCKET))
        st.code(manifest_json(base_url), language="json", height=240)
