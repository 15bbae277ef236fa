"""HTTP through the guarded door: no redirects, no proxies or passwords of the environment, answers read to a limit."""

from __future__ import annotations

import ssl
from collections.abc import Collection
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as WaitedTooLong

from core.access.lines import Line, Timed
from core.errors import DeliveryError, NoAnswer, UntrustedHost

CONNECT_S, READ_S, WHOLE_S = 10.0, 20.0, 60.0
MOST_BYTES = 64_000
PIECE = 8_192
POOLS_KEPT = 4
HTTPS_PORTS = frozenset({443})


class Door(Protocol):
    """What lets calls out (`core.access.egress`)."""

    tls: ssl.SSLContext

    def check_url(self, url: str) -> SplitResult: ...

    def connect(
        self, host: str, port: int, *, usual_ports: Collection[int], timeout_s: float = ..., whole_s: float = ...
    ) -> Line: ...


class GuardedSession(requests.Session):
    """A session of `requests` whose every call goes through the door and ends in time.

    Raises HostRefused for what may not be called and DeliveryError, naming the host alone, for what fails on the way:
    NoAnswer once the call may have gone out, UntrustedHost for a certificate that is not trusted. An answer is returned
    whatever its status; a redirect is not followed. Of the body at most `most_bytes` are read; with `stream=True`
    nothing is, and `read_at_most` reads. whole_s: how long a call may take from its connection on.
    """

    def __init__(self, door: Door, *, most_bytes: int = MOST_BYTES, whole_s: float | None = None) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["Accept-Encoding"] = "identity"
        self._door, self._most_bytes = door, most_bytes
        self.adapters.clear()
        self.mount("https://", _Adapter(door, whole_s))
        self.mount("http://", _Adapter(door, whole_s))

    def send(self, request: requests.PreparedRequest, **given: Any) -> requests.Response:
        """Send it and read the answer to its limit."""
        host = self._door.check_url(str(request.url)).hostname
        wants_stream = bool(given.get("stream"))
        settled: dict[str, Any] = {
            "stream": True,
            "allow_redirects": False,
            "verify": True,
            "proxies": {},
            "timeout": given.get("timeout") or (CONNECT_S, READ_S),
        }
        try:
            answer = super().send(request, **{**given, **settled})
        except requests.exceptions.SSLError as error:
            failure = UntrustedHost if _untrusted(error) else DeliveryError
            raise failure(f"{host} {_what_happened(error)}") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise NoAnswer(f"{host} {_what_happened(error)}") from None
        if not wants_stream:
            answer._content = read_at_most(answer, self._most_bytes)
        return answer


def read_at_most(answer: requests.Response, most_bytes: int) -> bytes:
    """The first bytes of a body, unpacked; then the line is closed.

    Raises NoAnswer, also when the whole call takes longer than it may, however the bytes drip in.
    """
    body = b""
    try:
        with answer:
            while len(body) < most_bytes:
                piece = answer.raw.read1(min(PIECE, most_bytes - len(body)), decode_content=True)
                if not piece:
                    break
                body += piece
    except (HTTPError, OSError) as error:
        raise NoAnswer(f"{urlsplit(answer.url).hostname} {_what_happened(error)}") from None
    return body


class _Adapter(HTTPAdapter):
    """Hands connections of ours to `requests`."""

    def __init__(self, door: Door, whole_s: float | None) -> None:
        self._door, self._whole_s = door, WHOLE_S if whole_s is None else whole_s
        super().__init__(pool_connections=POOLS_KEPT, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **_more: Any) -> None:
        """Pools whose connections are made by the door."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block)
        self.poolmanager.pool_classes_by_scheme = _pools(self._door, self._whole_s)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """The door's certificates instead of those of `requests`."""
        host, _tls = super().build_connection_pool_key_attributes(request, True, cert)
        return host, {"ssl_context": self._door.tls} if host["scheme"] == "https" else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing to add: the certificates are settled, and checking them cannot be switched off."""


def _pools(door: Door, whole_s: float) -> dict[str, type[HTTPConnectionPool]]:
    """Connections keep the host's name, for `Host`, SNI and its certificate; only their socket comes from the door."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> Any:
            timeout_s = _seconds(self.timeout)
            return door.connect(self.host, self.port, usual_ports=HTTPS_PORTS, timeout_s=timeout_s, whole_s=whole_s)

        def request(self, *given: Any, **more: Any) -> None:
            # A line that was kept from the call before begins its time anew.
            if isinstance(self.sock, Timed):
                self.sock.end_within(whole_s)
            super().request(*given, **more)

    class Encrypted(Plain, HTTPSConnection):
        """The same by TLS."""

        def connect(self) -> None:
            """Shake hands. What fails here fails before the call went out."""
            try:
                super().connect()
            except ssl.SSLError:
                raise
            except OSError as error:
                raise DeliveryError(f"{self.host} {_what_happened(error)}") from None

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _seconds(timeout: object) -> float:
    return float(timeout) if isinstance(timeout, (int, float)) else CONNECT_S


def _what_happened(error: Exception) -> str:
    """Never the library's own words: they hold the whole address, which may be a secret."""
    if isinstance(error, requests.exceptions.SSLError):
        why = _untrusted(error) or "it could not be checked"
        return f"showed a certificate that is not trusted: {why}. Correct the host, or its certificate."
    if isinstance(error, (requests.Timeout, WaitedTooLong, TimeoutError)):
        return "did not answer in time. Try again later; if it stays, look at the other side's log."
    return "ended the connection without an answer. Try again later; if it stays, look at the other side's log."


def _untrusted(error: BaseException) -> str:
    """What the TLS library says of a certificate, without the address that surrounds it; "" of another trouble."""
    seen: BaseException | None = error
    while seen is not None:
        if message := getattr(seen, "verify_message", ""):
            return str(message)
        seen = seen.__cause__ or seen.__context__ or next((a for a in seen.args if isinstance(a, BaseException)), None)
    return ""
