"""Slack's Web API through slack-sdk, on the guarded door, and what its answers mean for another try.

slack-sdk's client builds the requests and reads the answers; its one method that opens a socket
(`_perform_urllib_http_request_internal`, in 3.47) is replaced, so that every byte goes out by `Outside.session`. Its
own retries are off: they sleep in the worker, and one that follows a lost answer posts twice.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

from requests import Session
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from core.connectors.base import Account, Outside, SendError, asked_pause_s, error_class_of, masked
from core.errors import DeliveryError, NoAnswer

API_URL = "https://slack.com/api/"
AT_ONCE, PAUSE_S = 3, 1.0
"""Slack takes about one message a second in a channel, and a few at once."""
CONNECT_S, CALL_S, TRY_S = 5.0, 30.0, 100.0
"""To connect, for one call, and for all calls of one try."""
MOST_READ, MOST_SHOWN = 4_000_000, 1_000
NO_JSON = "no JSON"
"""The error of an answer that is not of the Web API: a proxy's page, a notice of maintenance."""
TRANSIENT = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "ratelimited", "rate_limited", "request_timeout", NO_JSON}
)
ADVICE: Mapping[str, str] = {
    "channel_not_found": "Choose the channel again; into a private one the app has to be invited first.",
    "is_archived": "The channel is archived. Choose another one.",
    "not_in_channel": "Invite the app into the channel: /invite in Slack.",
    "restricted_action": "The workspace does not let the app write there. Ask its administrators.",
    "invalid_auth": "The token is not accepted. Install the app anew and type its token.",
    "not_authed": "The connection has no token. Type it.",
    "token_revoked": "The token was revoked. Install the app anew and type its token.",
    "token_expired": "The token has expired. Install the app anew and type its token.",
    "account_inactive": "The app's account was switched off. Install the app anew and type its token.",
    "users_not_found": "Nobody in the workspace has this address. Choose somebody else.",
    "msg_blocks_too_long": "The message is too long for Slack. Show fewer views, or the list.",
}
GONE = frozenset({"is_archived"})
"""What is gone for good: the destination is switched off."""
_SILENT = logging.getLogger(f"{__name__}.sdk")
_SILENT.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True)
class Desk:
    """The settings of a Slack connection, typed."""

    base_url: str
    icon_url: str
    token: str = field(repr=False)
    hook_url: str = field(repr=False)
    signing_secret: str = field(repr=False)
    app_token: str = field(repr=False)

    @classmethod
    def of(cls, account: Account) -> Desk:
        """Read from an account whose settings were checked."""
        given, secrets = account.settings, account.secrets
        names = ("token", "incoming_webhook_url", "signing_secret", "app_token")
        base = str(given.get("base_url") or API_URL)
        return cls(
            base if base.endswith("/") else f"{base}/",
            str(given.get("icon_url") or ""),
            *(secrets.get(name, "").strip() for name in names),
        )

    @property
    def host(self) -> str:
        """Whom it speaks to, for sentences."""
        return str(urlsplit(self.base_url if self.token else self.hook_url or self.base_url).hostname)

    def hears_choices(self, *, is_reached: bool) -> bool:
        """Whether Slack can tell what was chosen from a menu. is_reached: whether it reaches us by https."""
        return bool(self.token and (self.app_token or (self.signing_secret and is_reached)))

    def said(self, text: str) -> str:
        """Text of or about Slack, without the secrets that may be in it."""
        return masked(text, [self.token, self.hook_url, self.signing_secret, self.app_token], most=MOST_SHOWN)


class GuardedClient(WebClient):
    """slack-sdk's client on the guarded door. until: `time.monotonic()` at which the try has to be over."""

    def __init__(self, session: Session, desk: Desk, until_s: float, token: str | None = None) -> None:
        super().__init__(token=token or desk.token or None, base_url=desk.base_url, retry_handlers=[], logger=_SILENT)
        self.session, self._until_s = session, until_s

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        status, headers, body = self.post(url, req.data, dict(req.header_items()))
        return {"status": status, "headers": dict(headers), "body": _as_object(body)}

    def post(self, url: str, data: Any, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], str]:
        """Status, headers and body of the answer to a POST. Raises HostRefused, NoAnswer, DeliveryError."""
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise DeliveryError("Slack was too slow for one try. It goes on where it stopped.")
        answer = self.session.post(url, data=data, headers=dict(headers), timeout=(CONNECT_S, min(CALL_S, left_s)))
        return answer.status_code, answer.headers, answer.content.decode("utf-8", "replace")


def keep_pace(number: int) -> None:
    """Before a report's message of this number: many are not posted faster than Slack takes them."""
    if number >= AT_ONCE:
        time.sleep(PAUSE_S)


@contextmanager
def open_client(
    desk: Desk, outside: Outside, *, try_s: float = TRY_S, token: str | None = None
) -> Iterator[GuardedClient]:
    """A client for the calls of one try. token: instead of the bot's."""
    with outside.session(most_bytes=MOST_READ, whole_s=CALL_S) as session:
        yield GuardedClient(session, desk, time.monotonic() + try_s, token)


def _as_object(body: str) -> str:
    """The body; of one that is no JSON object, which slack-sdk fails at, an error that says so."""
    try:
        is_object = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        is_object = False
    return body if is_object else json.dumps({"ok": False, "error": NO_JSON, "said": body[:MOST_SHOWN]})


def error_name(error: SlackApiError) -> str:
    """What Slack calls it; of an answer that is none of its own, the status."""
    status, data = error.response.status_code, error.response.data
    name = data.get("error") if isinstance(data, Mapping) else None
    if status == 429:
        return "ratelimited"
    return str(name) if status == 200 and name else f"http {status}"


def is_transient(error: SlackApiError) -> bool:
    """Whether the same call may be well later."""
    name = error_name(error)
    return name in TRANSIENT or name.startswith("http 5")


def failure(error: Exception, desk: Desk, *, request: str = "", is_unknown: bool = False) -> SendError:
    """What an error means for the delivery. is_unknown: whether a lost answer leaves nobody knowing."""
    if isinstance(error, SlackApiError):
        return _refused(error, desk, request)
    if isinstance(error, SendError):
        return error
    if not isinstance(error, DeliveryError):
        raise error
    is_lost = isinstance(error, NoAnswer)
    kind = error_class_of(error)
    return SendError(
        str(error), permanent=error.permanent, is_unknown=is_lost and is_unknown, error_class=kind, request=request
    )


def _refused(error: SlackApiError, desk: Desk, request: str) -> SendError:
    response, name = error.response, error_name(error)
    data = response.data if isinstance(response.data, Mapping) else {}
    may_be_well = is_transient(error)
    headers = {str(key).lower(): str(value) for key, value in response.headers.items()}
    needed = (
        f" The app lacks the scope {data['needed']}: add it, then install the app anew." if "needed" in data else ""
    )
    details = "; ".join(map(str, data.get("errors") or ()))[:300]
    advice = needed or f" {ADVICE.get(name, 'Look at the export.')}" if not may_be_well else " Another try follows."
    return SendError(
        desk.said(f"{desk.host} answered {name}{f': {details}' if details else ''}.{advice}"),
        permanent=not may_be_well,
        retry_after_s=asked_pause_s(headers.get("retry-after"), datetime.now(UTC)) if may_be_well else None,
        disables=name in GONE,
        error_class=name,
        status=response.status_code,
        request=request,
        response=desk.said(str(dict(data))),
    )
