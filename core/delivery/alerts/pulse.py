"""The dead man's switch: an address that is called each minute, so that its silence tells what no mail can tell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.connectors.base import Outside
from core.delivery.attempts import attempted
from core.errors import DeliveryError

log = structlog.get_logger(__name__)

EVERY_S = 60.0
CONNECT_S, WHOLE_S = 5.0, 15.0
END_S = 1.0
MOST_READ = 4_096


class Pulse:
    """Calls the address as long as the heart beats: as it is while all is well, with `/fail` behind it when mail fails.

    is_beating: whether the sidecar's heart beats; a process that only half lives is silent. has_trouble: whether mail
    fails.
    """

    def __init__(
        self,
        url: str,
        outside: Outside,
        is_beating: Callable[[], bool],
        has_trouble: Callable[[], bool],
        every_s: float = EVERY_S,
    ) -> None:
        self._url, self._outside, self._every_s = url, outside, every_s
        self._is_beating, self._has_trouble = is_beating, has_trouble
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Call at once, then each minute."""
        self._thread.start()

    def stop(self) -> None:
        """Call no more."""
        self._stopping.set()
        self._thread.join(END_S)

    def beat(self) -> int | None:
        """One call; the answer's status, None where none was made or none came."""
        try:
            if not self._is_beating():
                return None
            url = failing(self._url) if self._has_trouble() else self._url
            with self._outside.session(most_bytes=MOST_READ, whole_s=WHOLE_S) as session:
                status: int = session.get(url, timeout=(CONNECT_S, WHOLE_S)).status_code
        except DeliveryError as error:
            log.warning("heartbeat address not reached", reason=str(error))
            return None
        except SQLAlchemyError as error:
            log.warning("heartbeat left out, the store does not answer", reason=type(error).__name__)
            return None
        if status >= 400:
            log.warning("heartbeat address refused", status=status)
        return status

    def _run(self) -> None:
        while True:
            if isinstance(failure := attempted(self.beat), Exception):
                log.error("heartbeat left out, unexpectedly", exc_info=failure)
            if self._stopping.wait(self._every_s):
                return


def failing(url: str) -> str:
    """The address that says that something is wrong, as Healthchecks and its likes have it."""
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/fail").geturl()
