from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from core.access.egress import Egress
from core.access.http import WHOLE_S, read_at_most
from core.errors import DeliveryError, HostRefused, SettingsError
from core.settings import Settings
from tests.access.servers import connect_proxy, dripping_server, http_server, silent_server
from tests.tls import NAME, Certificates, make_certificates

PUBLIC, LOOPBACK = "93.184.215.14", "127.0.0.1"


def answering(*addresses: str) -> Callable[..., list[tuple[Any, ...]]]:
    """A resolver that gives every name these addresses."""

    def resolve(_name: str, port: int, **_more: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


def door(*addresses: str, allow: str = "", proxy: str | None = None, **more: Any) -> Egress:
    settings = Settings(egress_allow=allow, egress_proxy=proxy, demo=False)
    return Egress(settings, resolve=answering(*(addresses or (PUBLIC,))), **more)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "１２７.0.0.1",
        "１２７。０。０。１",
        "127.0.0.1.",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "[2001:db8::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fe80::1%25lo]",
        "[fec0::1]",
        "[ff02::1]",
    ],
)
def test_an_address_that_is_not_of_the_open_internet_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(HostRefused):
        door().pin(host, 443, usual_ports={443})


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700:4700::1111]", "[::ffff:8.8.8.8]", "example.org", "bücher.de"])
def test_the_open_internet_is_not_refused(host: str) -> None:
    assert door().pin(host, 443, usual_ports={443})


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%eth0", "64:ff9b::a00:1", "2002:a00:1::", "169.254.169.254"],
)
def test_a_name_that_leads_to_such_an_address_is_refused_with_both(address: str) -> None:
    with pytest.raises(HostRefused, match=r"'intranet\.example\.org' \(.*\) is not called: it is"):
        door(address).check("https://intranet.example.org/")


def test_one_wrong_address_among_good_ones_is_enough() -> None:
    with pytest.raises(HostRefused, match=r"10\.0\.0\.7"):
        door(PUBLIC, "10.0.0.7").check("https://example.org/")


@pytest.mark.parametrize("name", ["metadata.google.internal", "METADATA.google.internal.", "metadata", "instance-data"])
def test_names_of_metadata_services_are_refused_wherever_they_lead(name: str) -> None:
    with pytest.raises(HostRefused, match="keys of their machines"):
        door(PUBLIC).check(f"https://{name}/")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://example.org/", "Use https"),
        ("ftp://example.org/", "Use https"),
        ("file:///etc/passwd", "names no host"),
        ("gopher://example.org/", "Use https"),
        ("https://example.org:8443/", "Port 8443"),
        ("https://example.org:22/", "Port 22"),
        ("https://user:word@example.org/", "before '@'"),
        ("https://user@example.org/", "before '@'"),
        ("https://@example.org/", "before '@'"),
        ("https://example.org@127.0.0.1/", "before '@'"),
        ("https://example.org\\@127.0.0.1/", "does not belong"),
        ("https://example.org /", "does not belong"),
        ("https://example.org\t/", "does not belong"),
        ("https://example.org\r\nHost: x/", "does not belong"),
        ("https://１２７.0.0.1/", "does not belong"),
        ("https://example.org:99999/", "is none"),
        ("https://[::1/", "is none"),
        ("https:///path", "names no host"),
        ("example.org", "Use https|names no host"),
        ("https://2130706433/", "is a number"),
        ("https://%31%32%37.0.0.1/", "is a number"),
    ],
)
def test_a_url_against_the_rules_is_refused_with_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(HostRefused, match=sentence):
        door(PUBLIC).check(url)


def test_a_url_by_the_rules_says_where_it_is_called() -> None:
    pinned = door(PUBLIC).check("https://EXAMPLE.org/path?query=1")
    assert (pinned.host, pinned.port, pinned.address) == ("example.org", 443, PUBLIC)


def test_a_name_that_leads_nowhere_may_lead_somewhere_tomorrow() -> None:
    egress = Egress(Settings(demo=False), resolve=lambda *_, **__: [])
    with pytest.raises(DeliveryError, match=r"There is no host 'nowhere\.example'") as caught:
        egress.check("https://nowhere.example/")
    assert not caught.value.permanent


def test_the_allow_list_wins_by_name_and_opens_http_and_every_port() -> None:
    assert door("10.0.0.7", allow="build.corp, Other.corp").check("http://build.corp:8080/").address == "10.0.0.7"
    assert door("169.254.169.254", allow="metadata").check("http://metadata/").port == 80


@pytest.mark.parametrize("spelling", ["10.0.0.7", "::ffff:10.0.0.7", "[::ffff:a00:7]"])
def test_the_allow_list_wins_by_address(spelling: str) -> None:
    assert door(allow=spelling).check("http://10.0.0.7:9000/").port == 9000
    assert door("10.0.0.7", allow=spelling).check("https://build.corp/").address == "10.0.0.7"


def test_an_allowed_address_does_not_let_its_neighbour_in() -> None:
    with pytest.raises(HostRefused):
        door("10.0.0.7", "10.0.0.8", allow="10.0.0.7").check("https://build.corp/")


def test_an_allowed_name_does_not_let_names_below_it_in() -> None:
    with pytest.raises(HostRefused):
        door("10.0.0.7", allow="corp").check("https://build.corp/")


def test_an_allow_list_of_something_else_stops_the_start_with_a_sentence() -> None:
    with pytest.raises(SettingsError, match="BRIDGECAST_EGRESS_ALLOW holds something else"):
        door(allow="https://build.corp")


def test_ports_of_a_protocol_are_those_that_are_declared() -> None:
    assert door(PUBLIC).pin("mail.example.org", 587, usual_ports={25, 465, 587})
    with pytest.raises(HostRefused, match=r"Port 6379 of 'mail\.example\.org' is not called, only 25, 465, 587"):
        door(PUBLIC).pin("mail.example.org", 6379, usual_ports={25, 465, 587})


def test_a_resolver_that_changes_its_mind_is_asked_once_for_a_call(certificates: Certificates) -> None:
    """The first answer is checked and called; a second look-up, which would lead inside, never happens."""
    asked: list[str] = []
    answers = cycle([LOOPBACK, "10.0.0.7"])

    def rebinding(name: str, port: int, **_more: Any) -> list[tuple[Any, ...]]:
        asked.append(name)
        return answering(next(answers))(name, port)

    with http_server(certificates.serving) as server:
        egress = Egress(
            Settings(egress_allow=f"{NAME},{LOOPBACK}", demo=False), resolve=rebinding, tls=certificates.trusting
        )
        assert egress.session().get(f"https://{NAME}:{server.port}/").text == "hello"
    assert asked == [NAME]


def test_a_name_that_turns_inward_after_its_first_call_is_refused_at_the_next() -> None:
    answers = iter([PUBLIC, LOOPBACK])
    egress = Egress(Settings(demo=False), resolve=lambda name, port, **_: answering(next(answers))(name, port))
    assert egress.check("https://example.org/").address == PUBLIC
    with pytest.raises(HostRefused, match="this computer"):
        egress.session().get("https://example.org/")


def test_the_name_travels_in_host_and_sni_and_the_certificate_is_checked_against_it(
    certificates: Certificates,
) -> None:
    serving, names = certificates.serving, []
    serving.sni_callback = lambda _socket, name, _context: names.append(name)
    with http_server(serving) as server:
        egress = door(LOOPBACK, allow=NAME, tls=certificates.trusting)
        assert egress.session().post(f"https://{NAME}:{server.port}/hook", data=b"x").status_code == 200
    assert names == [NAME]
    assert server.received[0]["Host"] == f"{NAME}:{server.port}"


def test_a_certificate_of_another_name_is_refused(certificates: Certificates) -> None:
    with http_server(certificates.serving) as server:
        egress = door(LOOPBACK, allow="other.test", tls=certificates.trusting)
        with pytest.raises(DeliveryError, match=r"other\.test showed a certificate .* Hostname mismatch"):
            egress.session().get(f"https://other.test:{server.port}/")
    assert server.asked == []


def test_checking_certificates_cannot_be_switched_off(certificates: Certificates) -> None:
    with http_server(certificates.serving) as server:
        session = door(LOOPBACK, allow=NAME).session()
        session.verify = False
        with pytest.raises(DeliveryError, match="showed a certificate that is not trusted"):
            session.get(f"https://{NAME}:{server.port}/", verify=False)


def test_a_redirect_is_answered_and_not_followed() -> None:
    with http_server(status=302, headers={"Location": "http://127.0.0.1:1/inside"}) as server:
        answer = door(LOOPBACK, allow=NAME).session().get(f"http://{NAME}:{server.port}/", allow_redirects=True)
    assert (answer.status_code, answer.history, server.asked) == (302, [], ["/"])


def test_a_session_calls_nothing_but_http() -> None:
    for url in ("ftp://example.org/", "file:///etc/passwd"):
        with pytest.raises(HostRefused):
            door(PUBLIC).session().get(url)


def test_proxies_and_passwords_of_the_environment_are_not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {NAME} login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with http_server() as server:
        assert door(LOOPBACK, allow=NAME).session().get(f"http://{NAME}:{server.port}/").ok
    assert "Authorization" not in server.received[0]


def test_an_answer_is_read_to_its_limit_and_no_further() -> None:
    with http_server(body=b"x" * 1_000_000) as server:
        egress = door(LOOPBACK, allow=NAME)
        url = f"http://{NAME}:{server.port}/"
        assert len(egress.session().get(url).content) == 64_000
        assert len(egress.session(most_bytes=10).get(url).content) == 10
        with egress.session() as session, session.get(url, stream=True) as answer:
            assert len(read_at_most(answer, 200_000)) == 200_000


def test_a_packed_answer_is_unpacked_to_its_limit_and_no_further() -> None:
    with http_server(body=gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"}) as server:
        assert len(door(LOOPBACK, allow=NAME).session().get(f"http://{NAME}:{server.port}/").content) == 64_000


def test_a_server_that_hangs_ends_in_a_sentence() -> None:
    with silent_server() as port:
        started = time.monotonic()
        with pytest.raises(DeliveryError, match=f"{NAME} did not answer in time") as caught:
            door(LOOPBACK, allow=NAME).session().get(f"http://{NAME}:{port}/secret-path", timeout=0.2)
    assert time.monotonic() - started < 60
    assert "secret-path" not in str(caught.value)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["status", "header", "body", "size of a piece"],
)
@pytest.mark.parametrize("is_tls", [False, True])
def test_a_server_that_drips_bytes_is_cut_off_at_the_deadline_of_the_whole(
    words: bytes, is_tls: bool, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.access.http.WHOLE_S", 0.5)
    with dripping_server(words, tls=certificates.serving if is_tls else None) as port:
        egress = door(LOOPBACK, allow=NAME, tls=certificates.trusting)
        started = time.monotonic()
        with pytest.raises(DeliveryError, match=f"{NAME} did not answer in time"):
            egress.session().get(f"{'https' if is_tls else 'http'}://{NAME}:{port}/")
    assert time.monotonic() - started < 60


def test_a_line_that_is_used_again_begins_its_time_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr("core.access.lines.time", SimpleNamespace(monotonic=lambda: now_s))
    with http_server(keeps_lines=True) as server, door(LOOPBACK, allow=NAME).session() as session:
        for _ in range(4):
            assert session.get(f"http://{NAME}:{server.port}/").ok
            now_s += 0.6 * WHOLE_S


def test_a_proxy_that_drips_bytes_is_cut_off(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.access.http.WHOLE_S", 0.5)
    with dripping_server(b"HTTP/1.1 200 OK\r\n") as port:
        egress = door(PUBLIC, proxy=f"http://127.0.0.1:{port}")
        with pytest.raises(DeliveryError, match="did not answer in time"):
            egress.session().get(f"https://{NAME}/")


def test_nobody_who_listens_is_told_without_the_path() -> None:
    with silent_server() as port:
        pass
    with pytest.raises(DeliveryError, match=rf"{NAME}, port {port} cannot be reached: Connection refused") as caught:
        door(LOOPBACK, allow=NAME).session().get(f"http://{NAME}:{port}/secret-path")
    assert "secret-path" not in str(caught.value)


def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    with http_server() as server:
        egress = door("127.0.0.2", LOOPBACK, allow=NAME)
        assert egress.session().get(f"http://{NAME}:{server.port}/").ok


def test_calls_go_through_the_proxy_by_name(certificates: Certificates) -> None:
    with http_server(certificates.serving) as server, connect_proxy(server.port) as proxy:
        egress = door(PUBLIC, proxy=f"http://me:p%40ss@127.0.0.1:{proxy.port}", tls=certificates.trusting)
        assert egress.session().get(f"https://{NAME}/").text == "hello"
    assert proxy.heads[0].startswith(f"CONNECT {NAME}:443 HTTP/1.1\r\nHost: {NAME}:443\r\n")
    assert "Proxy-Authorization: Basic bWU6cEBzcw==" in proxy.heads[0]


def test_sockets_of_other_protocols_go_through_the_proxy_too() -> None:
    with http_server() as server, connect_proxy(server.port) as proxy:
        egress = door(PUBLIC, proxy=f"http://127.0.0.1:{proxy.port}")
        with egress.connect("mail.example.org", 587, usual_ports={587}) as line:
            line.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.0 200")


def test_a_proxy_that_refuses_is_told() -> None:
    with connect_proxy(0, status="403 Forbidden") as proxy:
        egress = door(PUBLIC, proxy=f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(DeliveryError, match=f"answered 403 when asked for {NAME}, port 443"):
            egress.session().get(f"https://{NAME}/")


def test_the_rules_hold_before_the_proxy_too() -> None:
    with pytest.raises(HostRefused):
        door(LOOPBACK, proxy="http://127.0.0.1:1").check("https://example.org/")
    with pytest.raises(HostRefused):
        door(proxy="http://127.0.0.1:1").check("https://10.0.0.1/")


def test_a_name_that_only_the_proxy_can_look_up_is_left_to_it() -> None:
    settings = Settings(egress_proxy="http://127.0.0.1:1", demo=False)
    egress = Egress(settings, resolve=lambda *_, **__: [])
    assert egress.check("https://example.org/").address is None


def test_a_session_is_one_of_requests() -> None:
    assert isinstance(door().session(), requests.Session)
