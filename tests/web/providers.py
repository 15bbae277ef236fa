"""A real OpenID provider on loopback, which lets anybody in as whom they like."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.ports import free_port

CLIENT_ID, CLIENT_SECRET = "bridgecast", "the-client-s-secret"


@contextmanager
def oidc_provider() -> Iterator[str]:
    """The issuer's address. Who is who there is told by PUT /users/<subject> with their claims."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    issuer = f"http://localhost:{port}"
    try:
        _wait_for(f"{issuer}/.well-known/openid-configuration", process)
        yield issuer
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(address, timeout=60).raise_for_status()
        except httpx.HTTPError:
            assert process.poll() is None, "the provider ended"
            assert time.monotonic() < deadline, "the provider does not answer"
            time.sleep(0.1)
        else:
            return
