"""One try's calls: all of them within its time, through the door, with answers read to a limit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from requests import Response, Session

from core.connectors.base import Outside, SendError, asked_pause_s, error_class_of
from core.errors import DeliveryError, NoAnswer

CONNECT_S, TRY_S, LEAST_S = 5.0, 30.0, 1.0
MOST_READ = 2_000_000
"""Of an answer: somebody may have joined very many teams."""
MOST_SHOWN = 1_000
AGENT = "Bridgecast"
PASSING = frozenset({408, 425, 429})
GONE = frozenset({404, 410})


@dataclass
class Calls:
    """The calls of one try. until_s: on the monotonic clock."""

    outside: Outside
    until_s: float = field(default_factory=lambda: time.monotonic() + TRY_S)

    def session(self) -> Session:
        """A session for what time is left."""
        return self.outside.session(most_bytes=MOST_READ, whole_s=max(LEAST_S, self.until_s - time.monotonic()))

    def get(self, url: str, headers: Mapping[str, str]) -> Response:
        """Raises DeliveryError."""
        with self.session() as session:
            return session.get(url, headers=_with_agent(headers), timeout=(CONNECT_S, TRY_S))

    def head(self, url: str) -> Response:
        """Raises DeliveryError."""
        with self.session() as session:
            return session.head(url, headers=_with_agent({}), timeout=(CONNECT_S, TRY_S))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Raises DeliveryError."""
        sent = _with_agent({"Content-Type": "application/json; charset=utf-8", **headers})
        with self.session() as session:
            return session.post(url, data=body, headers=sent, timeout=(CONNECT_S, TRY_S))


def is_final(status: int) -> bool:
    """Another try helps against what passes: too much at once, and trouble on the other side."""
    return 300 <= status <= 499 and status not in PASSING


def unanswered(error: DeliveryError, request: str, *, has_begun: bool = True) -> SendError:
    """A call that never came to an answer. has_begun: whether it was one with an effect."""
    is_unknown = has_begun and isinstance(error, NoAnswer)
    kind = error_class_of(error)
    return SendError(str(error), permanent=error.permanent, is_unknown=is_unknown, error_class=kind, request=request)


def refused(answer: Response, sentence: str, *, request: str, said: str, pauses_connection: bool = False) -> SendError:
    """An answer that is no success. said: the answer, masked."""
    status = answer.status_code
    return SendError(
        sentence,
        permanent=is_final(status),
        retry_after_s=asked_pause_s(answer.headers.get("Retry-After"), datetime.now(UTC)),
        disables=status in GONE,
        pauses_connection=pauses_connection,
        error_class="gone" if status in GONE else "auth" if status in {401, 403} else f"http {status}",
        status=status,
        request=request,
        response=said,
    )


def _with_agent(headers: Mapping[str, str]) -> dict[str, str]:
    return {"User-Agent": AGENT, **headers}
