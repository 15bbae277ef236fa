"""An address that guesses tokens is slowed down; whoever shows a valid one from the same address never is."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.access.attempts import address_key
from core.web.problems import ProblemResponse

A_MINUTE = 60
MOST_KEPT = 10_000
# Addresses that are secrets themselves: whoever meets 404 there has guessed.
SECRET_ADDRESSES = ("/r/", "/t/", "/u/", "/i/", "/welcome/")
TOO_MANY = "Too many unknown addresses or tokens were tried from your network address. Wait a moment."


class Buckets:
    """Token buckets in memory: each key may do so much a minute, all of it at once if need be. Thread-safe.

    per_s: the time that is meant instead of a minute.
    """

    def __init__(self, a_minute: int, monotonic: Callable[[], float] = time.monotonic, *, per_s: float = 60.0) -> None:
        self._most, self._rate, self._monotonic = float(a_minute), a_minute / per_s, monotonic
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._guard = threading.Lock()

    def take(self, key: str) -> int:
        """Take one; 0 when there was one, else the seconds until there will be."""
        with self._guard:
            now_s = self._monotonic()
            left, since_s = self._kept.pop(key, (self._most, now_s))
            left = min(self._most, left + (now_s - since_s) * self._rate)
            is_there = left >= 1
            self._kept[key] = (left - 1 if is_there else left, now_s)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return 0 if is_there else math.ceil((1 - left) / self._rate)


class Strangers:
    """Counts, by network address, answers that an unknown token got; beyond the limit they become 429."""

    def __init__(self, inner: ASGIApp, a_minute: int = A_MINUTE) -> None:
        self._inner, self._buckets = inner, Buckets(a_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what it is answered decides whether it counts."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        is_refused = False

        async def send_or_refuse(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and _is_guess(scope, message["status"]):
                client = scope.get("client")
                if seconds := self._buckets.take(address_key(client[0] if client else "")):
                    is_refused = True
                    await ProblemResponse(429, TOO_MANY, headers={"Retry-After": str(seconds)})(scope, receive, send)
            if not is_refused:
                await send(message)

        await self._inner(scope, receive, send_or_refuse)


def _is_guess(scope: Scope, status: int) -> bool:
    if status == 401:
        return "authorization" in Headers(scope=scope)
    return status == 404 and scope["path"].startswith(SECRET_ADDRESSES)
