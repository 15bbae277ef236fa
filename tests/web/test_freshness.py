"""Who looks when: with a catalogue that counts, because the order of looks cannot be seen from outside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.catalogue import Freshness
from core.errors import UnknownDataset
from core.model.data import DatasetSpec
from core.web.freshness import FreshData

LIVE = DatasetSpec.model_validate({"slug": "live", "name": "Live", "source": {"kind": "files", "path": "/data/*.csv"}})


class Source:
    """Stands for app, warehouse and catalogue: every look waits until it is let go, and gives its own number."""

    def __init__(self) -> None:
        self.looks = 0
        self.go_on = threading.Semaphore(0)
        self.warehouse = self.catalogue = self

    def has_changed(self, _spec: DatasetSpec) -> bool:
        self.looks += 1
        self.go_on.acquire(timeout=30)
        return True

    def fresh(self, _slug: str, *, wait_s: float) -> Any:
        return Freshness(self.looks)  # type: ignore[arg-type]

    def latest(self, _slug: str) -> Any:
        return 0


class Empty(Source):
    """A source that was never loaded."""

    def fresh(self, slug: str, *, wait_s: float) -> Any:
        raise UnknownDataset(f"Dataset '{slug}' has no data yet.")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


async def until(is_so: Any) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.005)


def test_who_comes_during_a_look_shares_the_next_one(threads: ThreadPoolExecutor) -> None:
    async def ask() -> list[Any]:
        source = Source()
        data = FreshData(source, threads, 10)  # type: ignore[arg-type]
        first = asyncio.create_task(data.of(LIVE))
        await until(lambda: source.looks == 1)
        later = [asyncio.create_task(data.of(LIVE)) for _ in range(5)]
        await asyncio.sleep(0)
        source.go_on.release(2)
        return [answer.version for answer in await asyncio.gather(first, *later)]

    assert asyncio.run(ask()) == [1, 2, 2, 2, 2, 2]


def test_a_look_that_hangs_gives_the_last_good_version(threads: ThreadPoolExecutor) -> None:
    async def ask() -> tuple[Freshness, Freshness]:
        source = Source()
        data = FreshData(source, threads, -0.9)  # type: ignore[arg-type]
        hanging = await data.of(LIVE)
        source.go_on.release(10)
        await until(lambda: not data._running)
        return hanging, await FreshData(source, threads, 10).of(LIVE)  # type: ignore[arg-type]

    hanging, later = asyncio.run(ask())
    assert (hanging.version, hanging.is_loading) == (0, True)
    assert later.is_loading is False


def test_what_goes_wrong_reaches_everybody_who_waits(threads: ThreadPoolExecutor) -> None:
    async def ask() -> list[Any]:
        source = Empty()
        source.go_on.release(10)
        data = FreshData(source, threads, 10)  # type: ignore[arg-type]
        return await asyncio.gather(*(data.of(LIVE) for _ in range(3)), return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(ask())] == [UnknownDataset] * 3
