"""Views of report links, counted in memory: the heartbeat writes them down once a second."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.access.tokens import Caller


@dataclass(frozen=True)
class View:
    """Somebody looked at a report that took a sign-in, or took one of its files."""

    link_id: str
    slug: str
    form: str
    caller: Caller
    address: str
    at: datetime


class Views:
    """Counts by link id, and who looked at what is not public. Thread-safe."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._seen: list[View] = []
        self._guard = threading.Lock()

    def count(self, link_id: str) -> None:
        """One view more."""
        with self._guard:
            self._counts[link_id] += 1

    def saw(self, view: View) -> None:
        """Somebody looked."""
        with self._guard:
            self._seen.append(view)

    def take(self) -> Mapping[str, int]:
        """What was counted since the last time."""
        with self._guard:
            taken, self._counts = self._counts, Counter()
        return taken

    def take_seen(self) -> list[View]:
        """Who looked since the last time."""
        with self._guard:
            taken, self._seen = self._seen, []
        return taken

    def put_back(self, views: Mapping[str, int], seen: Iterable[View] = ()) -> None:
        """Count again what could not be written down."""
        with self._guard:
            self._counts.update(views)
            self._seen[:0] = seen
