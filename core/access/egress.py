"""The one door to the outside: every host that a person names is checked here, and called at the checked address.

What may be called: https on port 443, and mail and file servers on the ports of their protocols, at addresses of the
open internet. Hosts and addresses on BRIDGECAST_EGRESS_ALLOW may be private, and called by http and on any port.
"""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import certifi

from core.access.addresses import METADATA_NAMES, literal, plain_host, refusal
from core.access.http import HTTPS_PORTS, MOST_BYTES, GuardedSession
from core.access.lines import Line, TlsLine
from core.errors import DeliveryError, HostRefused, NoSuchHost, SettingsError
from core.settings import Settings

CONNECT_S, WHOLE_S = 10.0, 300.0
MOST_ADDRESSES = 4
UNKNOWN_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
PROXY_ANSWER_BYTES = 16_384
ALLOW = "Name it in BRIDGECAST_EGRESS_ALLOW if it is yours"
Resolver = Callable[..., list[tuple[Any, ...]]]


@dataclass(frozen=True)
class PinnedAddress:
    """Where a host is to be called: at `address`, which was checked, or where the proxy finds it (None)."""

    host: str
    port: int
    address: str | None


class Egress:
    """Checks hosts and calls them. Thread-safe.

    resolve: stands in for `socket.getaddrinfo`; tls: the certificates that are trusted.
    """

    def __init__(
        self, settings: Settings, *, resolve: Resolver = socket.getaddrinfo, tls: ssl.SSLContext | None = None
    ) -> None:
        self._allowed = _allow_list(settings.egress_allow)
        proxy = settings.egress_proxy
        self._proxy = urlsplit(proxy.get_secret_value()) if proxy else None
        self._resolve = resolve
        self.tls = tls or _trusted()
        self.tls.sslsocket_class = TlsLine

    def allows(self, host: str) -> bool:
        """Whether the allow list names this host, so that it may also be called without encryption."""
        return plain_host(host) in self._allowed

    def session(self, *, most_bytes: int = MOST_BYTES, whole_s: float | None = None) -> GuardedSession:
        """HTTP by the rules above; of each answer at most `most_bytes` are read, each call ends within `whole_s`."""
        return GuardedSession(self, most_bytes=most_bytes, whole_s=whole_s)

    def check(self, url: str) -> PinnedAddress:
        """Where a URL would be called. Raises HostRefused, and DeliveryError when the name leads nowhere."""
        parts = self.check_url(url)
        return self.pin(str(parts.hostname), _port(parts), usual_ports=HTTPS_PORTS)[0]

    def check_url(self, url: str) -> SplitResult:
        """The rules for URLs that need no look-up. Raises HostRefused."""
        parts = _split(url)
        is_allowed = self.allows(str(parts.hostname))
        if parts.scheme != "https" and not (parts.scheme == "http" and is_allowed):
            raise HostRefused(f"'{parts.scheme}' addresses are not called. Use https. {ALLOW}, then http is used too.")
        if parts.username is not None or parts.password is not None:
            raise HostRefused(
                "An address with a user or password before '@' is not called. Put them into their fields."
            )
        self._check_port(str(parts.hostname), _port(parts), HTTPS_PORTS, is_allowed)
        return parts

    def pin(self, host: str, port: int, *, usual_ports: Collection[int]) -> list[PinnedAddress]:
        """The addresses of a host in the order they are to be tried, each of them checked.

        Raises HostRefused, and DeliveryError when the name leads nowhere.
        """
        name = plain_host(host)
        is_allowed = name in self._allowed
        self._check_port(name, port, usual_ports, is_allowed)
        if name in METADATA_NAMES and not is_allowed:
            raise HostRefused(f"'{name}' is where clouds keep the keys of their machines; it is not called.")
        if self._proxy is not None:
            self._check_before_proxy(name, is_allowed)
            return [PinnedAddress(name, port, None)]
        addresses = self._addresses(name, port)
        self._check_addresses(name, addresses, is_allowed)
        return [PinnedAddress(name, port, address) for address in addresses[:MOST_ADDRESSES]]

    def connect(
        self,
        host: str,
        port: int,
        *,
        usual_ports: Collection[int],
        timeout_s: float = CONNECT_S,
        whole_s: float = WHOLE_S,
    ) -> Line:
        """A connected socket, to the checked address or through the proxy.

        usual_ports: what may be called of hosts that are not on the allow list. timeout_s: for one wait; whole_s: for
        all of them, from the connection on. Raises HostRefused and DeliveryError.
        """
        pinned = self.pin(host, port, usual_ports=usual_ports)
        if self._proxy is not None:
            return _through(self._proxy, pinned[0], timeout_s, whole_s)
        return Line.of(_first_that_answers(pinned, timeout_s), whole_s)

    def _check_port(self, host: str, port: int, usual: Collection[int], is_allowed: bool) -> None:
        if port not in usual and not is_allowed:
            listed = ", ".join(map(str, sorted(usual)))
            raise HostRefused(f"Port {port} of '{host}' is not called, only {listed}. {ALLOW}.")

    def _check_addresses(self, host: str, addresses: Collection[str], is_allowed: bool) -> None:
        """One wrong address is enough: nobody knows which one another program would take."""
        for address in addresses:
            reason = refusal(address)
            if reason and not is_allowed and literal(address) not in self._allowed:
                where = f"'{host}'" if address == host else f"'{host}' ({address})"
                raise HostRefused(f"{where} is not called: {reason}. {ALLOW}.")

    def _check_before_proxy(self, name: str, is_allowed: bool) -> None:
        """The proxy looks the name up; where it can be looked up here, what is found must be sound here too."""
        try:
            addresses = self._addresses(name, 0)
        except HostRefused:
            raise
        except DeliveryError:
            return
        self._check_addresses(name, addresses, is_allowed)

    def _addresses(self, name: str, port: int) -> list[str]:
        own = literal(name)
        if own is not None:
            return [own]
        try:
            found = self._resolve(name, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno not in UNKNOWN_NAME:
                raise DeliveryError(
                    f"The name '{name}' cannot be looked up now. Look whether this computer is online."
                ) from None
            found = []
        except UnicodeError:
            found = []
        if not found:
            raise NoSuchHost(f"There is no host '{name}'. Correct its name, or look whether this computer is online.")
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _allow_list(text: str) -> frozenset[str]:
    try:
        return frozenset(plain_host(host) for host in text.split(",") if host.strip())
    except HostRefused as error:
        raise SettingsError(f"BRIDGECAST_EGRESS_ALLOW holds something else than hosts and addresses. {error}") from None


@cache
def _trusted() -> ssl.SSLContext:
    """The system's certificates (SSL_CERT_FILE adds to them) and those that come with Bridgecast's libraries."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


def _split(url: str) -> SplitResult:
    """The parts of a URL, if all programs would read them alike. Raises HostRefused."""
    if not url.isascii() or not url.isprintable() or any(mark in url for mark in ' \\"<>'):
        raise HostRefused("The address holds a space or another sign that does not belong into an address.")
    try:
        parts = urlsplit(url)
        _port(parts)
    except ValueError:
        raise HostRefused("The address is none. Write it like https://example.org/path.") from None
    if not parts.hostname:
        raise HostRefused("The address names no host. Write it like https://example.org/path.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (80 if parts.scheme == "http" else 443)


def _first_that_answers(pinned: list[PinnedAddress], timeout_s: float) -> socket.socket:
    problem: OSError | None = None
    for place in pinned:
        try:
            return socket.create_connection((place.address, place.port), timeout=timeout_s)
        except OSError as error:
            problem = error
    where = f"{pinned[0].host}, port {pinned[0].port}"
    if isinstance(problem, TimeoutError):
        raise DeliveryError(f"{where}: nobody answered within {timeout_s:g} s. Look at host, port and firewall.")
    reason = (problem.strerror if problem else None) or "no answer"
    raise DeliveryError(f"{where} cannot be reached: {reason}. Look at host, port and firewall.")


def _through(proxy: SplitResult, place: PinnedAddress, timeout_s: float, whole_s: float) -> Line:
    """A tunnel that the proxy digs by CONNECT."""
    try:
        line = Line.of(socket.create_connection((proxy.hostname, proxy.port), timeout=timeout_s), whole_s)
    except OSError as error:
        raise DeliveryError(
            f"The proxy of BRIDGECAST_EGRESS_PROXY cannot be reached: {error.strerror or error}."
        ) from None
    try:
        line.sendall(_connect_request(proxy, place))
        status = _proxy_status(line)
    except OSError:
        line.close()
        raise DeliveryError("The proxy of BRIDGECAST_EGRESS_PROXY did not answer in time.") from None
    if status != "200":
        line.close()
        raise DeliveryError(
            f"The proxy of BRIDGECAST_EGRESS_PROXY answered {status or 'nothing'} when asked for {place.host}, port "
            f"{place.port}. Let it pass there."
        )
    return line


def _connect_request(proxy: SplitResult, place: PinnedAddress) -> bytes:
    target = f"[{place.host}]:{place.port}" if ":" in place.host else f"{place.host}:{place.port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.username is not None:
        user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {b64encode(user.encode('utf-8')).decode('ascii')}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _proxy_status(line: socket.socket) -> str:
    """The status of the proxy's answer, whose head is read byte by byte: what follows belongs to the tunnel."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < PROXY_ANSWER_BYTES:
        piece = line.recv(1)
        if not piece:
            break
        head += piece
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split()
    return words[1] if len(words) > 1 else ""
