"""Slack calls back: a choice from a menu, and the way of *Connect Slack*."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier
from websockets.protocol import State
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as websocket_server

from core.access.sessions import COOKIE, Visitor
from core.delivery.meters import Meters
from core.delivery.slack_choices import SlackChoices
from core.delivery.slack_lines import FIRST_PAUSE_S, SlackLines
from core.model.delivery import ExportSpec
from core.model.runs import Delivery
from core.scheduler import rails_of
from tests.connectors.slack_parcels import SIGNING_SECRET
from tests.connectors.slack_server import APP_TOKEN, CLIENT_ID, CLIENT_SECRET, TOKEN, Fault, Workspace, slack_server
from tests.polling import wait_for
from tests.web.conftest import Site, serve

UI = "http://localhost:8501/Connections"


@pytest.fixture(scope="module")
def slack() -> Iterator[Workspace]:
    with slack_server() as workspace:
        yield workspace


@pytest.fixture(scope="module")
def site(slack: Workspace, new_house: Callable[[], Path]) -> Iterator[Site]:
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "signing_secret": SIGNING_SECRET}
    own = {f"slack_{name}": value for name, value in app.items()}
    url = slack.base_url.removesuffix("/api/")
    yield from serve(new_house(), egress_allow="127.0.0.1", slack_url=url, **own)


@pytest.fixture(scope="module")
def sent(site: Site, slack: Workspace) -> Delivery:
    """A dropdown that was sent to #general."""
    app = site.app
    secrets = {"token": TOKEN, "signing_secret": SIGNING_SECRET}
    # Another workspace that installed the same app.
    app.connections.create("slack", "Theirs", {"base_url": slack.base_url}, secrets, by=app.owner.id)
    own = {**secrets, "app_token": APP_TOKEN}
    connection = app.connections.create("slack", "Ours", {"base_url": slack.base_url}, own, by=app.owner.id)
    spec = {
        "name": "Menu",
        "content": {"kind": "report", "analysis": "revenue", "layout": "dropdown"},
        "triggers": [{"kind": "url"}],
        "destinations": [{"kind": "slack", "connection": connection.id, "settings": {"channel": "#general"}}],
    }
    export = app.exports.create(ExportSpec.model_validate(spec), by=app.owner.id)
    rails = rails_of(app, Meters())
    rails.begin()
    try:
        run_id = app.triggers.start(export.id, by=app.owner.id, how="hand").run_id
        wait_for(lambda: app.ledger.run(run_id).run.state == "succeeded", what=f"sending: {app.ledger.run(run_id)}")
    finally:
        rails.end()
    (delivery,) = [row for row in app.ledger.run(run_id).deliveries if row.kind == "slack"]
    return delivery


def call(delivery_id: str, value: str, response_url: str, **changes: Any) -> bytes:
    """What Slack posts when somebody chooses."""
    action = {"block_id": f"choose:{delivery_id}", "selected_option": {"value": value}}
    place = {"channel_id": "C0001", "message_ts": "1700000000.000009"}
    payload = {"type": "block_actions", "actions": [action], "container": place, "response_url": response_url}
    return urlencode({"payload": json.dumps(payload | changes)}).encode()


def post(site: Site, body: bytes, secret: str = SIGNING_SECRET, at: float | None = None) -> httpx.Response:
    stamp = str(int(at or time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": str(signature),
    }
    return httpx.post(f"{site.base}/slack/interactions", content=body, headers=headers, timeout=60)


def test_a_choice_replaces_chart_and_text(site: Site, slack: Workspace, sent: Delivery) -> None:
    (message,) = slack.messages
    (menu,) = [block for block in message["blocks"] if block.get("block_id") == f"choose:{sent.id}"]
    options = [option["value"] for option in menu["elements"][0]["options"]]
    assert post(site, call(sent.id, options[2], slack.response_url())).status_code == 200
    wait_for(lambda: bool(slack.responses), what="replaced message")
    shown = slack.responses.pop()
    assert shown["replace_original"] is True
    (now,) = [block for block in shown["blocks"] if block.get("block_id") == f"choose:{sent.id}"]
    assert now["elements"][0]["initial_option"]["value"] == options[2]
    was, now_seen = ([b["slack_file"]["id"] for b in m["blocks"] if b["type"] == "image"] for m in (message, shown))
    assert was != now_seen
    assert {*was, *now_seen} <= set(slack.files)


def test_where_the_response_address_is_over_the_message_is_changed_by_the_bot(
    site: Site, slack: Workspace, sent: Delivery
) -> None:
    slack.fault = lambda one: Fault(404) if one.method == "response" else None
    try:
        body = call(
            sent.id,
            "1.comment",
            slack.response_url(),
            container={"channel_id": "C0001", "message_ts": slack.messages[0]["ts"]},
        )
        post(site, body)
        wait_for(lambda: bool(slack.updates), what="changed message")
    finally:
        slack.fault = lambda one: None
    assert slack.updates.pop()["ts"] == slack.messages[0]["ts"]


def test_a_call_that_slack_did_not_sign_is_refused(site: Site, slack: Workspace, sent: Delivery) -> None:
    body = call(sent.id, "1.chart", slack.response_url())
    assert post(site, body, "another secret").status_code == 401
    bare = httpx.post(f"{site.base}/slack/interactions", content=body, timeout=60)
    assert bare.status_code == 401


def test_an_old_call_is_refused(site: Site, slack: Workspace, sent: Delivery) -> None:
    assert post(site, call(sent.id, "1.chart", slack.response_url()), at=time.time() - 600).status_code == 401


def test_what_is_no_choice_is_taken_and_left_alone(site: Site, slack: Workspace, sent: Delivery) -> None:
    assert post(site, call(sent.id, "1.chart", "", actions=[{"type": "button"}])).status_code == 200
    assert post(site, call("another delivery", "1.chart", slack.response_url())).status_code == 200
    assert post(site, call(sent.id, "99.chart", slack.response_url())).status_code == 200
    assert post(site, b"payload=no json").status_code == 422
    assert slack.responses == []


class Line:
    """Slack's end of Socket Mode: it tells a choice on each line that is opened, hears the answer, ends the line."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload, self.said, self.opened_at = payload, list[Any](), list[float]()

    @property
    def opened(self) -> int:
        return len(self.opened_at)

    def __call__(self, line: ServerConnection) -> None:
        self.opened_at.append(time.monotonic())
        line.send(json.dumps({"type": "hello"}))
        line.send(json.dumps({"type": "interactive", "envelope_id": f"e{self.opened}", "payload": self.payload}))
        self.said.append(json.loads(line.recv(timeout=30)))
        if self.opened == 1:
            line.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
        else:
            wait_for(lambda: line.state is State.CLOSED, what="end of the line")


def test_where_slack_cannot_call_a_choice_comes_by_a_line_that_is_opened_again(
    site: Site, slack: Workspace, sent: Delivery
) -> None:
    """Connections that share an app share its line, and one that ends at once is not opened again at once."""
    app = site.app
    shared = {"token": TOKEN, "app_token": APP_TOKEN}
    app.connections.create("slack", "Ours, again", {"base_url": slack.base_url}, shared, by=app.owner.id)
    body = call(sent.id, "2.chart", slack.response_url())
    end = Line(json.loads(parse_qs(body.decode())["payload"][0]))
    lines = SlackLines(SlackChoices(app.store, app.connections, app.artefacts, app.organisation.id, app.clock))
    with websocket_server(end, "127.0.0.1", 0) as server:
        slack.line_url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        lines.start()
        try:
            wait_for(lambda: len(slack.responses) == 2, what=f"answers to both choices: {end.said}")
        finally:
            lines.stop()
            wait_for(lambda: len(end.said) == 2, what="acknowledgements")
            server.shutdown()
            serving.join()
    assert end.said == [{"envelope_id": "e1"}, {"envelope_id": "e2"}]
    assert end.opened_at[1] - end.opened_at[0] >= FIRST_PAUSE_S
    assert all(one["replace_original"] for one in slack.responses)
    slack.responses.clear()


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    """Somebody signed in who may keep connections."""
    with httpx.Client(base_url=site.base, timeout=60) as client:
        client.cookies.set(COOKIE, site.app.sessions.open(site.app.owner.id, Visitor()))
        yield client


def consent(site: Site, browser: httpx.Client) -> str:
    """Go to Slack and come back; the id of the connection that it leads to."""
    leaving = browser.get("/slack/connect")
    address = urlsplit(leaving.headers["location"])
    asked = parse_qs(address.query)
    assert address.path == "/oauth/v2/authorize"
    assert "files:write" in asked["scope"][0].split(",")
    assert asked["redirect_uri"] == [f"{site.app.settings.report_base_url}/slack/oauth"]
    back = browser.get("/slack/oauth", params={"code": "good-code", "state": asked["state"][0]})
    assert back.status_code == 303, back.text
    bare, _, connection_id = back.headers["location"].partition("?connection=")
    assert bare == f"{site.app.settings.ui_base_url}/Connections"
    return connection_id


def test_a_workspace_is_connected_by_its_consent(site: Site, slack: Workspace, browser: httpx.Client) -> None:
    for _ in range(2):
        consent(site, browser)
    (made,) = [one for one in site.app.connections.all() if one.name == "Slack Example"]
    assert made.secrets == {"token", "signing_secret"}
    assert site.app.connections.check(made.id).ok


def test_workspaces_of_one_name_have_a_connection_each_whatever_it_is_called(
    site: Site, slack: Workspace, browser: httpx.Client
) -> None:
    first = consent(site, browser)
    slack.team = "T1"
    try:
        second = consent(site, browser)
        site.app.connections.change(second, name="Sales")
        assert consent(site, browser) == second != first
    finally:
        slack.team = "T0"
    assert [site.app.connections.get(one).settings["workspace"] for one in (first, second)] == ["T0", "T1"]
    assert site.app.connections.get(second).name == "Sales"


def test_a_way_that_is_not_one_s_own_leads_nowhere(site: Site, browser: httpx.Client) -> None:
    state = parse_qs(urlsplit(browser.get("/slack/connect").headers["location"]).query)["state"][0]
    before = len(site.app.connections.all())
    assert browser.get("/slack/oauth", params={"code": "good-code", "state": f"{state}x"}).status_code == 403
    assert "allow it there" in browser.get("/slack/oauth", params={"error": "access_denied", "state": state}).text
    assert browser.get("/slack/oauth", params={"code": "bad", "state": state}).status_code == 403
    browser.cookies.set(COOKIE, site.app.sessions.open(site.app.owner.id, Visitor()))
    assert browser.get("/slack/oauth", params={"code": "good-code", "state": state}).status_code == 403
    assert len(site.app.connections.all()) == before


def test_whoever_may_not_keep_connections_cannot_connect(site: Site) -> None:
    assert httpx.get(f"{site.base}/slack/connect", timeout=60).headers["location"] == "/login?next=/slack/connect"
    people, owner = site.app.people, site.app.sessions.built_in_owner()
    viewer = site.app.sessions.open(people.add(owner, "vic@example.org", "Vic", "viewer").id, Visitor())
    refused = httpx.get(f"{site.base}/slack/connect", cookies={COOKIE: viewer}, timeout=60)
    assert (refused.status_code, "Slack is not connected" in refused.text) == (403, True)


def test_without_an_app_in_the_settings_there_is_no_such_way(new_house: Callable[[], Path]) -> None:
    for bare in serve(new_house()):
        assert bare.anonymous("/slack/connect").status_code == 404
