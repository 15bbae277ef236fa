"""Whoever guesses is slowed down; whoever knows is not."""

from __future__ import annotations

import asyncio

import httpx
from starlette.types import Receive, Scope, Send

from core.web.strangers import MOST_KEPT, Buckets, Strangers
from tests.web.conftest import Site


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


async def teapot(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers with the status in the address."""
    status = int(scope["path"].rsplit("/", 1)[1])
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"whole "})


def statuses(paths: list[str], headers: dict[str, str], a_minute: int = 2) -> list[int]:
    app = Strangers(teapot, a_minute)

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return [await client.get(path, headers=headers) for path in paths]

    answers = asyncio.run(ask())
    assert all(("retry-after" in a.headers) == (a.status_code == 429) for a in answers)
    assert all(a.json()["status"] == 429 if a.status_code == 429 else a.text == "whole " for a in answers)
    return [a.status_code for a in answers]


def test_unknown_tokens_are_counted() -> None:
    assert statuses(["/x/401"] * 4, {"Authorization": "Bearer guess"}) == [401, 401, 429, 429]


def test_unknown_report_links_are_counted() -> None:
    assert statuses(["/r/slug/404"] * 3, {}) == [404, 404, 429]


def test_a_valid_one_from_the_same_address_still_passes() -> None:
    assert statuses([*["/x/401"] * 3, "/x/200"], {"Authorization": "Bearer x"})[-1] == 200


def test_nothing_else_is_counted() -> None:
    assert set(statuses(["/x/404"] * 4, {})) == {404}
    assert set(statuses(["/x/401"] * 4, {})) == {401}


def test_a_bucket_fills_again() -> None:
    clock = Clock()
    buckets = Buckets(60, clock)
    assert [buckets.take("a") for _ in range(61)] == [0] * 60 + [1]
    assert buckets.take("b") == 0
    clock.now_s += 1
    assert buckets.take("a") == 0


def test_a_bucket_holds_no_more_than_a_minute_s_worth() -> None:
    clock = Clock()
    buckets = Buckets(2, clock)
    clock.now_s += 3600
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 30]


def test_buckets_do_not_grow_without_end() -> None:
    buckets = Buckets(1, Clock())
    for number in range(MOST_KEPT + 10):
        buckets.take(str(number))
    assert buckets.take("0") == 0
    assert buckets.take(str(MOST_KEPT)) > 0


def test_guesses_at_the_api_end_in_429_and_the_owner_goes_on(site: Site, one_moment: None) -> None:
    with httpx.Client(base_url=site.base, headers={"Authorization": "Bearer guess"}, timeout=60) as stranger:
        found = {stranger.get("/api/v1/me").status_code for _ in range(80)}
    assert found == {401, 429}
    assert site.client.get("/api/v1/me").status_code == 200
