"""Socket Mode: a line that we open to Slack, by which it tells choices where it cannot reach this installation.

slack-sdk's own client opens sockets beside the guarded door; so the line is `websockets` on a socket of the door. Slack
asks for an answer to each envelope within three seconds, and ends every line after some hours: then comes the next.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackApiError
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from core.connectors.base import Account, Outside
from core.connectors.slack.api import CALL_S, CONNECT_S, Desk, failure, open_client
from core.errors import DeliveryError, NoAnswer

LINE_S = 12 * 3_600.0
"""Slack ends a line before that."""
USUAL_PORTS = frozenset({443})


@contextmanager
def open_line(account: Account, outside: Outside) -> Iterator[ClientConnection]:
    """A line. Raises DeliveryError, also for one that breaks."""
    url = _address(Desk.of(account), outside)
    parts = urlsplit(url)
    is_tls = parts.scheme == "wss"
    port = parts.port or (443 if is_tls else 80)
    host = str(parts.hostname)
    if not is_tls and not outside.allows(host):
        raise DeliveryError("Slack named a line without encryption, which is not called.", permanent=True)
    line = outside.connect(host, port, usual_ports=USUAL_PORTS, timeout_s=CONNECT_S, whole_s=LINE_S)
    try:
        with connect(url, sock=line, ssl=outside.tls if is_tls else None, proxy=None, compression=None) as opened:
            yield opened
    except (WebSocketException, OSError, ValueError) as error:
        raise NoAnswer(f"The line to Slack ended: {type(error).__name__}.") from None
    finally:
        line.close()


def envelopes(line: ClientConnection, wait_s: float) -> Iterator[Mapping[str, Any] | None]:
    """What comes by a line, each acknowledged at once; None whenever nothing came for a while. Ends with the line."""
    while True:
        try:
            said = json.loads(line.recv(timeout=wait_s))
        except TimeoutError:
            yield None
            continue
        if said.get("type") == "disconnect":
            return
        if "envelope_id" in said:
            line.send(json.dumps({"envelope_id": said["envelope_id"]}))
        if said.get("type") == "interactive" and isinstance(said.get("payload"), dict):
            yield said["payload"]


def _address(desk: Desk, outside: Outside) -> str:
    """Where a line may be opened now. Raises DeliveryError."""
    try:
        with open_client(desk, outside, try_s=CALL_S, token=desk.app_token) as client:
            return str(client.apps_connections_open(app_token=desk.app_token)["url"])
    except SlackApiError as error:
        raise failure(error, desk) from None
