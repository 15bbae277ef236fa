"""A choice from a dropdown in Slack: whether the call is Slack's own, what was chosen, the message to show for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock, SignatureVerifier

from core.connectors.base import Account, Outside
from core.connectors.slack.api import CONNECT_S, Desk, failure, open_client
from core.connectors.slack.shown import CHOOSE, chosen, menu_of, shown
from core.errors import DataError, DeliveryError

ANSWERS_S = 20.0


@dataclass(frozen=True)
class Choice:
    """What somebody chose. delivery_id: of the report; response_url: where the message is replaced, for a while."""

    delivery_id: str
    value: str
    response_url: str
    channel: str
    ts: str


class _At(Clock):
    """The verifier's clock, from outside."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now.timestamp()


def verified(signing_secret: str, body: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Whether a request was signed with the app's secret, within the last five minutes."""
    given = {name.lower(): value for name, value in headers.items()}
    stamp, signature = given.get("x-slack-request-timestamp", ""), given.get("x-slack-signature", "")
    if not (signing_secret and signature and stamp.isascii() and stamp.isdigit()):
        return False
    verifier = SignatureVerifier(signing_secret, clock=_At(now))
    return bool(verifier.is_valid(body=body, timestamp=stamp, signature=signature))


def payload_of(body: bytes) -> Mapping[str, Any]:
    """The JSON within the form that Slack sends. Raises DataError."""
    try:
        found = json.loads(parse_qs(body.decode("utf-8"))["payload"][0])
    except (KeyError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DataError("This is no interaction of Slack.")
    return found


def read_choice(payload: Mapping[str, Any]) -> Choice | None:
    """What was chosen; None for anything else that people press, such as a button that is a link."""
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    marker, _, delivery_id = str(first.get("block_id", "")).partition(":")
    option = first.get("selected_option")
    if payload.get("type") != "block_actions" or marker != CHOOSE or not delivery_id or not isinstance(option, dict):
        return None
    place = payload.get("container")
    container = place if isinstance(place, dict) else {}
    return Choice(
        delivery_id,
        str(option.get("value", "")),
        str(payload.get("response_url", "")),
        str(container.get("channel_id", "")),
        str(container.get("message_ts", "")),
    )


@dataclass(frozen=True)
class Chosen:
    """A dropdown's report as it was sent: its message as drawn, and the uploaded pictures by name."""

    message: Mapping[str, Any]
    cursor: Mapping[str, Any]

    def answer(self, account: Account, outside: Outside, choice: Choice) -> None:
        """Replace the message by what was chosen: at the response address, or as the bot where that one is over.

        Raises DataError for a choice that the report does not have, DeliveryError when Slack takes neither.
        """
        post = self.message["posts"][0]
        blocks = chosen(post["blocks"], self.message["choices"], choice.value)
        if blocks is None:
            raise DataError("The report does not have what was chosen.")
        sent = shown(menu_of(blocks, choice.delivery_id), self._picture)
        desk = Desk.of(account)
        if not self._responded(outside, choice, str(post["text"]), sent):
            self._updated(desk, outside, choice, str(post["text"]), sent)

    def _picture(self, name: str) -> Mapping[str, Any]:
        """The uploaded one; none where the message went out without it."""
        known = self.cursor.get("files", {}).get(name)
        return {"slack_file": {"id": known["id"]}} if known else {}

    def _responded(self, outside: Outside, choice: Choice, text: str, blocks: list[dict[str, Any]]) -> bool:
        if not choice.response_url:
            return False
        body = json.dumps({"replace_original": True, "text": text, "blocks": blocks}).encode("utf-8")
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            with outside.session(whole_s=ANSWERS_S) as session:
                answer = session.post(choice.response_url, data=body, headers=headers, timeout=(CONNECT_S, ANSWERS_S))
        except DeliveryError:
            return False
        return answer.status_code == 200

    def _updated(self, desk: Desk, outside: Outside, choice: Choice, text: str, blocks: list[dict[str, Any]]) -> None:
        try:
            with open_client(desk, outside, try_s=ANSWERS_S) as client:
                client.chat_update(channel=choice.channel, ts=choice.ts, text=text, blocks=blocks)
        except SlackApiError as error:
            raise failure(error, desk) from None
