"""Views of report links, counted in memory: the heartbeat writes them down once a second."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping


class Views:
    """Counts by link id. Thread-safe."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._guard = threading.Lock()

    def count(self, link_id: str) -> None:
        """One view more."""
        with self._guard:
            self._counts[link_id] += 1

    def take(self) -> Mapping[str, int]:
        """What was counted since the last time."""
        with self._guard:
            taken, self._counts = self._counts, Counter()
        return taken

    def put_back(self, views: Mapping[str, int]) -> None:
        """Count again what could not be written down."""
        with self._guard:
            self._counts.update(views)
