"""What the outermost layer adds and refuses."""

from __future__ import annotations

import asyncio

import httpx
from starlette.types import Receive, Scope, Send

from core.web.frame import Frame


async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("a secret detail")


async def fine(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"referrer-policy", b"same-origin")]})
    await send({"type": "http.response.body", "body": b""})


def get(app: Frame) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.get("/")

    return asyncio.run(ask())


def test_a_fault_is_told_without_its_trace() -> None:
    answer = get(Frame(broken))
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-request-id"]


def test_by_https_browsers_are_told_to_stay_there() -> None:
    assert get(Frame(fine, is_https=True)).headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in get(Frame(fine)).headers


def test_what_an_answer_says_itself_is_kept() -> None:
    assert get(Frame(fine)).headers.get_list("referrer-policy") == ["same-origin"]
