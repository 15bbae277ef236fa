"""Drawn reports, kept in memory, as many as fit; each is drawn once, however many ask for it at a time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Executor

from core.web.drawing import Drawn

ROOM_BYTES = 12 * 1024 * 1024


class ReportCache:
    """The reports drawn last. Belongs to one event loop; drawing happens in the executor's threads."""

    def __init__(self, executor: Executor, room_bytes: int = ROOM_BYTES) -> None:
        self._executor, self._room = executor, room_bytes
        self._kept: OrderedDict[Hashable, Drawn] = OrderedDict()
        self._bytes = 0
        self._flights: dict[Hashable, asyncio.Future[Drawn]] = {}

    def get(self, key: Hashable) -> Drawn | None:
        """What was drawn under this key, if it is still kept."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    async def draw(self, key: Hashable, draw: Callable[[], Drawn]) -> Drawn:
        """Draw it, or wait for whoever is drawing it already. Raises what `draw` raises."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.get_running_loop().run_in_executor(self._executor, draw)
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(flight)

    def _land(self, key: Hashable, flight: asyncio.Future[Drawn]) -> None:
        del self._flights[key]
        if not flight.cancelled() and flight.exception() is None:
            self._keep(key, flight.result())

    def _keep(self, key: Hashable, drawn: Drawn) -> None:
        self._kept[key] = drawn
        self._bytes += len(drawn.body)
        while self._bytes > self._room:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)
