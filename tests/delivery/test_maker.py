from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.app import App
from core.connectors.base import Receipt, SendError
from core.delivery.maker import Maker
from core.delivery.work import Build, Made, NotMet
from core.errors import BridgecastError, DataError, EmptyComparison
from core.model.delivery import ExportSpec
from tests.conftest import MORE_SALES, revenue_spec

HOOK = {"id": "hook", "kind": "webhook", "connection": "c1"}
MAIL = {
    "id": "mail",
    "kind": "email",
    "connection": "c2",
    "settings": {"to": ["anna@example.org", "ben@example.org"]},
}
LINK = {"id": "link", "kind": "link", "settings": {"slug": "morning", "public": True}}


@pytest.fixture
def maker(sales_app: App) -> Maker:
    return sales_app.maker


def built(app: App, **parts: Any) -> Build:
    """A run that was asked for and claimed, of an export with these parts."""
    spec = ExportSpec.model_validate(
        {"name": "Morning", "content": {"analysis": "revenue"}, "destinations": [HOOK], **parts.pop("spec", {})}
    )
    asked = app.ledger.ask(
        subject_id=parts.pop("export_id", "e1"),
        name="Morning",
        definition={"revision": 1, "spec": spec.model_dump(mode="json"), **parts.pop("definition", {})},
        trigger_kind="hand",
        occurrence_key=parts.pop("key", "hand:1"),
        planned_at=app.clock(),
        by=app.owner.id,
        **parts,
    )
    build = app.ledger.claim_build()
    assert build is not None
    assert build.run_id == asked.run_id
    return build


def partly_sent(app: App, maker: Maker, spec: dict[str, Any]) -> str:
    """A run whose webhook and link arrived, and whose mail Anna got and Ben did not."""
    first = built(app, spec=spec)
    app.ledger.built(first, maker.make(first))
    refused = {"anna@example.org": ("succeeded", "250"), "ben@example.org": ("failed", "550")}
    while claim := app.ledger.claim_delivery():
        app.ledger.sent(claim, Receipt(recipients=refused if claim.kind == "email" else {}))
    return first.run_id


def read(app: App, made: Made, name: str) -> dict[str, Any]:
    (artefact,) = [artefact for artefact in made.artefacts if artefact.name == name]
    return json.loads(app.artefacts.read(artefact))


def names(made: Made) -> list[str]:
    return sorted(artefact.name for artefact in made.artefacts)


def test_a_run_is_pinned_to_a_version_and_its_message_carries_the_bridge(sales_app: App, maker: Maker) -> None:
    made = maker.make(built(sales_app))
    assert made.versions == {"sales": 1}
    message = read(sales_app, made, "webhook.json")
    assert message["type"] == "report.refreshed"
    assert (message["data"]["total"]["base"], message["data"]["total"]["current"]) == (10400.0, 11070.0)
    assert message["data"]["export"] == {"id": "e1", "name": "Morning"}
    assert [delivery.message for delivery in made.deliveries] == ["webhook.json"]


def test_a_link_is_delivered_when_its_report_is_drawn(sales_app: App, maker: Maker) -> None:
    (delivery,) = maker.make(built(sales_app, spec={"destinations": [LINK]})).deliveries
    assert (delivery.kind, delivery.state, delivery.name) == ("link", "succeeded", "/r/morning")


def test_what_is_kept_of_a_link_holds_no_password(sales_app: App, maker: Maker) -> None:
    secret = {**LINK, "settings": {"slug": "morning", "public": True, "password": "open, sesame"}}
    (delivery,) = maker.make(built(sales_app, spec={"destinations": [secret]})).deliveries
    assert "password" not in delivery.destination["settings"]


def test_the_data_are_read_again_before(sales_app: App, maker: Maker, rewrite: Callable[[str], None]) -> None:
    build = built(sales_app)
    rewrite(MORE_SALES)
    made = maker.make(build)
    assert made.versions == {"sales": 2}
    assert read(sales_app, made, "webhook.json")["data"]["total"]["current"] == 13_860.0
    assert [step["name"] for step in made.steps] == ["refresh", "render"]


def test_without_refresh_the_newest_version_is_taken_as_it_is(
    sales_app: App, maker: Maker, rewrite: Callable[[str], None]
) -> None:
    build = built(sales_app, spec={"refresh": "none"})
    rewrite(MORE_SALES)
    assert maker.make(build).versions == {"sales": 1}


def test_a_source_that_is_gone_fails_the_run_instead_of_sending_old_numbers(
    sales_app: App, maker: Maker, sales_csv: Path
) -> None:
    build = built(sales_app)
    sales_csv.unlink()
    with pytest.raises(BridgecastError, match=r"sales\.csv"):
        maker.make(build)


def test_one_rendering_serves_all_destinations_that_show_the_same(sales_app: App, maker: Maker) -> None:
    other = {**HOOK, "id": "other", "overrides": {"where": {"country": ["FR"]}}}
    made = maker.make(built(sales_app, spec={"destinations": [HOOK, {**HOOK, "id": "again"}, other, LINK]}))
    assert names(made) == ["2.bridge.json", "2.webhook.json", "bridge.json", "webhook.json"]
    assert [d.message for d in made.deliveries] == ["webhook.json", "webhook.json", "2.webhook.json", ""]
    assert read(sales_app, made, "2.webhook.json")["data"]["total"]["base"] == 8000.0
    assert made.steps[-1]["reports"] == 2


def test_five_hundred_recipients_are_one_rendering_and_each_difference_is_one_more(
    sales_app: App, maker: Maker
) -> None:
    many = {**MAIL, "settings": {"to": [f"p{number}@example.org" for number in range(500)], "mode": "each"}}
    german = {**MAIL, "id": "german", "overrides": {"locale": "de", "layout": "list"}}
    elements = {"elements": [{"view": "waterfall", "part": "table"}]}
    bare = [{**HOOK, "id": f"bare{number}", "overrides": elements} for number in range(3)]
    made = maker.make(built(sales_app, spec={"destinations": [many, german, *bare, HOOK]}))
    assert made.steps[-1]["reports"] == 3
    assert len(made.deliveries[0].recipients) == 500
    assert len({delivery.message for delivery in made.deliveries}) == 4


def test_own_views_of_a_destination_stand_for_the_elements_of_the_export(sales_app: App, maker: Maker) -> None:
    content = {"analysis": "revenue", "layout": "list", "elements": [{"view": "waterfall", "part": "title"}]}
    own = {**MAIL, "id": "own", "overrides": {"views": ["waterfall"]}}
    made = maker.make(built(sales_app, spec={"content": content, "destinations": [MAIL, own]}))
    assert read(sales_app, made, "email.json")["pictures"] == []
    assert read(sales_app, made, "2.email.json")["pictures"]


def test_a_report_without_a_chart_has_no_picture_attached(sales_app: App, maker: Maker) -> None:
    content = {"analysis": "revenue", "elements": [{"view": "waterfall", "part": "table"}], "attachments": ["png"]}
    made = maker.make(built(sales_app, spec={"content": content, "destinations": [MAIL]}))
    assert read(sales_app, made, "email.json")["attachments"] == []


def test_the_condition_of_a_destination_is_held_against_what_it_is_shown(sales_app: App, maker: Maker) -> None:
    change = {country: _change_pct(sales_app, maker, country) for country in ("FR", "DE")}
    calm, moved = sorted(change, key=lambda country: abs(change[country]))
    limit = (abs(change[calm]) + abs(change[moved])) / 2
    condition = {"kind": "alert", "any": [{"change_pct": limit}]}
    own = [
        {**HOOK, "id": country, "overrides": {"where": {"country": [country]}, "condition": condition}}
        for country in (calm, moved)
    ]
    made = maker.make(built(sales_app, key="hand:both", spec={"destinations": own}))
    assert [each.state for each in made.deliveries] == ["ignored", "planned"]


def _change_pct(app: App, maker: Maker, country: str) -> float:
    shown = {"content": {"analysis": "revenue", "where": {"country": [country]}}}
    made = maker.make(built(app, key=f"hand:{country}", spec=shown))
    return float(read(app, made, "webhook.json")["data"]["total"]["change_pct"])


def test_a_destination_is_passed_over_where_its_own_condition_does_not_hold(sales_app: App, maker: Maker) -> None:
    unmet = {"condition": {"kind": "alert", "any": [{"change_pct": 50}]}}
    met = {"condition": {"kind": "alert", "any": [{"change_pct": 1}]}}
    spec = {"destinations": [{**HOOK, "overrides": unmet}, {**HOOK, "id": "other", "overrides": met}]}
    first = built(sales_app, spec=spec)
    made = maker.make(first)
    told = [("ignored", "condition not met"), ("planned", "")]
    assert [(each.state, each.reason) for each in made.deliveries] == told
    sales_app.ledger.built(first, made)
    again = maker.make(built(sales_app, key="again", parent_id=first.run_id, replays="same:all"))
    assert sorted((each.state, each.reason) for each in again.deliveries) == sorted(told)


def test_filters_of_the_run_are_locked_for_it(sales_app: App, maker: Maker) -> None:
    made = maker.make(built(sales_app, where={"country": ["DE"]}))
    assert read(sales_app, made, "webhook.json")["data"]["total"]["base"] == 2400.0


def test_a_condition_that_does_not_hold_sends_nothing_and_tells_what_was_found(sales_app: App, maker: Maker) -> None:
    condition = {"kind": "alert", "any": [{"change_pct": 50}]}
    with pytest.raises(NotMet, match="asked for up or down by 50 %") as unmet:
        maker.make(built(sales_app, spec={"condition": condition}))
    assert unmet.value.reason == "condition not met"
    assert unmet.value.made.versions == {"sales": 1}
    assert unmet.value.made.steps[-1]["outcome"] == "ignored"


def test_a_test_is_sent_whatever_the_condition_says(sales_app: App, maker: Maker) -> None:
    condition = {"kind": "alert", "any": [{"change_pct": 50}]}
    assert maker.make(built(sales_app, spec={"condition": condition}, is_test=True)).deliveries


def test_once_per_period_tells_the_same_period_once(sales_app: App, maker: Maker) -> None:
    spec = {"condition": {"kind": "alert", "any": [{"change_pct": 1}], "repeat": "once_per_period"}}
    first = built(sales_app, spec=spec)
    sales_app.ledger.built(first, maker.make(first))
    with pytest.raises(NotMet, match="told already"):
        maker.make(built(sales_app, spec=spec, key="hand:2"))
    replay = built(sales_app, spec=spec, key="again", parent_id=first.run_id, replays="fresh:all")
    assert maker.make(replay).deliveries


def test_a_period_of_which_nobody_was_told_is_told_by_the_next_run(sales_app: App, maker: Maker) -> None:
    condition = {"kind": "alert", "any": [{"change_pct": 1}], "repeat": "once_per_period"}
    spec = {"condition": condition, "destinations": [HOOK, LINK]}
    first = built(sales_app, spec=spec)
    sales_app.ledger.built(first, maker.make(first))
    claim = sales_app.ledger.claim_delivery()
    assert claim is not None
    sales_app.ledger.send_failed(claim, SendError("no", permanent=True))
    assert sales_app.ledger.run(first.run_id).run.state == "failed"
    assert maker.make(built(sales_app, spec=spec, key="hand:2")).deliveries


def test_periods_without_rows_are_no_alert(sales_app: App, maker: Maker) -> None:
    empty = revenue_spec(
        slug="empty",
        comparison={"by": "day", "base": ["2020-01-01", "2020-01-31"], "current": ["2026-01-01", "2026-01-31"]},
    )
    sales_app.analyses.create(empty, by=sales_app.owner.id)
    spec = {"content": {"analysis": "empty"}, "condition": {"kind": "alert", "any": [{"change_pct": 1}]}}
    with pytest.raises(NotMet) as unmet:
        maker.make(built(sales_app, spec=spec))
    assert unmet.value.reason == "no data"


def test_a_kpi_that_is_divided_by_0_is_not_sent(sales_app: App, maker: Maker, rewrite: Callable[[str], None]) -> None:
    rate = revenue_spec(slug="rate", equation={"total": "conversion", "steps": [{"formula": "orders / visits"}]})
    sales_app.analyses.create(rate, by=sales_app.owner.id)
    build = built(sales_app, spec={"content": {"analysis": "rate"}})
    rewrite("day,country,device,visits,orders,revenue\n2026-01-05,FR,m,0,0,0\n2026-02-28,FR,m,10,5,50\n")
    with pytest.raises(DataError, match="Nothing was sent"):
        maker.make(build)


def test_periods_without_rows_are_not_sent(sales_app: App, maker: Maker) -> None:
    empty = revenue_spec(
        slug="empty",
        comparison={"by": "day", "base": ["2020-01-01", "2020-01-31"], "current": ["2026-01-01", "2026-01-31"]},
    )
    sales_app.analyses.create(empty, by=sales_app.owner.id)
    with pytest.raises(EmptyComparison):
        maker.make(built(sales_app, spec={"content": {"analysis": "empty"}}))


@pytest.mark.parametrize(("max_age", "is_sent"), [("PT1H", False), ("P60D", True), (None, True)])
def test_data_older_than_the_export_allows_are_not_sent(
    sales_app: App, maker: Maker, max_age: str | None, is_sent: bool
) -> None:
    build = built(sales_app, spec={"max_age": max_age})
    if is_sent:
        assert maker.make(build).deliveries
        return
    with pytest.raises(DataError, match=r"data of 'sales' are .* old, and the export allows 1 hours"):
        maker.make(build)


def test_a_column_that_is_gone_is_not_sent(sales_app: App, maker: Maker, rewrite: Callable[[str], None]) -> None:
    build = built(sales_app)
    rewrite("day,country,device,visits,orders\n2026-01-05,FR,m,10,5\n2026-02-28,FR,m,10,5\n")
    with pytest.raises(BridgecastError, match="revenue"):
        maker.make(build)


def test_a_replay_of_the_same_sends_the_same_bytes(
    sales_app: App, maker: Maker, rewrite: Callable[[str], None]
) -> None:
    first = built(sales_app)
    sales_app.ledger.built(first, maker.make(first))
    before = {file.name: file.sha256 for file in sales_app.ledger.run(first.run_id).artefacts}
    rewrite(MORE_SALES)
    again = built(sales_app, key="again", parent_id=first.run_id, replays="same:all")
    made = maker.make(again)
    assert {file.name: file.sha256 for file in made.artefacts} == before
    assert made.versions == {"sales": 1}
    fresh = maker.make(built(sales_app, key="fresh", parent_id=first.run_id, replays="fresh:all"))
    assert {file.name: file.sha256 for file in fresh.artefacts} != before


def test_a_replay_of_the_same_sends_nothing_of_a_link(sales_app: App, maker: Maker) -> None:
    first = built(sales_app, spec={"destinations": [HOOK, LINK]})
    sales_app.ledger.built(first, maker.make(first))
    made = maker.make(built(sales_app, key="again", parent_id=first.run_id, replays="same:all"))
    assert {each.kind: each.state for each in made.deliveries} == {"link": "succeeded", "webhook": "planned"}


@pytest.mark.parametrize("data", ["same", "fresh"])
def test_a_replay_to_those_that_failed_leaves_out_who_has_it(sales_app: App, maker: Maker, data: str) -> None:
    spec = {"destinations": [MAIL, HOOK, LINK]}
    first = partly_sent(sales_app, maker, spec)
    again = built(sales_app, key="again", spec=spec, parent_id=first, replays=f"{data}:failed")
    made = maker.make(again)
    assert {each.kind: each.recipients for each in made.deliveries} == {"email": ("ben@example.org",)}


def test_a_replay_of_a_replay_that_was_never_made_leaves_them_out_too(sales_app: App, maker: Maker) -> None:
    spec = {"destinations": [MAIL, HOOK, LINK]}
    first = partly_sent(sales_app, maker, spec)
    broken = built(sales_app, key="broken", spec=spec, parent_id=first, replays="fresh:failed")
    sales_app.ledger.build_failed(broken, DataError("no"))
    made = maker.make(built(sales_app, key="again", spec=spec, parent_id=broken.run_id, replays="fresh:failed"))
    assert {each.kind: each.recipients for each in made.deliveries} == {"email": ("ben@example.org",)}


def test_a_run_that_was_never_made_is_replayed_to_all(sales_app: App, maker: Maker) -> None:
    broken = built(sales_app, key="broken")
    sales_app.ledger.build_failed(broken, DataError("no"))
    made = maker.make(built(sales_app, key="again", parent_id=broken.run_id, replays="fresh:failed"))
    assert [each.kind for each in made.deliveries] == ["webhook"]


def test_a_pinned_version_is_used_though_there_is_a_newer_one(
    sales_app: App, maker: Maker, rewrite: Callable[[str], None]
) -> None:
    rewrite(MORE_SALES)
    sales_app.catalogue.refresh("sales")
    assert maker.make(built(sales_app, definition={"versions": {"sales": 1}})).versions == {"sales": 1}
