"""The inbox on Home, alerts as a bar, and destinations that were switched off."""

from __future__ import annotations

import pytest

from core.app import App
from core.connectors.base import SendError
from core.model.analysis import AnalysisSpec
from core.model.delivery import ExportSpec
from tests.pages.driving import Open, texts
from tests.pages.test_exports_list import act


@pytest.fixture
def gone(app: App, revenue: AnalysisSpec) -> str:
    """An export whose receiver is gone, with a run that it missed since; its destination's id."""
    hook = app.connections.create("webhook", "Hook", {"url": "https://hooks.example.org/x"}, by=app.owner.id).id
    spec = {
        "name": "Morning",
        "content": {"kind": "report", "analysis": "revenue"},
        "destinations": [{"kind": "webhook", "connection": hook}],
        "triggers": [{"kind": "url"}],
    }
    export = app.exports.create(ExportSpec.model_validate(spec), by=app.owner.id)
    for _ in range(2):
        app.triggers.start(export.id, by=app.owner.id, how="hand")
        build = app.ledger.claim_build()
        assert build is not None
        app.ledger.built(build, app.maker.make(build))
        claim = app.ledger.claim_delivery()
        if claim is not None:
            app.ledger.send_failed(claim, SendError("410: gone.", permanent=True, disables=True, error_class="gone"))
    app.alerts.beat()
    return str(app.ledger.circuits()[0].id)


def test_alerts_are_a_bar_and_cards_until_they_are_read(open_page: Open, app: App, gone: str) -> None:
    page = open_page()
    assert "1 alert about exports" in texts(page)
    assert "What happened" not in texts(page)
    assert "was switched off for “Morning”" in texts(page)
    (card,) = app.inbox.of(app.owner.id)
    page = act(page, f"home_card_read_{card.id}")
    assert "about exports" not in texts(page)
    assert "2 alerts" in texts(page)


@pytest.mark.parametrize("place", ["pages/5_Runs.py", "pages/3_Exports.py"])
def test_what_was_switched_off_is_switched_on_and_sends_what_it_missed(
    open_page: Open, app: App, gone: str, place: str
) -> None:
    page = open_page(place)
    assert "Hook of Morning was switched off on" in texts(page)
    page = act(page, f"off_replay_{gone}")
    assert "was switched off on" not in texts(page)
    assert app.ledger.circuits()[0].disabled_at is None
    assert app.ledger.runs()[0].run.trigger_kind == "replay"


def test_an_inbox_is_a_destination_of_the_form(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    page = act(open_page("pages/3_Exports.py", new="1"), "exports_add_inbox")
    page.multiselect(key="exports_channel_0_roles").set_value(["viewer"])
    act(page, "exports_save")
    (one,) = app.exports.all()[0].spec.channels
    assert (one.kind, one.settings["roles"]) == ("inbox", ["viewer"])
