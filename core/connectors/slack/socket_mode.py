"""Socket Mode: a line that we open to Slack, by which it tells choices where it cannot reach this installation.

slack-sdk's own client opens sockets beside the guarded door; so the line is `websockets` on a socket of the door. Slack
asks for an answer to each envelope within three seconds, and ends every line after some hours: then comes the next.

The line lives on a loop of its own, in one thread: the library's other client reads and writes in two, which what
encrypts a line does not bear before Python 3.13 (answers were lost, one opening in fifty hung).
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from anyio.from_thread import BlockingPortal, start_blocking_portal
from slack_sdk.errors import SlackApiError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from core.connectors.base import Account, Outside
from core.connectors.slack.api import CALL_S, CONNECT_S, Desk, failure, open_client
from core.errors import DeliveryError, NoAnswer

LINE_S = 12 * 3_600.0
"""Slack ends a line before that."""
CLOSE_S = 2.0
USUAL_PORTS = frozenset({443})


@dataclass(frozen=True)
class SlackLine:
    """An open line. One thread uses it."""

    _portal: BlockingPortal
    _connection: ClientConnection

    def hear(self, wait_s: float) -> str | bytes:
        """What comes next. Raises TimeoutError when nothing came for so long, WebSocketException at the line's end."""
        return self._portal.call(self._next, wait_s)

    def say(self, text: str) -> None:
        """Send it. Raises WebSocketException at the line's end."""
        self._portal.call(self._connection.send, text)

    async def _next(self, wait_s: float) -> str | bytes:
        async with asyncio.timeout(wait_s):
            return await self._connection.recv()


@contextmanager
def open_line(account: Account, outside: Outside) -> Iterator[SlackLine]:
    """A line. Raises DeliveryError, also for one that breaks."""
    url = _address(Desk.of(account), outside)
    parts = urlsplit(url)
    is_tls = parts.scheme == "wss"
    port = parts.port or (443 if is_tls else 80)
    host = str(parts.hostname)
    if not is_tls and not outside.allows(host):
        raise DeliveryError("Slack named a line without encryption, which is not called.", permanent=True)
    guarded = outside.connect(host, port, usual_ports=USUAL_PORTS, timeout_s=CONNECT_S)
    # The loop waits by itself, on a plain socket.
    with socket.socket(guarded.family, guarded.type, guarded.proto, guarded.detach()) as line:
        opening = connect(
            url, sock=line, ssl=outside.tls if is_tls else None, proxy=None, compression=None, close_timeout=CLOSE_S
        )
        try:
            with start_blocking_portal() as portal, portal.wrap_async_context_manager(opening) as opened:
                yield SlackLine(portal, opened)
        except (WebSocketException, OSError, ValueError) as error:
            raise NoAnswer(f"The line to Slack ended: {type(error).__name__}.") from None


def envelopes(line: SlackLine, wait_s: float) -> Iterator[Mapping[str, Any] | None]:
    """What comes by a line, each acknowledged at once; None whenever nothing came for a while. Ends with the line."""
    until_s = time.monotonic() + LINE_S
    while time.monotonic() < until_s:
        try:
            said = json.loads(line.hear(wait_s))
        except TimeoutError:
            yield None
            continue
        if said.get("type") == "disconnect":
            return
        if "envelope_id" in said:
            line.say(json.dumps({"envelope_id": said["envelope_id"]}))
        if said.get("type") == "interactive" and isinstance(said.get("payload"), dict):
            yield said["payload"]


def _address(desk: Desk, outside: Outside) -> str:
    """Where a line may be opened now. Raises DeliveryError."""
    try:
        with open_client(desk, outside, try_s=CALL_S, token=desk.app_token) as client:
            return str(client.apps_connections_open(app_token=desk.app_token)["url"])
    except SlackApiError as error:
        raise failure(error, desk) from None
