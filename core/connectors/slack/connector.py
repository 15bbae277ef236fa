"""The connector of kind "slack": what its form asks for, its test, and its sending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from core.connectors.base import Account, Check, Field, Outside, Parcel, Receipt, RetryRule
from core.connectors.slack.api import API_URL, CALL_S, TRY_S, Desk, GuardedClient, failure, open_client
from core.connectors.slack.hook import check_hook, send_by_hook
from core.connectors.slack.manifest import NEEDED, SCOPES
from core.connectors.slack.posting import Posting
from core.errors import DeliveryError

MINUTE, HOUR = 60.0, 3_600.0
PAGE, MOST_FOUND = 200, 2_000
"""Rows of a page, and channels or people that are offered: Slack takes some twenty such calls a minute."""
HOOK_HINT = "https://hooks.slack.com/services/…"


def _token_complaint(token: str) -> str:
    is_one = token.strip().startswith(("xoxb-", "xoxp-")) and token.isascii()
    return "" if is_one else "is a token of a Slack app; it begins with xoxb-"


def _app_token_complaint(token: str) -> str:
    return (
        "" if token.strip().startswith("xapp-") and token.isascii() else "is an app-level token; it begins with xapp-"
    )


def _url_complaint(url: str) -> str:
    parts = urlsplit(url.strip())
    return "" if parts.scheme in {"https", "http"} and parts.hostname else f"is an address like {HOOK_HINT}"


def _base_complaint(url: str) -> str:
    return _url_complaint(url) and f"is an address like {API_URL}"


class Slack:
    """The connector of kind "slack"."""

    kind = "slack"
    label = "Slack"
    fields = (
        Field(
            "token",
            "Bot token",
            "secret",
            placeholder="xoxb-…",
            help="Of the app that you installed: OAuth & Permissions > Bot User OAuth Token",
            complaint=_token_complaint,
        ),
        Field(
            "signing_secret",
            "Signing secret",
            "secret",
            help="For menus in messages, where Slack reaches this installation by https: Basic Information",
        ),
        Field(
            "app_token",
            "App-level token",
            "secret",
            placeholder="xapp-…",
            help="For menus in messages by Socket Mode, without a public address: Basic Information",
            complaint=_app_token_complaint,
        ),
        Field(
            "incoming_webhook_url",
            "Incoming webhook",
            "secret",
            placeholder=HOOK_HINT,
            help="Instead of a token: posts into one channel, takes no files and shows no menus",
            complaint=_url_complaint,
        ),
        Field("workspace", "Workspace", is_typed=False),
        Field("icon_url", "Picture", "url", help="Shown instead of the app's own, by its https address"),
        Field(
            "base_url",
            "API address",
            "url",
            default=API_URL,
            help="Slack's own, unless you go through a gateway",
            binds_secrets=True,
            complaint=_base_complaint,
        ),
    )
    destination_fields = (
        Field("channel", "Channel or person", "lookup", placeholder="#general, or an e-mail address"),
        Field("user_name", "Under the name", placeholder="Bridgecast"),
    )
    retry = RetryRule(
        delays_s=(10, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR),
        deadline_s=4 * HOUR,
        total_s=TRY_S + CALL_S,
    )

    def check(self, account: Account, outside: Outside) -> Check:
        """Ask who the token belongs to and what it may; a webhook, whether it lives."""
        desk = Desk.of(account)
        if not desk.token:
            return check_hook(desk, outside) if desk.hook_url else Check(False, NOTHING_SET)
        try:
            with open_client(desk, outside) as client:
                answer = client.auth_test()
        except (SlackApiError, DeliveryError) as error:
            return Check(ok=False, text=str(failure(error, desk)))
        given = {name.lower(): str(value) for name, value in answer.headers.items()}.get("x-oauth-scopes", "")
        return _judged(desk, str(answer.get("team")), str(answer.get("user")), given.replace(" ", "").split(","))

    def lookup(self, account: Account, outside: Outside, name: str, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """The channels and people that a message can go to, id to name. Raises DeliveryError."""
        desk = Desk.of(account)
        if name != "channel" or not desk.token:
            return {}
        try:
            with open_client(desk, outside, try_s=CALL_S) as client:
                return dict(_found(client))
        except SlackApiError as error:
            raise failure(error, desk) from None

    def send(self, account: Account, outside: Outside, parcel: Parcel) -> Receipt:
        """Post the report. Raises SendError."""
        desk = Desk.of(account)
        if not desk.token:
            if not desk.hook_url:
                raise DeliveryError(NOTHING_SET, permanent=True)
            return send_by_hook(desk, outside, parcel)
        with open_client(desk, outside) as client:
            posting = Posting(desk, client, parcel)
            try:
                return posting.carry()
            except (SlackApiError, DeliveryError) as error:
                raise failure(error, desk, request=posting.request(), is_unknown=posting.has_begun) from None

    def is_final(self, status: int) -> bool:
        """Of an incoming webhook: removed, or not to be posted to. The API says it by name."""
        return status in {403, 404, 410}


NOTHING_SET = "The connection has neither a bot token nor an incoming webhook. Type one of them."


def _judged(desk: Desk, team: str, user: str, given: list[str]) -> Check:
    who = f"{desk.host} was asked by auth.test, and knows the token as {user} in the workspace {team}"
    lacking = [scope for scope in SCOPES if scope not in given]
    if not lacking:
        return Check(ok=True, text=f"{who}. All scopes are there. {_menus(desk)}")
    listed = ", ".join(f"{scope} ({SCOPES[scope]})" for scope in lacking)
    how = "Add them under OAuth & Permissions, then install the app anew."
    is_enough = not set(NEEDED) & set(lacking)
    return Check(ok=is_enough, text=f"{who}. Scopes that it lacks: {listed}. {how}")


def _menus(desk: Desk) -> str:
    if desk.app_token:
        return "Menus in messages work by Socket Mode."
    if desk.signing_secret:
        return "Menus in messages work where Slack reaches this installation by https; elsewhere they become links."
    return "Menus in messages become links: there is no signing secret and no app-level token."


def _found(client: GuardedClient) -> Iterator[tuple[str, str]]:
    """Channels, then people; private channels where the app may see them."""
    for row in islice(_channels(client), MOST_FOUND):
        yield str(row["id"]), f"#{row['name']}"
    for row in islice(_rows(client.users_list(limit=PAGE), "members"), MOST_FOUND):
        if not row.get("deleted") and not row.get("is_bot") and row["id"] != "USLACKBOT":
            yield str(row["id"]), _person(row)


def _channels(client: GuardedClient) -> Iterator[Mapping[str, Any]]:
    for types in ("public_channel,private_channel", "public_channel"):
        try:
            pages = client.conversations_list(types=types, exclude_archived=True, limit=PAGE)
        except SlackApiError as error:
            if types == "public_channel" or error.response.get("needed") != "groups:read":
                raise
            continue
        yield from _rows(pages, "channels")
        return


def _rows(pages: SlackResponse, name: str) -> Iterator[Mapping[str, Any]]:
    """The rows of a list; a page is asked for when the one before is used up."""
    for page in pages:
        yield from page[name]


def _person(row: Mapping[str, Any]) -> str:
    profile = row.get("profile") or {}
    name, email = profile.get("real_name") or row["name"], profile.get("email")
    return f"{name} ({email})" if email else str(name)
