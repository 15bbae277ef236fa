"""*Connect Slack*: Slack's consent page (OAuth v2), and the token that the code from it is exchanged for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from slack_sdk.errors import SlackApiError

from core.connectors.base import Outside
from core.connectors.slack.api import API_URL, Desk, error_name, open_client
from core.connectors.slack.manifest import SCOPES
from core.errors import AccessDenied, DeliveryError
from core.settings import Settings

LONGEST_NAME = 80
"""Of a workspace's connection, its id behind it left out."""


@dataclass(frozen=True)
class Installed:
    """A connection as the consent of a workspace makes it. workspace: its id; several may have one name."""

    name: str
    workspace: str
    settings: Mapping[str, object]
    secrets: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True)
class Installer:
    """The Slack app of this installation. url: of Slack itself."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    signing_secret: str = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Installer:
        """From settings that name an app."""
        given = (settings.slack_client_secret, settings.slack_signing_secret)
        secret, signing = (one.get_secret_value() if one else "" for one in given)
        return cls(settings.slack_url.rstrip("/"), str(settings.slack_client_id), secret, signing)

    def address(self, state: str, redirect_uri: str) -> str:
        """Slack's page that asks for consent to the scopes."""
        asked = {"client_id": self.client_id, "scope": ",".join(SCOPES), "redirect_uri": redirect_uri, "state": state}
        return f"{self.url}/oauth/v2/authorize?{urlencode(asked)}"

    def installed(self, outside: Outside, code: str, redirect_uri: str) -> Installed:
        """What the code is worth. Raises AccessDenied when Slack does not take it, DeliveryError."""
        base_url = f"{self.url}/api/"
        desk = Desk(base_url, "", "", "", self.signing_secret, "")
        try:
            with open_client(desk, outside) as client:
                answer = client.oauth_v2_access(
                    client_id=self.client_id, client_secret=self.client_secret, code=code, redirect_uri=redirect_uri
                )
        except SlackApiError as error:
            raise AccessDenied(f"Slack answered {error_name(error)}. Press Connect Slack again.") from None
        token, team = answer.get("access_token"), answer.get("team") or {}
        if not token:
            raise DeliveryError("Slack gave no bot token. Look at the scopes of the app.", permanent=True)
        signing = {"signing_secret": self.signing_secret} if self.signing_secret else {}
        workspace = str(team.get("id") or "")
        settings = {"workspace": workspace} | ({} if base_url == API_URL else {"base_url": base_url})
        name = f"Slack {team.get('name') or workspace}".strip()[:LONGEST_NAME]
        return Installed(name, workspace, settings, {"token": str(token), **signing})
