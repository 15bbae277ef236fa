from __future__ import annotations

import json

import pytest

from core.access.tokens import ALL_SCOPES, Caller, caller_for
from core.app import App
from core.delivery.exports import SavedExport
from core.delivery.work import Build
from core.errors import NotFound
from core.model.delivery import ExportSpec


@pytest.fixture
def viewer(sales_app: App) -> Caller:
    owner = sales_app.sessions.built_in_owner()
    return caller_for(sales_app.people.add(owner, "vera@example.org", "Vera", "viewer"), frozenset(ALL_SCOPES))


@pytest.fixture
def report(sales_app: App) -> SavedExport:
    """A report for viewers, which hears nothing of countries."""
    link = {"kind": "link", "settings": {"slug": "morning", "roles": ["viewer"], "hidden_filters": ["country"]}}
    spec = {
        "name": "Morning",
        "content": {"analysis": "revenue", "where": {"country": ["FR"]}},
        "destinations": [link],
        "triggers": [{"kind": "url"}],
    }
    return sales_app.exports.create(ExportSpec.model_validate(spec), by=sales_app.owner.id)


def build(app: App, export: SavedExport, **more: object) -> Build:
    app.ledger.ask(
        subject_id=export.id,
        name="Morning",
        definition={"revision": 1, "spec": export.spec.model_dump(mode="json")},
        trigger_kind="hand",
        occurrence_key=f"hand:{len(app.ledger.runs())}",
        planned_at=app.clock(),
        **more,  # type: ignore[arg-type]
    )
    claimed = app.ledger.claim_build()
    assert claimed is not None
    return claimed


def test_whoever_asks_for_a_report_gets_it_by_mail_without_what_is_hidden(
    sales_app: App, viewer: Caller, report: SavedExport
) -> None:
    sales_app.subscriptions.begin(viewer, report.id)
    sales_app.subscriptions.begin(viewer, report.id)
    made = sales_app.maker.make(build(sales_app, report))
    (mail,) = [delivery for delivery in made.deliveries if delivery.kind == "email"]
    assert mail.recipients == ("vera@example.org",)
    (message,) = [file for file in made.artefacts if file.name == mail.message]
    text = json.loads(sales_app.artefacts.read(message))["text"]
    assert "Revenue" in text
    assert "country" not in text.casefold()


def test_whoever_ends_it_or_may_no_longer_see_it_gets_nothing(
    sales_app: App, viewer: Caller, report: SavedExport
) -> None:
    sales_app.subscriptions.begin(viewer, report.id)
    sales_app.subscriptions.end(viewer, report.id)
    assert sales_app.subscriptions.readers(report.id) == []
    sales_app.subscriptions.begin(viewer, report.id)
    settings = report.spec.links[0].settings.model_copy(update={"roles": ("admin",)})
    links = (report.spec.links[0].model_copy(update={"settings": settings}),)
    sales_app.exports.change(report.id, report.spec.model_copy(update={"destinations": links}))
    assert sales_app.subscriptions.readers(report.id) == []
    with pytest.raises(NotFound, match="shared with you"):
        sales_app.subscriptions.begin(viewer, report.id)


def test_whoever_left_the_house_gets_nothing(sales_app: App, viewer: Caller, report: SavedExport) -> None:
    sales_app.subscriptions.begin(viewer, report.id)
    sales_app.people.leave(sales_app.sessions.built_in_owner(), viewer.person_id)
    assert sales_app.subscriptions.readers(report.id) == []


def test_whoever_left_by_the_link_in_a_mail_comes_back_by_the_switch(
    sales_app: App, viewer: Caller, report: SavedExport
) -> None:
    sales_app.subscriptions.begin(viewer, report.id)
    token = sales_app.subscribers.link(report.id, "vera@example.org").rpartition("/")[2]
    sales_app.subscribers.leave(token)
    assert sales_app.subscribers.staying(report.id, ["vera@example.org"]) == ()
    sales_app.subscriptions.begin(viewer, report.id)
    assert sales_app.subscribers.staying(report.id, ["vera@example.org"]) == ("vera@example.org",)


def test_a_test_goes_to_no_subscriber(sales_app: App, viewer: Caller, report: SavedExport) -> None:
    sales_app.subscriptions.begin(viewer, report.id)
    made = sales_app.maker.make(build(sales_app, report, is_test=True))
    assert [delivery.kind for delivery in made.deliveries] == ["link"]
