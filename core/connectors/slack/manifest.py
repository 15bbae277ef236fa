"""The Slack app that a workspace installs: its scopes, and a manifest to paste where apps are made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SCOPES: Mapping[str, str] = {
    "chat:write": "write messages",
    "files:write": "upload charts",
    "files:read": "see when an uploaded chart can be shown",
    "channels:read": "offer public channels to choose from",
    "users:read": "offer people to choose from",
    "users:read.email": "find people by their e-mail address, for tests",
    "chat:write.public": "write into public channels without being invited",
    "chat:write.customize": "write under another name or picture",
    "groups:read": "offer private channels that the app was invited into",
}
"""Each with what it is for."""
NEEDED = ("chat:write", "files:write", "files:read")
"""Without these nothing can be sent."""
INTERACTIONS_PATH, CONNECT_PATH, OAUTH_PATH = "/slack/interactions", "/slack/connect", "/slack/oauth"


def manifest(base_url: str) -> dict[str, Any]:
    """The app. base_url: where Slack reaches this installation by https; "" where it cannot: then by Socket Mode."""
    shown = {"name": "Bridgecast", "description": "Explains why a KPI moved", "background_color": "#1f2937"}
    interactivity: dict[str, Any] = {"is_enabled": True}
    oauth: dict[str, Any] = {"scopes": {"bot": list(SCOPES)}}
    if base_url:
        interactivity["request_url"] = f"{base_url}{INTERACTIONS_PATH}"
        oauth = {"redirect_urls": [f"{base_url}{OAUTH_PATH}"], **oauth}
    return {
        "display_information": shown,
        "features": {"bot_user": {"display_name": "Bridgecast", "always_online": True}},
        "oauth_config": oauth,
        "settings": {
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not base_url,
            "token_rotation_enabled": False,
        },
    }


def manifest_json(base_url: str) -> str:
    """The manifest as it is pasted."""
    return json.dumps(manifest(base_url), indent=2)
