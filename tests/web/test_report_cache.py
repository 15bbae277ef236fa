from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from core.errors import DataError
from core.web.drawing import Drawn
from core.web.report_cache import ReportCache

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def drawn(size: int = 10) -> Drawn:
    return Drawn.of(b"x" * size, "csv", NOW)


def test_it_is_drawn_once_however_many_ask_at_a_time(threads: ThreadPoolExecutor) -> None:
    calls: list[int] = []
    is_asked = threading.Event()

    def draw() -> Drawn:
        is_asked.wait(30)
        calls.append(1)
        return drawn()

    async def ask() -> None:
        cache = ReportCache(threads)
        waiting = [asyncio.create_task(cache.draw("key", draw)) for _ in range(8)]
        await asyncio.sleep(0)
        is_asked.set()
        await asyncio.gather(*waiting)
        assert cache.get("key") is not None

    asyncio.run(ask())
    assert calls == [1]


def test_who_stops_waiting_does_not_stop_it_for_the_others(threads: ThreadPoolExecutor) -> None:
    go_on = threading.Event()

    def draw() -> Drawn:
        go_on.wait(30)
        return drawn()

    async def ask() -> Drawn:
        cache = ReportCache(threads)
        first, second = (asyncio.create_task(cache.draw("key", draw)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        go_on.set()
        return await second

    assert asyncio.run(ask()) == drawn()


def test_what_fails_is_tried_again_by_the_next(threads: ThreadPoolExecutor) -> None:
    def fail() -> Drawn:
        raise DataError("no rows")

    async def ask() -> Drawn:
        cache = ReportCache(threads)
        with pytest.raises(DataError):
            await cache.draw("key", fail)
        return await cache.draw("key", drawn)

    assert asyncio.run(ask()) == drawn()


def test_what_was_asked_for_longest_ago_makes_room(threads: ThreadPoolExecutor) -> None:
    async def fill() -> list[bool]:
        cache = ReportCache(threads, room_bytes=25)
        for key in ("a", "b"):
            await cache.draw(key, drawn)
        cache.get("a")
        await cache.draw("c", drawn)
        return [cache.get(key) is not None for key in ("a", "b", "c")]

    assert asyncio.run(fill()) == [True, False, True]


def test_what_is_larger_than_the_room_is_not_kept(threads: ThreadPoolExecutor) -> None:
    async def fill() -> Drawn | None:
        cache = ReportCache(threads, room_bytes=25)
        await cache.draw("large", lambda: drawn(26))
        return cache.get("large")

    assert asyncio.run(fill()) is None
