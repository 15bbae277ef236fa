"""The strict Slack is strict: it takes what Slack takes and refuses what Slack refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.connectors.slack_rules import complaints
from tests.connectors.slack_server import TOKEN, Fault, Workspace, slack_server

PICTURE = b"\x89PNG picture"


@pytest.fixture
def slack() -> Iterator[Workspace]:
    with slack_server() as workspace:
        yield workspace


def client(slack: Workspace, token: str = TOKEN) -> WebClient:
    return WebClient(token, base_url=slack.base_url, retry_handlers=[])


def refused(slack: Workspace, blocks: list[dict[str, Any]]) -> str:
    with pytest.raises(SlackApiError) as caught:
        client(slack).chat_postMessage(channel="C0001", text="x", blocks=blocks)
    return str(caught.value.response["error"])


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_slack_s_own_client_posts_and_reads_pages(slack: Workspace) -> None:
    posted = client(slack).chat_postMessage(channel="#general", text="Hello", blocks=[section("*Hello*")])
    assert posted["channel"] == "C0001"
    names = [row["name"] for page in client(slack).conversations_list(limit=200) for row in page["channels"]]
    assert names == ["general", "random", "revenue", "old"]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        section("x" * 3_001),
        section(""),
        section("Fish & chips"),
        section("a < b"),
        {"type": "image", "image_url": "https://example.org/a.png"},
        {"type": "image", "image_url": "http://example.org/a.png", "alt_text": "x"},
        {"type": "image", "slack_file": {"id": "F404"}, "alt_text": "x"},
        {"type": "image", "slack_file": {"id": "F1", "url": "u"}, "alt_text": "x"},
        {"type": "context", "elements": []},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x" * 76}}]},
        {"type": "actions", "elements": [{"type": "static_select", "options": []}]},
        {"type": "waterfall"},
        {"type": "divider", "colour": "red"},
    ],
)
def test_blocks_beyond_a_limit_are_refused(block: dict[str, Any], slack: Workspace) -> None:
    assert refused(slack, [block]) == "invalid_blocks"


def test_too_many_and_too_long_blocks_are_refused(slack: Workspace) -> None:
    assert refused(slack, [section("x")] * 51) == "invalid_blocks"
    assert refused(slack, [section("x" * 3_000)] * 5) == "msg_blocks_too_long"
    assert "block_id" in complaints([{"type": "divider", "block_id": "a"}] * 2, ())[0]


def test_a_file_is_shown_once_it_is_uploaded_completed_and_ready(slack: Workspace) -> None:
    asked = client(slack).files_getUploadURLExternal(filename="chart.png", length=len(PICTURE), alt_txt="A chart")
    show = [{"type": "image", "slack_file": {"id": asked["file_id"]}, "alt_text": "A chart"}]
    assert requests.post(asked["upload_url"], PICTURE[:-1], timeout=5).status_code == 400
    assert requests.post(asked["upload_url"], PICTURE, timeout=5).text == f"OK - {len(PICTURE)}"
    client(slack).files_completeUploadExternal(files=[{"id": asked["file_id"], "title": "Chart"}])
    assert refused(slack, show) == "invalid_blocks"
    assert client(slack).files_info(file=asked["file_id"])["file"]["mimetype"] == "image/png"
    client(slack).chat_postMessage(channel="C0001", text="x", blocks=show)
    assert slack.shown == [asked["file_id"]]


def test_tokens_scopes_and_channels_are_checked(slack: Workspace) -> None:
    def error_of(token: str, channel: str) -> str:
        with pytest.raises(SlackApiError) as caught:
            client(slack, token).chat_postMessage(channel=channel, text="x")
        return str(caught.value.response["error"])

    assert error_of("xoxb-other", "C0001") == "invalid_auth"
    assert error_of(TOKEN, "C404") == "channel_not_found"
    assert error_of(TOKEN, "C0009") == "is_archived"
    slack.scopes = "channels:read"
    assert error_of(TOKEN, "C0001") == "missing_scope"


def test_it_fails_as_it_is_told(slack: Workspace) -> None:
    slack.fault = lambda call: Fault(429, {"Retry-After": "7"}, '{"ok": false, "error": "ratelimited"}')
    with pytest.raises(SlackApiError) as caught:
        client(slack).chat_postMessage(channel="C0001", text="x")
    assert caught.value.response.headers["Retry-After"] == "7"
    slack.fault = lambda call: Fault(is_done=True, is_lost=True)
    with pytest.raises(Exception, match=r"closed|reset|remote", check=lambda error: isinstance(error, OSError)):
        client(slack).chat_postMessage(channel="C0001", text="x")
    assert len(slack.messages) == 1


def test_an_incoming_webhook_answers_in_plain_text(slack: Workspace) -> None:
    assert requests.post(slack.hook_url, json={"text": "x", "blocks": [section("x")]}, timeout=5).text == "ok"
    assert requests.post(slack.hook_url, json={"channel": "C1", "text": "x"}, timeout=5).text == "invalid_payload"
    assert requests.post(slack.hook_url[:-1], json={"text": "x"}, timeout=5).status_code == 404
