"""Behind a proxy: what it says about the visitor counts, and only from a proxy that is trusted.

`X-Forwarded-For` and `X-Forwarded-Proto` are written by whoever sends them. They are believed when the other end of the
connection stands in BRIDGECAST_TRUSTED_PROXIES; of the addresses named, the last one that is no trusted proxy is the
visitor's, since all before it may be made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Networks = Sequence[IPv4Network | IPv6Network]


class Proxies:
    """Gives the inner app the visitor's address and scheme."""

    def __init__(self, inner: ASGIApp, trusted: Networks) -> None:
        self._inner, self._trusted = inner, trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as the trusted proxy saw it."""
        client = scope.get("client")
        if client and _is_trusted(client[0], self._trusted):
            scope = self._seen(scope, client[0])
        await self._inner(scope, receive, send)

    def _seen(self, scope: Scope, peer: str) -> Scope:
        headers = Headers(scope=scope)
        schemes = [each.strip().lower() for each in headers.get("x-forwarded-proto", "").split(",")]
        scheme = schemes[-1] if schemes[-1] in {"http", "https"} else scope.get("scheme")
        address = visitor_address(peer, headers.getlist("x-forwarded-for"), self._trusted)
        return {**scope, "scheme": scheme, "client": (address, 0)}


def visitor_address(peer: str, forwarded: Sequence[str], trusted: Networks) -> str:
    """The last address that is no trusted proxy; the other end's own where it is none itself, or names nobody.

    forwarded: what `X-Forwarded-For` holds, as often as it came.
    """
    address = peer
    for named in reversed(",".join(forwarded).split(",")):
        bare = _without_port(named.strip())
        if bare is None or not _is_trusted(address, trusted):
            return address
        address = bare
    return address


def _is_trusted(address: str, trusted: Networks) -> bool:
    bare = _without_port(address)
    return bare is not None and any(ip_address(bare) in network for network in trusted)


def _without_port(text: str) -> str | None:
    """The address in `1.2.3.4:5678` or `[::1]:5678`, in one spelling; None for what is none."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        parsed = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
