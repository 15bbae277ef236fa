"""Reports in the inbox: a card for everybody who is named, and none twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.app import App
from core.connectors.base import Parcel, SendError
from core.delivery.retention import Retention
from core.errors import DataError, NotFound
from core.model.delivery import ExportSpec
from tests.conftest import NOW


@pytest.fixture
def ann(sales_app: App) -> str:
    return sales_app.people.add(sales_app.sessions.built_in_owner(), "ann@example.org", "Ann", "viewer").id


def parcel(**settings: Any) -> Parcel:
    message = {"title": "Revenue fell", "lines": ["a line"], "link": "http://localhost/r/x", "export": "Morning"}
    return Parcel("d", "r", "o", NOW, is_test=False, settings=settings, message=message)


def titles(app: App, person_id: str) -> list[str]:
    return [card.title for card in app.inbox.of(person_id)]


@pytest.mark.parametrize("named", [{"people": ["ANN@example.org"]}, {"roles": ["viewer"]}])
def test_who_is_named_gets_one_card_however_often_it_is_tried(sales_app: App, ann: str, named: dict[str, Any]) -> None:
    for _ in range(2):
        assert sales_app.inbox.deliver(parcel(**named)).request == "a card for Ann"
    assert titles(sales_app, ann) == ["Revenue fell"]
    assert titles(sales_app, sales_app.owner.id) == []


def test_a_person_named_by_id_gets_it_too(sales_app: App, ann: str) -> None:
    sales_app.inbox.deliver(parcel(people=[ann]))
    assert titles(sales_app, ann) == ["Revenue fell"]


def test_nobody_who_is_here_is_for_good(sales_app: App) -> None:
    with pytest.raises(SendError, match="Nobody of those named") as told:
        sales_app.inbox.deliver(parcel(people=["gone@example.org"]))
    assert told.value.permanent


def test_cards_are_counted_by_kind_until_they_are_read(sales_app: App, ann: str) -> None:
    sales_app.inbox.deliver(parcel(people=[ann]))
    assert (sales_app.inbox.unread(ann, "report"), sales_app.inbox.unread(ann, "alert")) == (1, 0)
    sales_app.inbox.read_all(ann)
    assert sales_app.inbox.unread(ann, "report") == 0
    (card,) = sales_app.inbox.of(ann)
    sales_app.inbox.read(card.id, ann, is_read=False)
    assert sales_app.inbox.of(ann, only_unread=True) != []


@pytest.mark.parametrize(("days", "left"), [(90, 1), (91, 0)])
def test_cards_go_when_runs_go(sales_app: App, ann: str, days: int, left: int) -> None:
    sales_app.inbox.deliver(parcel(people=[ann]))
    then = sales_app.clock() + timedelta(days=days)
    Retention(sales_app.store, sales_app.artefacts, sales_app.organisation.id, lambda: then).prune()
    assert len(titles(sales_app, ann)) == left


def test_somebody_else_s_card_cannot_be_marked(sales_app: App, ann: str) -> None:
    sales_app.inbox.deliver(parcel(people=[ann]))
    with pytest.raises(NotFound):
        sales_app.inbox.read(sales_app.inbox.of(ann)[0].id, sales_app.owner.id)


def test_an_inbox_for_nobody_is_refused_when_it_is_saved(sales_app: App) -> None:
    spec = {
        "name": "Morning",
        "content": {"analysis": "revenue"},
        "destinations": [{"kind": "inbox"}],
        "triggers": [{"kind": "url"}],
    }
    with pytest.raises(DataError, match="nobody's name") as told:
        sales_app.exports.create(ExportSpec.model_validate(spec), by=sales_app.owner.id)
    assert told.value.field == "destinations.0.settings"
