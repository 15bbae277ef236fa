"""The address that is called each minute while the sidecar lives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.access.egress import Egress
from core.delivery.alerts.pulse import Pulse, failing
from core.settings import Settings
from tests.polling import wait_for


@pytest.fixture
def called() -> Iterator[tuple[str, list[str]]]:
    """An address and the paths at which it was called."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: it would fill the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/ping/1", paths
    server.shutdown()
    serving.join()
    server.server_close()


def egress(tmp_path: Path, allow: str = "127.0.0.1") -> Egress:
    return Egress(Settings(data_dir=tmp_path, egress_allow=allow))


def test_it_calls_again_and_again_until_it_is_stopped(tmp_path: Path, called: tuple[str, list[str]]) -> None:
    url, paths = called
    pulse = Pulse(url, egress(tmp_path), lambda: True, lambda: False, every_s=0.05)
    pulse.start()
    wait_for(lambda: len(paths) >= 2, what="second call")
    pulse.stop()
    assert set(paths) == {"/ping/1"}


def test_what_nobody_expected_does_not_end_it(tmp_path: Path, called: tuple[str, list[str]]) -> None:
    url, paths = called
    unexpected = [LookupError()]

    def is_beating() -> bool:
        while unexpected:
            raise unexpected.pop()
        return True

    pulse = Pulse(url, egress(tmp_path), is_beating, lambda: False, every_s=0.05)
    pulse.start()
    wait_for(lambda: paths, what="call after one that broke")
    pulse.stop()


def test_while_mail_fails_it_says_so_and_a_heart_that_stands_still_is_silent(
    tmp_path: Path, called: tuple[str, list[str]]
) -> None:
    url, paths = called
    assert Pulse(url, egress(tmp_path), lambda: True, lambda: True).beat() == 200
    assert Pulse(url, egress(tmp_path), lambda: False, lambda: False).beat() is None
    assert paths == ["/ping/1/fail"]


def test_an_address_that_may_not_be_called_is_not(tmp_path: Path, called: tuple[str, list[str]]) -> None:
    url, paths = called
    assert Pulse(url, egress(tmp_path, allow=""), lambda: True, lambda: False).beat() is None
    assert paths == []


def test_what_stands_behind_the_path_stays_there() -> None:
    assert failing("https://ping.example.org/a/?b=1") == "https://ping.example.org/a/fail?b=1"
