"""A destination in Teams in the form of an export: what is said before it is saved, what is seen of the card."""

from __future__ import annotations

import pytest

from core.app import App
from core.connections import SavedConnection
from core.model.analysis import AnalysisSpec
from core.ui.exports_edit import SHOWN
from tests.connectors.teams_server import Microsoft
from tests.pages import test_connections_teams as signing_in
from tests.pages.driving import Open, texts
from tests.pages.test_exports_list import act

world, connection = signing_in.world, signing_in.connection
PAGE = "pages/3_Exports.py"
FIRST = "exports_channel_0"
FLOW = {"url": "https://flow.example.org/workflows/1?sig=s3cret"}


@pytest.fixture
def flow(app: App) -> SavedConnection:
    return app.connections.create("teams", "Sales channel", {}, FLOW, by=app.owner.id)


def test_a_workflow_needs_no_channel_and_says_what_it_cannot(
    open_page: Open, revenue: AnalysisSpec, flow: SavedConnection, app: App
) -> None:
    page = act(open_page(PAGE, new="1"), "exports_add_teams")
    said = texts(page)
    assert "Teams is sent figures instead of charts" in said
    assert "not that the card is seen" in said
    assert not [one for one in page.text_input if str(one.key).startswith(f"{FIRST}_set_")]
    act(page, "exports_save")
    (channel,) = app.exports.all()[0].spec.channels
    assert (channel.kind, channel.connection) == ("teams", flow.id)
    assert app.exports.all()[0].spec.is_active


def test_by_graph_a_channel_is_chosen(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    app.connections.create("teams", "Graph", {"way": "graph", "client_id": "1"}, by=app.owner.id)
    page = act(open_page(PAGE, new="1"), "exports_add_teams")
    assert "figures instead of charts" not in texts(page)
    page.text_input(key=f"{FIRST}_set_team").set_value("t-sales")
    page.text_input(key=f"{FIRST}_set_channel").set_value("19:kpi@thread.tacv2")
    act(page, "exports_save")
    (channel,) = app.exports.all()[0].spec.channels
    assert channel.settings == {"team": "t-sales", "channel": "19:kpi@thread.tacv2"}


def test_the_card_is_seen_beforehand(open_page: Open, revenue: AnalysisSpec, flow: SavedConnection) -> None:
    page = act(open_page(PAGE, new="1"), "exports_add_teams")
    page.segmented_control(key=SHOWN).set_value(0).run()
    assert not page.exception
    assert "A test goes into the channel" in texts(page)
    assert "FactSet" not in str(page.main)


def test_team_and_channel_are_looked_up(
    open_page: Open, revenue: AnalysisSpec, connection: SavedConnection, world: Microsoft, app: App
) -> None:
    app.connections.change(connection.id, secrets={"refresh_token": world.refresh_token})
    page = act(open_page(PAGE, new="1"), "exports_add_teams")
    page.selectbox(key=f"{FIRST}_set_team").set_value("t-sales").run()
    assert page.selectbox(key=f"{FIRST}_set_team").options == ["Choose one", "Finance", "Sales"]
    assert page.selectbox(key=f"{FIRST}_set_channel").options == ["Choose one", "General", "KPI", "Ops"]
    page.selectbox(key=f"{FIRST}_set_channel").set_value("19:kpi@thread")
    act(page, "exports_save")
    (channel,) = app.exports.all()[0].spec.channels
    assert channel.settings == {"team": "t-sales", "channel": "19:kpi@thread"}
