"""Slack: reports as messages of a bot, with pictures and menus, or by an incoming webhook."""

from core.connectors.slack.api import API_URL
from core.connectors.slack.choosing import Choice, Chosen, payload_of, read_choice, verified
from core.connectors.slack.connector import Slack
from core.connectors.slack.installing import Installer
from core.connectors.slack.manifest import CONNECT_PATH, INTERACTIONS_PATH, OAUTH_PATH, SCOPES, manifest_json

__all__ = [
    "API_URL",
    "CONNECT_PATH",
    "INTERACTIONS_PATH",
    "OAUTH_PATH",
    "SCOPES",
    "Choice",
    "Chosen",
    "Installer",
    "Slack",
    "manifest_json",
    "payload_of",
    "read_choice",
    "verified",
]
