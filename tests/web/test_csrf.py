"""Who sends a browser's cookie must be one of our pages."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from core.access.keys import Keys
from core.errors import AccessDenied
from core.settings import Settings
from core.web.csrf import FORM_COOKIE, Csrf, checked_form, csrf_token

OWN = "https://bridgecast.example"
KEYS = Keys(("a-key-that-signs-now", "a-key-from-last-year"))
SIGNED_IN = {"cookie": "bridgecast_session=the-session-s-secret"}


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(csrf_token(request))


async def write(request: Request) -> JSONResponse:
    return JSONResponse({"body": (await request.body()).decode()})


async def sign_in(request: Request) -> JSONResponse:
    try:
        return JSONResponse(await checked_form(request))
    except AccessDenied as error:
        return JSONResponse(str(error), 403)


def web(keys: Keys = KEYS, public_url: str = OWN) -> ASGIApp:
    routes = [Route("/page", page), Route("/write", write, methods=["POST"]), Route("/in", sign_in, methods=["POST"])]
    return Csrf(Starlette(routes=routes), keys, Settings(public_url=public_url))


def send(app: ASGIApp, method: str, path: str, **more: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://inner") as client:
            return await client.request(method, path, **more)

    return asyncio.run(ask())


def token(app: ASGIApp, headers: dict[str, str]) -> str:
    return send(app, "GET", "/page", headers=headers).text


def test_a_signed_in_write_from_an_own_page_passes() -> None:
    app = web()
    headers = {**SIGNED_IN, "origin": OWN, "x-csrf-token": token(app, SIGNED_IN)}
    assert send(app, "POST", "/write", headers=headers, content=b"x").json() == {"body": "x"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://[", f"{OWN}.evil.example"])
def test_another_origin_is_refused_even_with_the_token(origin: str) -> None:
    app = web()
    headers = {**SIGNED_IN, "origin": origin, "x-csrf-token": token(app, SIGNED_IN)}
    assert send(app, "POST", "/write", headers=headers).status_code == 403


def test_without_an_origin_it_is_refused() -> None:
    app = web()
    assert send(app, "POST", "/write", headers={**SIGNED_IN, "x-csrf-token": token(app, SIGNED_IN)}).status_code == 403


@pytest.mark.parametrize("shown", ["", "nonsense", "ü"])
def test_without_the_token_it_is_refused(shown: str) -> None:
    headers = {**SIGNED_IN, "origin": OWN}
    assert send(web(), "POST", "/write", headers=headers, data={"csrf": shown}).status_code == 403


def test_the_token_of_another_session_is_refused() -> None:
    app = web()
    other = token(app, {"cookie": "bridgecast_session=somebody-else-s"})
    assert send(app, "POST", "/write", headers={**SIGNED_IN, "origin": OWN, "x-csrf-token": other}).status_code == 403


def test_a_form_may_carry_the_token_as_a_field_and_arrives_whole() -> None:
    app = web()
    fields = {"csrf": token(app, SIGNED_IN), "name": "Zoë"}
    answer = send(app, "POST", "/write", headers={**SIGNED_IN, "origin": OWN}, data=fields)
    assert answer.json() == {"body": f"csrf={fields['csrf']}&name=Zo%C3%AB"}


def test_an_api_token_needs_no_origin() -> None:
    headers = {**SIGNED_IN, "authorization": "Bearer x"}
    assert send(web(), "POST", "/write", headers=headers).status_code == 200


def test_a_request_without_a_session_is_not_its_business() -> None:
    assert send(web(), "POST", "/write").status_code == 200


def test_a_form_before_signing_in_brings_its_own_cookie() -> None:
    app = web()
    shown = send(app, "GET", "/page")
    assert shown.headers["referrer-policy"] == "same-origin"
    assert {"HttpOnly", "SameSite=Lax", "Secure"} <= set(shown.headers["set-cookie"].split("; "))
    cookie = {"cookie": f"{FORM_COOKIE}={shown.cookies[FORM_COOKIE]}", "origin": OWN}
    assert send(app, "POST", "/in", headers=cookie, data={"csrf": shown.text, "a": "b"}).json()["a"] == "b"
    assert send(app, "POST", "/in", headers=cookie, data={"csrf": "x"}).status_code == 403
    assert send(app, "POST", "/in", headers={"origin": OWN}, data={"csrf": shown.text}).status_code == 403


def test_a_program_may_sign_in_without_an_origin() -> None:
    app = web()
    shown = send(app, "GET", "/page")
    cookie = {"cookie": f"{FORM_COOKIE}={shown.cookies[FORM_COOKIE]}"}
    assert send(app, "POST", "/in", headers=cookie, data={"csrf": shown.text, "a": "b"}).json()["a"] == "b"
    assert send(app, "POST", "/in", headers=cookie, data={"csrf": "x"}).status_code == 403


def test_a_form_cookie_s_token_does_not_pass_for_a_session_s() -> None:
    app = web()
    shown = send(app, "GET", "/page")
    both = {"cookie": f"{SIGNED_IN['cookie']}; {FORM_COOKIE}={shown.cookies[FORM_COOKIE]}", "origin": OWN}
    assert send(app, "POST", "/write", headers=both | {"x-csrf-token": shown.text}).status_code == 403


def test_a_token_outlives_the_rotation_of_the_key() -> None:
    headers = {**SIGNED_IN, "origin": OWN, "x-csrf-token": token(web(Keys(KEYS.keys[1:])), SIGNED_IN)}
    assert send(web(), "POST", "/write", headers=headers).status_code == 200


def test_the_host_that_is_asked_is_an_own_origin() -> None:
    app = web()
    headers = {**SIGNED_IN, "origin": "https://inner", "x-csrf-token": token(app, SIGNED_IN)}
    assert send(app, "POST", "/write", headers=headers).status_code == 200


def test_this_computer_is_own_by_all_its_names() -> None:
    app = web(public_url="http://localhost:8502")
    headers = {**SIGNED_IN, "origin": "http://127.0.0.1:8502", "x-csrf-token": token(app, SIGNED_IN)}
    assert send(app, "POST", "/write", headers=headers).status_code == 200
