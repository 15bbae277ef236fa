"""Slack on the pages: how a connection is made, where a report goes, what it will look like, a test of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import select

from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.runs import Run
from tests.connectors.slack_parcels import SIGNING_SECRET
from tests.connectors.slack_server import TOKEN, Workspace, slack_server
from tests.pages.driving import Open, settled, texts
from tests.pages.test_exports_channels import FIRST, PAGE, channel
from tests.pages.test_exports_list import act, export_of

TO_GENERAL = {"kind": "slack", "settings": {"channel": "C0001"}}


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("BRIDGECAST_EGRESS_ALLOW", "127.0.0.1")
    with slack_server() as workspace:
        yield workspace


def connect(app: App, slack: Workspace, **secrets: str) -> str:
    given = secrets or {"token": TOKEN, "signing_secret": SIGNING_SECRET}
    return app.connections.create("slack", "Ours", {"base_url": slack.base_url}, given, by=app.owner.id).id


def test_a_new_connection_shows_the_manifest_to_paste(open_page: Open, data_dir: object) -> None:
    page = open_page("pages/6_Connections.py", new="1")
    page.selectbox(key="connections_kind").set_value("slack").run()
    assert sum('"files:write"' in one.value for one in page.code) == 1
    assert "App-level token" in texts(page)


def test_with_an_app_in_the_settings_slack_is_connected_by_a_button(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGECAST_SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("BRIDGECAST_SLACK_CLIENT_SECRET", "secret")
    page = open_page("pages/6_Connections.py")
    (button,) = page.get("link_button")
    assert button.proto.url.endswith(":8502/slack/connect")


def test_a_channel_is_chosen_among_those_there_are(
    slack: Workspace, open_page: Open, revenue: AnalysisSpec, app: App
) -> None:
    connect(app, slack)
    page = act(open_page(PAGE, new="1"), "exports_add_slack")
    field = page.selectbox(key=f"{FIRST}_set_channel")
    assert {"#general", "Anna Berg (anna@example.org)"} <= set(field.options)
    field.set_value("C0003")
    act(page, "exports_save")
    assert channel(app).settings["channel"] == "C0003"


def test_what_a_webhook_cannot_do_is_said_before_it_is_saved(
    slack: Workspace, open_page: Open, revenue: AnalysisSpec, app: App
) -> None:
    connect(app, slack, incoming_webhook_url=slack.hook_url)
    page = act(open_page(PAGE, new="1"), "exports_add_slack")
    assert "Charts are told as text" in page.info[0].value


def test_a_list_that_slack_does_not_give_is_typed(
    slack: Workspace, open_page: Open, revenue: AnalysisSpec, app: App
) -> None:
    slack.token_error = "token_revoked"
    connect(app, slack)
    page = act(open_page(PAGE, new="1"), "exports_add_slack")
    page.text_input(key=f"{FIRST}_set_channel").set_value("#general")
    assert "Install the app anew" in texts(page)
    act(page, "exports_save")
    assert channel(app).settings["channel"] == "#general"


def test_it_is_seen_beforehand_and_a_test_goes_to_whoever_asks(
    slack: Workspace, open_page: Open, revenue: AnalysisSpec, app: App
) -> None:
    to = {**TO_GENERAL, "connection": connect(app, slack)}
    export = export_of(app, "Slack", destinations=[{"settings": {"slug": "slack"}}, to], triggers=[{"kind": "url"}])
    page = open_page(PAGE, export=export.id)
    page = settled(page.segmented_control(key="exports_shown").set_value(0).run())
    assert "Notification: Revenue by month" in texts(page)
    act(page, "exports_test")
    with app.store.read() as session:
        (sent,) = session.exec(select(Run)).all()
    assert sent.is_test
    assert sent.definition["spec"]["destinations"][0]["settings"]["channel"] == app.owner.email
