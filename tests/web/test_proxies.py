"""Whom the sidecar takes for its visitor, behind a proxy and without one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from core.errors import SettingsError
from core.settings import Settings, read_settings
from core.web.proxies import Proxies

PROXY, OTHER = "10.0.0.5", "203.0.113.9"


def seen(peer: str | None, trusted: str = PROXY, **headers: str) -> tuple[str | None, str]:
    """Address and scheme that the inner app sees."""
    found: dict[str, Any] = {}

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        found.update(scope)

    async def nothing(*_: object) -> Any:
        return {}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "scheme": "http", "headers": named, "client": (peer, 5000) if peer else None}
    asyncio.run(Proxies(inner, Settings(trusted_proxies=trusted).trusted_networks)(scope, nothing, nothing))
    return found["client"][0] if found["client"] else None, found["scheme"]


def test_a_trusted_proxy_names_the_visitor_and_the_scheme() -> None:
    assert seen(PROXY, x_forwarded_for="198.51.100.7", x_forwarded_proto="https") == ("198.51.100.7", "https")


def test_nobody_else_is_believed() -> None:
    assert seen(OTHER, x_forwarded_for="198.51.100.7", x_forwarded_proto="https") == (OTHER, "http")


def test_by_default_no_proxy_is_believed_not_even_on_this_computer() -> None:
    assert seen("127.0.0.1", trusted="", x_forwarded_for="198.51.100.7") == ("127.0.0.1", "http")


def test_what_a_visitor_made_up_before_the_proxy_s_own_entry_is_not_heeded() -> None:
    assert seen(PROXY, x_forwarded_for="127.0.0.1, 192.0.2.1, 198.51.100.7")[0] == "198.51.100.7"


def test_several_trusted_proxies_are_passed_over() -> None:
    assert seen(PROXY, trusted="10.0.0.0/8", x_forwarded_for="198.51.100.7, 10.2.3.4")[0] == "198.51.100.7"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("unknown", PROXY),
        ("", PROXY),
        ("198.51.100.7, nonsense", PROXY),
    ],
)
def test_addresses_are_read_in_all_their_spellings(forwarded: str, address: str) -> None:
    assert seen(PROXY, x_forwarded_for=forwarded)[0] == address


def test_a_proxy_that_names_nobody_is_the_visitor_itself() -> None:
    assert seen(PROXY) == (PROXY, "http")


def test_a_scheme_that_is_none_is_not_heeded() -> None:
    assert seen(PROXY, x_forwarded_proto="javascript")[1] == "http"


def test_a_connection_without_an_address_passes() -> None:
    assert seen(None, x_forwarded_for="198.51.100.7") == (None, "http")


def test_a_wrong_network_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGECAST_TRUSTED_PROXIES", "10.0.0.5/8")
    with pytest.raises(SettingsError, match=r"PROXIES is .* these are no addresses"):
        read_settings()
