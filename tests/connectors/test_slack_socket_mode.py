"""Socket Mode's line: encrypted, by the guarded door, and honest about what breaks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from websockets.asyncio.server import ServerConnection, serve

from core.access.egress import Egress
from core.connectors.slack.socket_mode import envelopes, open_line
from core.errors import DeliveryError, NoAnswer
from core.settings import Settings
from tests.connectors.slack_parcels import account
from tests.connectors.slack_server import APP_TOKEN, TOKEN, Workspace, slack_server
from tests.tls import Certificates, make_certificates

Talk = Callable[[ServerConnection], Awaitable[None]]
BOTH = {"token": TOKEN, "app_token": APP_TOKEN}


@pytest.fixture
def slack() -> Iterator[Workspace]:
    with slack_server() as workspace:
        yield workspace


@contextmanager
def line_of(slack: Workspace, certificates: Certificates, talk: Talk) -> Iterator[None]:
    """Slack's end, encrypted."""
    end = slack_end(certificates, talk)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(end) as port:
        slack.line_url = f"wss://127.0.0.1:{port}/link?ticket=secret"
        yield


@asynccontextmanager
async def slack_end(certificates: Certificates, talk: Talk) -> AsyncIterator[int]:
    async with serve(talk, "127.0.0.1", 0, ssl=certificates.serving) as server:
        yield next(iter(server.sockets)).getsockname()[1]


def door(certificates: Certificates | None = None, allow: str = "127.0.0.1") -> Egress:
    tls = certificates.trusting if certificates else None
    return Egress(Settings(egress_allow=allow, demo=False), tls=tls)


def test_what_comes_by_an_encrypted_line_is_acknowledged(slack: Workspace, tmp_path: Path) -> None:
    heard: list[object] = []

    async def talk(line: ServerConnection) -> None:
        await line.send(json.dumps({"type": "hello"}))
        await line.send(json.dumps({"type": "interactive", "envelope_id": "e1", "payload": {"a": 1}}))
        heard.append(json.loads(await line.recv()))
        await line.send(json.dumps({"type": "disconnect"}))

    certificates = make_certificates(tmp_path, "127.0.0.1")
    with line_of(slack, certificates, talk), open_line(account(slack, BOTH), door(certificates)) as line:
        found = [one for one in envelopes(line, 0.1) if one is not None]
    assert found == [{"a": 1}]
    assert heard == [{"envelope_id": "e1"}]


def test_a_line_that_breaks_is_said_without_its_address(slack: Workspace, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "127.0.0.1")

    async def talk(line: ServerConnection) -> None:
        await line.close()

    with (
        line_of(slack, certificates, talk),
        pytest.raises(NoAnswer) as caught,
        open_line(account(slack, BOTH), door(certificates)) as line,
    ):
        list(envelopes(line, 0.1))
    assert "ticket" not in str(caught.value)


def test_a_certificate_that_is_not_trusted_ends_it(slack: Workspace, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "127.0.0.1")

    async def talk(line: ServerConnection) -> None:
        raise AssertionError("nobody came so far")

    with (
        line_of(slack, certificates, talk),
        pytest.raises(DeliveryError),
        open_line(account(slack, BOTH), door()),
    ):
        pass


def test_a_line_without_encryption_to_anybody_else_is_not_opened(slack: Workspace) -> None:
    slack.line_url = "ws://wss.slack.example/link"
    with pytest.raises(DeliveryError, match="without encryption"), open_line(account(slack, BOTH), door()):
        pass


def test_a_token_of_another_kind_is_said(slack: Workspace) -> None:
    wrong = {**BOTH, "app_token": "xapp-other"}
    with pytest.raises(DeliveryError, match="not_allowed_token_type"), open_line(account(slack, wrong), door()):
        pass
