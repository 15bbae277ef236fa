from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError
from werkzeug import Request, Response

from core.access.egress import Egress
from core.connectors.base import Account, Parcel, SendError, Value, asked_pause_s, checked_secrets, checked_settings
from core.connectors.webhook import Hook, Webhook, refreshed
from core.errors import DataError
from core.settings import Settings
from tests.access.servers import dripping_server, http_server, silent_server
from tests.tls import NAME, Certificates, make_certificates

KEY, OTHER_KEY = ("whsec_" + b64encode(bytes([n]) * 32).decode() for n in (7, 8))
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
PARCEL = Parcel(
    delivery_id="0d7d5b3e-8c6a-4f5e-9a52-3f4f6a1c0b7d",
    run_id="run",
    occurrence="trigger@2026-11-22T09:00:00Z",
    at=AT,
    is_test=False,
    settings={},
    message=refreshed(
        {"id": "e", "name": "Umsätze"}, "run", {"analysis": "shop", "headline": "Revenue fell by €41.3k"}, {}
    ),
)


def outside(allow: str = "127.0.0.1,localhost", **given: Any) -> Egress:
    return Egress(Settings(egress_allow=allow, demo=False), **given)


def account(url: str, secrets: dict[str, str] | None = None, **changes: Value) -> Account:
    kept = checked_secrets(Webhook.fields, {"signing_secret": KEY, **(secrets or {})})
    settings = checked_settings(Webhook.fields, {"url": url, **changes})
    return Account(settings, {name: value for name, value in kept.items() if value})


def refusal(url: str, door: Egress | None = None) -> SendError:
    with pytest.raises(SendError) as caught:
        Webhook().send(account(url), door or outside(), PARCEL)
    return caught.value


def taken(server: HTTPServer) -> Request:
    ((request, _answer),) = server.log
    return request


@pytest.fixture
def hook(httpserver: HTTPServer) -> str:
    """The address of a receiver that answers "thanks"."""
    httpserver.expect_request("/hook", method="POST").respond_with_data("thanks")
    return httpserver.url_for("/hook")


def test_a_message_is_sent_and_the_answer_kept(hook: str, httpserver: HTTPServer) -> None:
    receipt = Webhook().send(account(hook), outside(), PARCEL)
    assert (receipt.outcome, receipt.status, receipt.response) == ("succeeded", 200, "thanks")
    assert json.loads(taken(httpserver).get_data()) == {
        "type": "report.refreshed",
        "timestamp": "2026-11-22T09:00:00Z",
        "data": {
            "export": {"id": "e", "name": "Umsätze"},
            "run_id": "run",
            "analysis": "shop",
            "headline": "Revenue fell by €41.3k",
            "links": {},
        },
    }


def test_a_verifier_of_somebody_else_accepts_the_signature(hook: str, httpserver: HTTPServer) -> None:
    Webhook().send(account(hook), outside(), PARCEL)
    request = taken(httpserver)
    assert Verifier(KEY).verify(request.get_data(), dict(request.headers))["type"] == "report.refreshed"
    with pytest.raises(WebhookVerificationError):
        Verifier(OTHER_KEY).verify(request.get_data(), dict(request.headers))


def test_while_a_secret_is_replaced_both_sign(hook: str, httpserver: HTTPServer) -> None:
    Webhook().send(account(hook, {"old_signing_secret": OTHER_KEY}), outside(), PARCEL)
    request = taken(httpserver)
    for key in (KEY, OTHER_KEY):
        assert Verifier(key).verify(request.get_data(), dict(request.headers))


def test_without_a_secret_a_message_is_not_signed(hook: str, httpserver: HTTPServer) -> None:
    own = account(hook)
    Webhook().send(replace(own, secrets={}), outside(), PARCEL)
    assert "webhook-signature" not in taken(httpserver).headers


def test_a_receiver_knows_a_repeat_by_its_id_and_the_run_by_its_occurrence(hook: str, httpserver: HTTPServer) -> None:
    for _ in range(2):
        Webhook().send(account(hook), outside(), PARCEL)
    first, second = (request for request, _ in httpserver.log)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == PARCEL.delivery_id
    assert first.headers["X-Bridgecast-Occurrence"] == PARCEL.occurrence
    assert first.get_data() == second.get_data()


def test_a_test_says_so(hook: str, httpserver: HTTPServer) -> None:
    Webhook().send(account(hook), outside(), replace(PARCEL, is_test=True))
    assert json.loads(taken(httpserver).get_data())["test"] is True


@pytest.mark.parametrize(
    ("settings", "secrets", "header", "value"),
    [
        ({"auth": "bearer"}, {"token": "t0p"}, "Authorization", "Bearer t0p"),
        ({"auth": "basic", "user": "anna"}, {"password": "p:w"}, "Authorization", "Basic YW5uYTpwOnc="),
        ({"auth": "header", "header": "X-Own"}, {"token": "t0p"}, "X-Own", "t0p"),
        ({"auth": "header"}, {"token": "t0p"}, "X-Api-Key", "t0p"),
    ],
    ids=["bearer", "basic", "header", "usual header"],
)
def test_a_receiver_may_ask_for_a_sign_in_besides(
    settings: dict[str, str], secrets: dict[str, str], header: str, value: str, hook: str, httpserver: HTTPServer
) -> None:
    Webhook().send(account(hook, secrets, **settings), outside(), PARCEL)
    assert taken(httpserver).headers[header] == value


def test_a_sign_in_without_its_secret_is_told_before_anything_is_sent(hook: str, httpserver: HTTPServer) -> None:
    with pytest.raises(SendError, match=r"is to be called with a token, but none is set\. Type it") as caught:
        Webhook().send(account(hook, auth="bearer"), outside(), PARCEL)
    assert caught.value.pauses_connection
    assert not httpserver.log


def test_what_is_shown_holds_no_secret(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_handler(lambda asked: Response(str(asked.headers["Authorization"])))
    own = account(httpserver.url_for("/"), {"token": "hunter2hunter2"}, auth="bearer")
    receipt = Webhook().send(own, outside(), PARCEL)
    assert receipt.response == "Bearer ***"
    assert f"webhook-id: {PARCEL.delivery_id}" in receipt.request
    assert "hunter2" not in receipt.request
    assert "hunter2" not in repr(own)


def test_it_begins_right_before_it_calls(hook: str, httpserver: HTTPServer) -> None:
    seen: list[int] = []
    Webhook().send(account(hook), outside(), replace(PARCEL, begin=lambda: seen.append(len(httpserver.log))))
    assert seen == [0]


@pytest.mark.parametrize("status", [400, 404, 408, 425, 429, 500, 503])
def test_another_try_may_help(status: int, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("not now", status=status)
    error = refusal(httpserver.url_for("/"))
    assert (error.permanent, error.disables, error.status) == (False, False, status)
    assert f"answered {status}: not now." in str(error)
    assert (error.response, error.is_unknown) == ("not now", False)


def test_a_receiver_that_is_gone_is_not_called_again(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(status=410)
    error = refusal(httpserver.url_for("/"))
    assert (error.permanent, error.disables) == (True, True)


def test_a_redirect_is_not_followed(httpserver: HTTPServer) -> None:
    away = {"Location": httpserver.url_for("/inside")}
    httpserver.expect_request("/").respond_with_data(status=307, headers=away)
    error = refusal(httpserver.url_for("/"))
    assert error.permanent
    assert "Redirects are not followed" in str(error)
    assert taken(httpserver).path == "/"


def test_a_receiver_may_ask_for_a_pause(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(status=429, headers={"Retry-After": "120"})
    assert refusal(httpserver.url_for("/")).retry_after_s == 120


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("2.128", 2.128),
        (format_datetime(NOW + timedelta(minutes=3), usegmt=True), 180),
        (format_datetime(NOW - timedelta(minutes=3), usegmt=True), 0),
        ("banana", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("9" * 400, float("inf")),
    ],
)
def test_a_pause_is_asked_for_in_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert asked_pause_s(header, NOW) == seconds


def test_an_answer_without_end_is_judged_by_its_status() -> None:
    endless = b"x" * 40_000_000
    with http_server(body=endless) as server:
        receipt = Webhook().send(account(f"http://127.0.0.1:{server.port}/"), outside(), PARCEL)
    assert (receipt.status, len(receipt.response)) == (200, 1_001)


def test_a_gzip_bomb_is_read_to_a_limit_and_judged_by_its_status() -> None:
    bomb = gzip.compress(bytes(100_000_000))
    with http_server(body=bomb, headers={"Content-Encoding": "gzip"}) as server:
        receipt = Webhook().send(account(f"http://127.0.0.1:{server.port}/"), outside(), PARCEL)
    assert receipt.status == 200


def test_a_receiver_that_hangs_is_cut_off_and_nobody_knows_what_became_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.connectors.webhook.WHOLE_S", 0.5)
    with silent_server() as port:
        started = time.monotonic()
        error = refusal(f"http://127.0.0.1:{port}/")
    assert time.monotonic() - started < 60
    assert (error.permanent, error.is_unknown, error.error_class) == (False, True, "no answer")


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"], ids=["head", "body"])
def test_a_receiver_that_drips_is_cut_off_at_the_deadline_of_the_whole(
    words: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.connectors.webhook.WHOLE_S", 0.5)
    with dripping_server(words) as port:
        started = time.monotonic()
        error = refusal(f"http://127.0.0.1:{port}/")
    assert time.monotonic() - started < 60
    assert (error.permanent, error.is_unknown) == (False, True)


@contextmanager
def resetting_server(reads: Callable[[socket.socket], None]) -> Iterator[int]:
    """Reads as it is told, then tears the line down; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            reads(line)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(10)


def test_a_line_torn_after_the_message_leaves_nobody_knowing() -> None:
    def whole_message(line: socket.socket) -> None:
        read = b""
        while not read.endswith(b'"links":{}}}'):
            read += line.recv(65_536)

    with resetting_server(whole_message) as port:
        assert refusal(f"http://127.0.0.1:{port}/").is_unknown


def test_a_receiver_that_nobody_reaches_was_not_sent_anything() -> None:
    with silent_server() as port:
        pass
    error = refusal(f"http://127.0.0.1:{port}/")
    assert (error.is_unknown, error.permanent, error.error_class) == (False, False, "unreachable")


def test_a_certificate_that_nobody_trusts_fails_for_good(tmp_path_factory: pytest.TempPathFactory) -> None:
    certificates: Certificates = make_certificates(tmp_path_factory.mktemp("tls"))
    with http_server(tls=certificates.serving) as server:
        door = outside(NAME, resolve=lambda _name, port, **_more: [(2, 1, 6, "", ("127.0.0.1", port))])
        error = refusal(f"https://{NAME}:{server.port}/", door)
    assert (error.permanent, error.is_unknown, error.error_class) == (True, False, "tls")
    assert "showed a certificate that is not trusted" in str(error)
    assert not server.asked


def test_a_host_inside_is_refused_for_good() -> None:
    error = refusal("https://127.0.0.1/", outside(allow=""))
    assert (error.permanent, error.error_class) == (True, "refused")


@pytest.mark.parametrize(
    "secret", ["short", "whsec_c2hvcnQ=", "whsec_ä", "not base64 at all, but long enough!", "a" * 200]
)
def test_a_signing_secret_that_would_sign_badly_is_refused(secret: str) -> None:
    with pytest.raises(DataError, match="followed by 24 to 64 random bytes in base64") as caught:
        checked_secrets(Webhook.fields, {"signing_secret": secret})
    assert caught.value.field == "secrets.signing_secret"
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", "hooks.example.org"),
        ("url", "ftp://x.example"),
        ("url", "https://"),
        ("header", "X Y"),
        ("header", "Host"),
    ],
)
def test_a_setting_that_cannot_be_sent_is_refused(name: str, value: str) -> None:
    with pytest.raises(DataError) as caught:
        checked_settings(Webhook.fields, {"url": "https://hooks.example.org", name: value})
    assert caught.value.field == f"settings.{name}"


@pytest.mark.parametrize("login", ["reader:geheim", "geheim", ":geheim", "reader:ge@geheim"])
def test_an_address_with_a_login_is_refused_and_one_of_before_is_not_shown(login: str) -> None:
    url = f"https://{login}@hooks.example.org/in@box?to=a@b"
    with pytest.raises(DataError, match="holds no user or password") as caught:
        checked_settings(Webhook.fields, {"url": url})
    assert (caught.value.field, "geheim" in str(caught.value)) == ("settings.url", False)
    kept = account("https://hooks.example.org")
    assert Hook.of(replace(kept, settings={**kept.settings, "url": url})).shown_url == (
        "https://***@hooks.example.org/in@box?to=***"
    )


def test_an_at_sign_after_the_host_is_no_login() -> None:
    url = "https://hooks.example.org/in@box?to=a@b"
    assert checked_settings(Webhook.fields, {"url": url})["url"] == url


def test_a_token_of_two_lines_is_refused() -> None:
    with pytest.raises(DataError, match="one line of ASCII"):
        checked_secrets(Webhook.fields, {"token": "a\r\nX-Evil: b"})


def test_a_check_sends_no_message_and_says_so(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook", method="HEAD").respond_with_data(status=405)
    check = Webhook().check(account(httpserver.url_for("/hook")), outside())
    assert check.ok
    assert "was asked by HEAD, without a message, and answered 405. Whether it takes a message shows the" in check.text
    assert "Messages are signed." in check.text


@pytest.mark.parametrize(("status", "advice"), [(401, "Correct the sign-in"), (302, "Redirects"), (410, "is gone")])
def test_a_check_says_what_to_do(status: int, advice: str, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data(status=status)
    check = Webhook().check(account(httpserver.url_for("/hook")), outside())
    assert (check.ok, advice in check.text) == (False, True)


def test_a_check_of_a_host_that_is_not_there_says_so() -> None:
    def nobody(*_asked: object, **_more: object) -> list[tuple[Any, ...]]:
        return []

    check = Webhook().check(account("https://hooks.example.org/"), outside(resolve=nobody))
    assert (check.ok, "There is no host 'hooks.example.org'" in check.text) == (False, True)


def test_a_token_in_the_query_of_the_address_is_sent_and_never_shown(httpserver: HTTPServer) -> None:
    said = "who is geheim/42 or geheim%2F42?"
    httpserver.expect_request("/hook", query_string="key=geheim%2F42&n=1").respond_with_data(said)
    receipt = Webhook().send(account(httpserver.url_for("/hook?key=geheim%2F42&n=1")), outside(), PARCEL)
    assert receipt.request.startswith(f"POST {httpserver.url_for('/hook')}?key=***&n=*** webhook-id")
    assert "geheim" not in receipt.request + receipt.response
