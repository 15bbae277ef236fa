from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.connectors.base import Account, Receipt, SendError, checked_secrets
from core.connectors.slack import SCOPES, Slack, manifest_json
from core.connectors.slack.api import AT_ONCE, PAUSE_S
from core.errors import DataError
from tests.connectors.slack_parcels import (
    SIGNING_SECRET,
    Kept,
    account,
    longer,
    message_of,
    outside,
    parcel,
)
from tests.connectors.slack_server import APP_TOKEN, HOOK, TOKEN, Fault, Workspace, slack_server

LIMITED = Fault(429, {"Retry-After": "120"}, '{"ok": false, "error": "ratelimited"}')


@pytest.fixture
def slack() -> Iterator[Workspace]:
    with slack_server() as workspace:
        yield workspace


def sent(slack: Workspace, folder: Path, kept: Kept | None = None, **more: object) -> Receipt:
    return Slack().send(account(slack), outside(), parcel(folder, kept, **more))  # type: ignore[arg-type]


def refusal(slack: Workspace, folder: Path, kept: Kept | None = None, **more: object) -> SendError:
    with pytest.raises(SendError) as caught:
        sent(slack, folder, kept, **more)
    return caught.value


def hooked(slack: Workspace, **secrets: str) -> Account:
    return account(slack, {"incoming_webhook_url": slack.hook_url, **secrets})


def test_slides_arrive_as_one_message_with_their_pictures(slack: Workspace, tmp_path: Path) -> None:
    receipt = sent(slack, tmp_path)
    (message,) = slack.messages
    assert (receipt.status, message["channel"]) == (200, "C0001")
    assert message["ts"] in receipt.response
    assert [file.content for file in slack.files.values()] == [b"\x89PNG slack-1.png", b"\x89PNG slack-2.png"]
    assert slack.shown == list(slack.files)
    assert message["metadata"]["event_payload"] == {"delivery_id": "d1", "run_id": "r1", "number": 0}
    assert message["text"].startswith("Online shop: Revenue fell")


def test_a_long_report_becomes_a_thread(slack: Workspace, tmp_path: Path) -> None:
    message = message_of()
    posts = message["posts"] * 3
    sent(slack, tmp_path, message={**message, "posts": posts})
    first, *rest = slack.messages
    assert first.get("thread_ts") is None
    assert [one["thread_ts"] for one in rest] == [first["ts"], first["ts"]]


@pytest.mark.parametrize("is_by_hook", [False, True], ids=["bot", "webhook"])
def test_many_messages_are_not_posted_faster_than_slack_takes_them(
    is_by_hook: bool, slack: Workspace, tmp_path: Path
) -> None:
    message, began_s = message_of(), time.monotonic()
    many = parcel(tmp_path, message={**message, "posts": message["posts"] * (AT_ONCE + 1)})
    Slack().send(hooked(slack) if is_by_hook else account(slack), outside(), many)
    assert len(slack.hooked if is_by_hook else slack.messages) == AT_ONCE + 1
    assert time.monotonic() - began_s >= PAUSE_S


def test_a_person_is_found_by_their_address(slack: Workspace, tmp_path: Path) -> None:
    sent(slack, tmp_path, settings={"channel": "anna@example.org"})
    assert slack.messages[0]["channel"] == "D0001"
    assert refusal(slack, tmp_path, settings={"channel": "nobody@example.org"}).permanent


def test_name_and_picture_may_be_others(slack: Workspace, tmp_path: Path) -> None:
    own = account(slack, icon_url="https://example.org/icon.png")
    Slack().send(own, outside(), parcel(tmp_path, settings={"user_name": "Revenue"}))
    assert (slack.messages[0]["username"], slack.messages[0]["icon_url"]) == ("Revenue", "https://example.org/icon.png")


def test_a_try_that_died_while_it_uploaded_goes_on_there(slack: Workspace, tmp_path: Path) -> None:
    kept = Kept()
    slack.fault = lambda call: Fault(is_lost=True) if call.method == "upload" and slack.counts("upload") == 2 else None
    error = refusal(slack, tmp_path, kept)
    assert not error.is_unknown
    assert [one["step"] for one in kept.cursor["files"].values()] == ["uploaded", "asked"]
    assert kept.begun == 0
    sent(slack, tmp_path, kept)
    assert slack.counts("files.getUploadURLExternal") == 2
    assert slack.shown == list(slack.files)


def test_an_address_that_takes_nothing_any_more_is_replaced(slack: Workspace, tmp_path: Path) -> None:
    gone = {"slack-1.png": {"id": "F99", "url": f"http://127.0.0.1:{slack.port}/upload/v1/F99", "step": "asked"}}
    sent(slack, tmp_path, Kept({"files": gone}))
    assert slack.shown == ["F0001", "F0002"]


def test_pictures_that_were_completed_before_they_were_written_down_are_taken_as_done(
    slack: Workspace, tmp_path: Path
) -> None:
    kept = Kept()
    lost = Fault(is_done=True, is_lost=True)
    slack.fault = lambda call: lost if call.method == "files.completeUploadExternal" else None
    refusal(slack, tmp_path, kept)
    slack.fault = lambda call: None
    sent(slack, tmp_path, kept)
    assert slack.counts("upload") == 2
    assert slack.shown == list(slack.files)


def test_a_lost_answer_to_a_message_leaves_nobody_knowing(slack: Workspace, tmp_path: Path) -> None:
    slack.fault = lambda call: Fault(is_done=True, is_lost=True) if call.method == "chat.postMessage" else None
    kept = Kept()
    assert refusal(slack, tmp_path, kept).is_unknown
    assert (kept.begun, len(slack.messages)) == (1, 1)


@pytest.mark.parametrize("lost", [1, 2], ids=["the first", "one of the thread"])
def test_where_the_app_may_look_a_message_whose_answer_was_lost_comes_once(
    lost: int, slack: Workspace, tmp_path: Path
) -> None:
    slack.scopes += ",channels:history"
    kept, posts = Kept(), message_of()["posts"] * 2
    slack.fault = lambda call: (
        Fault(is_done=True, is_lost=True)
        if call.method == "chat.postMessage" and slack.counts("chat.postMessage") == lost
        else None
    )
    assert refusal(slack, tmp_path, kept, message={**message_of(), "posts": posts}).is_unknown
    sent(slack, tmp_path, kept, message={**message_of(), "posts": posts})
    numbers = [message["metadata"]["event_payload"]["number"] for message in slack.messages]
    assert numbers == [0, 1]


@pytest.mark.parametrize(
    "fault",
    [LIMITED, Fault(503), Fault(200, body='{"ok": false, "error": "internal_error"}')],
    ids=["limited", "away", "failing"],
)
def test_while_nobody_can_look_a_message_whose_answer_was_lost_waits(
    fault: Fault, slack: Workspace, tmp_path: Path
) -> None:
    slack.scopes += ",channels:history"
    kept = Kept()
    slack.fault = lambda call: Fault(is_done=True, is_lost=True) if call.method == "chat.postMessage" else None
    refusal(slack, tmp_path, kept)
    slack.fault = lambda call: fault if call.method == "conversations.history" else None
    error = refusal(slack, tmp_path, kept)
    assert (error.permanent, error.is_unknown) == (False, False)
    slack.fault = lambda call: None
    sent(slack, tmp_path, kept)
    assert len(slack.messages) == 1


def test_without_the_scope_to_look_a_lost_message_comes_again(slack: Workspace, tmp_path: Path) -> None:
    kept = Kept()
    slack.fault = lambda call: Fault(is_done=True, is_lost=True) if call.method == "chat.postMessage" else None
    refusal(slack, tmp_path, kept)
    slack.fault = lambda call: None
    sent(slack, tmp_path, kept)
    assert len(slack.messages) == 2


def test_what_was_posted_is_not_posted_again(slack: Workspace, tmp_path: Path) -> None:
    message = message_of()
    posts, kept = message["posts"] * 2, Kept()
    slack.fault = lambda call: (
        LIMITED if call.method == "chat.postMessage" and slack.counts("chat.postMessage") == 2 else None
    )
    refusal(slack, tmp_path, kept, message={**message, "posts": posts})
    slack.fault = lambda call: None
    sent(slack, tmp_path, kept, message={**message, "posts": posts})
    assert [one.get("thread_ts") for one in slack.messages] == [None, slack.messages[0]["ts"]]
    assert slack.counts("upload") == 2


def test_too_many_calls_wait_as_slack_asks(slack: Workspace, tmp_path: Path) -> None:
    slack.fault = lambda call: LIMITED if call.method == "chat.postMessage" else None
    error = refusal(slack, tmp_path)
    assert (error.permanent, error.retry_after_s, error.error_class) == (False, 120, "ratelimited")


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (Fault(503), "http 503"),
        (Fault(200, body='{"ok": false, "error": "internal_error"}'), "internal_error"),
        (Fault(200, body='{"ok": false, "error": "service_unavailable"}'), "service_unavailable"),
        (Fault(200, body="<html>We will be back soon</html>"), "no JSON"),
        (Fault(is_lost=True), "no answer"),
    ],
)
def test_what_may_be_well_later_is_tried_again(fault: Fault, name: str, slack: Workspace, tmp_path: Path) -> None:
    slack.fault = lambda call: fault if call.method == "files.getUploadURLExternal" else None
    error = refusal(slack, tmp_path)
    assert (error.permanent, error.is_unknown, error.error_class) == (False, False, name)


@pytest.mark.parametrize(
    ("channel", "token_error", "name", "disables"),
    [
        ("C404", "", "channel_not_found", False),
        ("C0009", "", "is_archived", True),
        ("C0001", "token_revoked", "token_revoked", False),
        ("C0001", "account_inactive", "account_inactive", False),
    ],
)
def test_what_cannot_be_well_later_is_not_tried_again(
    channel: str, token_error: str, name: str, disables: bool, slack: Workspace, tmp_path: Path
) -> None:
    slack.token_error = token_error
    error = refusal(slack, tmp_path, settings={"channel": channel})
    assert (error.permanent, error.error_class, error.disables) == (True, name, disables)


def test_a_scope_that_lacks_is_named(slack: Workspace, tmp_path: Path) -> None:
    slack.scopes = "chat:write"
    error = refusal(slack, tmp_path)
    assert error.permanent
    assert "files:write" in str(error)


def test_a_channel_has_to_be_chosen(slack: Workspace, tmp_path: Path) -> None:
    assert "names no channel" in str(refusal(slack, tmp_path, settings={"channel": ""}))


def test_a_message_too_long_for_slack_is_shortened_once_and_says_so(slack: Workspace, tmp_path: Path) -> None:
    sent(slack, tmp_path, message=longer(message_of()))
    (message,) = slack.messages
    assert "Shortened here" in json.dumps(message["blocks"])
    assert [block["type"] for block in message["blocks"][-2:]] == ["actions", "context"]
    assert slack.counts("chat.postMessage") == 2


def test_a_message_that_stays_too_long_fails_for_good(slack: Workspace, tmp_path: Path) -> None:
    too_long = Fault(200, body='{"ok": false, "error": "msg_blocks_too_long"}')
    slack.fault = lambda call: too_long if call.method == "chat.postMessage" else None
    error = refusal(slack, tmp_path)
    assert (error.permanent, error.error_class) == (True, "msg_blocks_too_long")
    assert slack.counts("chat.postMessage") == 2


def test_every_call_passes_the_door(slack: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SendError, match="are not called") as caught:
        Slack().send(account(slack), outside(allow=""), parcel(tmp_path))
    assert caught.value.error_class == "refused"
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setattr("urllib.request.urlopen", _no_way_out)
    assert sent(slack, tmp_path).status == 200


def _no_way_out(*_: object, **__: object) -> socket.socket:
    raise AssertionError("a call went out beside the door")


def test_nothing_shown_holds_a_secret(slack: Workspace, tmp_path: Path) -> None:
    slack.fault = lambda call: Fault(200, body=json.dumps({"ok": False, "error": f"no {TOKEN}"}))
    error = refusal(slack, tmp_path)
    assert TOKEN not in f"{error} {error.request} {error.response}"
    slack.fault = lambda call: Fault(403, body=f"invalid_token {slack.hook_url}")
    with pytest.raises(SendError) as caught:
        Slack().send(hooked(slack), outside(), parcel(tmp_path))
    assert "hooksecret" not in f"{caught.value} {caught.value.request} {caught.value.response}"


def test_the_test_of_a_connection_says_who_it_is_and_what_it_lacks(slack: Workspace) -> None:
    check = Slack().check(account(slack, {"token": TOKEN, "signing_secret": SIGNING_SECRET}), outside())
    assert check.ok
    assert (
        "bridgecast in the workspace Example. All scopes are there. Menus in messages work where Slack reaches"
        in check.text
    )
    slack.scopes = "chat:write,files:write,files:read,users:read,users:read.email,channels:read"
    lacks = Slack().check(account(slack), outside())
    assert lacks.ok
    assert "chat:write.public (write into public channels without being invited)" in lacks.text
    slack.scopes = "chat:write"
    assert not Slack().check(account(slack), outside()).ok
    slack.token_error = "token_revoked"
    assert "Install the app anew" in Slack().check(account(slack), outside()).text
    assert not Slack().check(account(slack, {}), outside()).ok


def test_channels_and_people_are_offered(slack: Workspace) -> None:
    found = Slack().lookup(account(slack), outside(), "channel", {})
    assert found == {
        "C0001": "#general",
        "C0002": "#random",
        "C0003": "#revenue",
        "C0004": "#secret-plans",
        "U0001": "Anna Berg (anna@example.org)",
        "U0002": "Ola (ola@example.org)",
    }
    slack.scopes = "chat:write,channels:read,users:read"
    assert "C0004" not in Slack().lookup(account(slack), outside(), "channel", {})
    assert Slack().lookup(hooked(slack), outside(), "channel", {}) == {}


def test_of_a_huge_workspace_as_many_are_offered_as_slack_lists_in_time(slack: Workspace) -> None:
    row = slack.channels["C0001"]
    slack.channels |= {
        f"C{number}": {**row, "id": f"C{number}", "name": f"c{number}"} for number in range(1_000, 3_000)
    }
    slack.most_of_a_page = 200
    found = Slack().lookup(account(slack), outside(), "channel", {})
    assert slack.counts("conversations.list") == 10
    assert (len(found), found["U0001"]) == (2_002, "Anna Berg (anna@example.org)")


def test_a_page_of_a_list_that_is_none_is_said(slack: Workspace) -> None:
    broken = Fault(200, body="<html>")
    slack.fault = lambda call: broken if slack.counts("conversations.list") == 2 else None
    with pytest.raises(SendError, match="no JSON"):
        Slack().lookup(account(slack), outside(), "channel", {})


def test_an_incoming_webhook_shows_charts_by_their_address(slack: Workspace, tmp_path: Path) -> None:
    seen = replace(parcel(tmp_path), picture=lambda name: f"https://reports.example.org/i/{name}")
    receipt = Slack().send(hooked(slack), outside(), seen)
    (message,) = slack.hooked
    images = [block["image_url"] for block in message["blocks"] if block["type"] == "image"]
    assert images == ["https://reports.example.org/i/slack-1.png", "https://reports.example.org/i/slack-2.png"]
    assert receipt.response == "ok"


def test_without_a_public_address_an_incoming_webhook_tells_the_numbers(slack: Workspace, tmp_path: Path) -> None:
    Slack().send(hooked(slack), outside(), parcel(tmp_path))
    (message,) = slack.hooked
    assert "image" not in [block["type"] for block in message["blocks"]]
    assert "Bridge of revenue: October 2026 €412.6k" in json.dumps(message, ensure_ascii=False)


def test_where_nobody_answers_a_menu_it_becomes_links(slack: Workspace, tmp_path: Path) -> None:
    Slack().send(hooked(slack), outside(), parcel(tmp_path, layout="dropdown"))
    sent(slack, tmp_path, layout="dropdown")
    for message in (slack.hooked[0], slack.messages[0]):
        first = next(block for block in message["blocks"] if block["type"] == "actions")
        assert [one["url"].rpartition("=")[2] for one in first["elements"]] == [
            "waterfall",
            "step%3AVisits",
            "step%3AConversion",
            "step%3ABasket",
        ]


def test_of_many_links_none_is_lost(slack: Workspace, tmp_path: Path) -> None:
    message = message_of("dropdown")
    first = message["choices"][0]
    choices = [*message["choices"], *({**first, "link": f"{first['link']}.{number}"} for number in range(30))]
    sent(slack, tmp_path, message={**message, "choices": choices})
    rows = [len(one["elements"]) for one in slack.messages[0]["blocks"] if one["type"] == "actions"]
    assert rows == [25, 9, 1]


@pytest.mark.parametrize(("secret", "is_reached"), [("signing_secret", True), ("app_token", False)])
def test_where_somebody_hears_it_a_menu_is_sent(
    secret: str, is_reached: bool, slack: Workspace, tmp_path: Path
) -> None:
    own = account(slack, {"token": TOKEN, secret: {"app_token": APP_TOKEN}.get(secret, SIGNING_SECRET)})
    one = replace(parcel(tmp_path, layout="dropdown"), is_reached=is_reached)
    Slack().send(own, outside(), one)
    assert "choose:d1" in [block.get("block_id") for block in slack.messages[0]["blocks"]]


def test_a_menu_of_which_slack_could_tell_nobody_becomes_links(slack: Workspace, tmp_path: Path) -> None:
    own = account(slack, {"token": TOKEN, "signing_secret": SIGNING_SECRET})
    Slack().send(own, outside(), parcel(tmp_path, layout="dropdown"))
    assert "static_select" not in json.dumps(slack.messages[0]["blocks"])


def test_a_webhook_that_is_gone_switches_its_destination_off(slack: Workspace, tmp_path: Path) -> None:
    gone = account(slack, {"incoming_webhook_url": slack.hook_url.replace(HOOK, "/services/T0/B0/other")})
    with pytest.raises(SendError) as caught:
        Slack().send(gone, outside(), parcel(tmp_path))
    assert (caught.value.permanent, caught.value.disables, caught.value.status) == (True, True, 404)
    assert not Slack().check(gone, outside()).ok
    assert Slack().check(hooked(slack), outside()).ok
    assert slack.hooked == []


def test_a_webhook_that_limits_or_fails_is_called_again(slack: Workspace, tmp_path: Path) -> None:
    def fails(fault: Fault) -> SendError:
        slack.fault = lambda call: fault
        with pytest.raises(SendError) as caught:
            Slack().send(hooked(slack), outside(), parcel(tmp_path))
        return caught.value

    assert fails(Fault(429, {"Retry-After": "7"}, "rate_limited")).retry_after_s == 7
    assert not fails(Fault(500, body="rollup_error")).permanent
    assert fails(Fault(is_lost=True, is_done=True)).is_unknown


def test_a_webhook_s_message_too_long_is_shortened_once(slack: Workspace, tmp_path: Path) -> None:
    Slack().send(hooked(slack), outside(), parcel(tmp_path, message=longer(message_of())))
    assert "Shortened here" in json.dumps(slack.hooked[0]["blocks"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("token", "secret"), ("app_token", "xoxb-1"), ("incoming_webhook_url", "hooks.slack.com/services/x")],
)
def test_secrets_are_looked_at_when_they_are_typed(name: str, value: str) -> None:
    with pytest.raises(DataError) as caught:
        checked_secrets(Slack.fields, {name: value})
    assert value not in str(caught.value)


def test_the_manifest_names_every_scope_and_the_way_back() -> None:
    public, local = json.loads(manifest_json("https://b.example.org")), json.loads(manifest_json(""))
    assert public["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert public["settings"]["interactivity"]["request_url"] == "https://b.example.org/slack/interactions"
    assert public["oauth_config"]["redirect_urls"] == ["https://b.example.org/slack/oauth"]
    assert not public["settings"]["socket_mode_enabled"]
    assert local["settings"]["socket_mode_enabled"]
    assert "request_url" not in local["settings"]["interactivity"]
