"""A run of an export to Teams from its making to Microsoft's answer: what is kept, seen, and tried again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.app import App, open_app
from core.connectors.base import SendError
from core.connectors.teams import MOST_BYTES, size_of
from core.model.data import DatasetSpec, FilesSource
from core.settings import Settings
from tests.conftest import NOW, revenue_spec
from tests.connectors.teams_rules import of_type
from tests.connectors.teams_server import Fault, Microsoft, microsoft
from tests.delivery.ledgers import Clock, only, outcomes
from tests.delivery.test_maker import built

PUBLIC = "https://reports.example.org"


@pytest.fixture
def world() -> Iterator[Microsoft]:
    with microsoft() as opened:
        yield opened
        assert opened.died == []


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def app(new_folder: Path, sales_csv: Path, clock: Clock) -> Iterator[App]:
    """An installation that Microsoft reaches by https, and that may call this computer."""
    settings = Settings(data_dir=new_folder, demo=False, egress_allow="localhost", public_url=PUBLIC)
    opened = open_app(settings, clock=clock)
    source = FilesSource(path=str(sales_csv))
    opened.catalogue.create(DatasetSpec(slug="sales", name="Sales", source=source), by=opened.owner.id)
    opened.analyses.create(revenue_spec(), by=opened.owner.id)
    yield opened
    opened.close()


def teams(app: App, world: Microsoft, **overrides: Any) -> dict[str, Any]:
    """A destination, with a connection of its own."""
    name = f"Channel {len(app.connections.all())}"
    saved = app.connections.create("teams", name, {}, {"url": world.flow_url}, by=app.owner.id)
    return {"id": name, "kind": "teams", "connection": saved.id, "overrides": overrides}


def made(app: App, *destinations: dict[str, Any]) -> str:
    """A run whose files and deliveries are there; its id."""
    build = built(app, spec={"destinations": destinations})
    app.ledger.built(build, app.maker.make(build))
    return build.run_id


def send(app: App) -> None:
    """One try of each delivery that is due."""
    while claim := app.ledger.claim_delivery():
        try:
            app.ledger.sent(claim, app.sender.send(claim))
        except SendError as error:
            app.ledger.send_failed(claim, error)


def pictures(card: dict[str, Any]) -> list[str]:
    return [image["url"] for image in of_type(card, "Image")]


def test_card_and_pictures_are_kept_and_the_card_is_accepted(app: App, world: Microsoft) -> None:
    run_id = made(app, teams(app, world))
    send(app)
    assert (only(app.ledger, run_id).state, outcomes(app.ledger, run_id)) == ("succeeded", ["accepted"])
    names = [artefact.name for artefact in app.ledger.run(run_id).artefacts]
    assert names == ["bridge.json", "card-chart-1.png", "card-chart-2.png", "teams.json"]
    assert only(app.ledger, run_id).id in json.dumps(world.cards[0])


def test_whoever_has_the_card_sees_its_pictures(app: App, world: Microsoft) -> None:
    made(app, teams(app, world), teams(app, world, locale="de"))
    send(app)
    for card in world.cards:
        assert len(pictures(card)) == 2
        for url in pictures(card):
            found = app.pictures.find(url.removeprefix(f"{PUBLIC}/i/"))
            assert found is not None
            assert found.content.startswith(b"\x89PNG")
    assert set(pictures(world.cards[0])).isdisjoint(pictures(world.cards[1]))


@pytest.mark.parametrize("layout", ["slides", "list", "dropdown"])
def test_each_layout_is_accepted(layout: str, app: App, world: Microsoft) -> None:
    made(app, teams(app, world, layout=layout))
    send(app)
    assert len(world.cards) == 1


def test_what_is_too_large_arrives_short_at_the_same_try(app: App, world: Microsoft) -> None:
    world.faults.append(Fault(413))
    run_id = made(app, teams(app, world))
    send(app)
    assert outcomes(app.ledger, run_id) == ["accepted"]
    assert "Shortened to what Teams takes." in json.dumps(world.cards[0])


def test_too_large_even_then_fails_for_good(app: App, world: Microsoft) -> None:
    world.faults += [Fault(413), Fault(413)]
    run_id = made(app, teams(app, world))
    send(app)
    assert only(app.ledger, run_id).state == "failed"


def test_a_lost_answer_sends_the_same_card_again(app: App, world: Microsoft, clock: Clock) -> None:
    world.faults.append(Fault(is_lost=True))
    run_id = made(app, teams(app, world))
    send(app)
    clock.forward(seconds=30)
    send(app)
    assert (only(app.ledger, run_id).state, outcomes(app.ledger, run_id)) == ("succeeded", ["unknown", "accepted"])
    (_, first), (_, second) = world.posts
    assert first == second


def test_no_address_of_a_workflow_is_kept_with_a_run(app: App, world: Microsoft) -> None:
    world.faults.append(Fault(401, body=world.flow_url))
    run_id = made(app, teams(app, world))
    send(app)
    detail = app.ledger.run(run_id)
    told = [attempt.model_dump(mode="json") for attempts in detail.attempts.values() for attempt in attempts]
    kept = json.dumps([told, [row.model_dump(mode="json") for row in detail.deliveries]])
    assert told
    assert "sig=" not in kept
    assert "/workflows/" not in kept


def test_a_card_with_its_addresses_stays_below_the_limit(app: App, world: Microsoft) -> None:
    made(app, teams(app, world, layout="dropdown"))
    send(app)
    assert size_of(world.cards[0]) <= MOST_BYTES + 300 * len(pictures(world.cards[0]))
    ((_, body),) = world.posts
    assert len(body) < 28_000
