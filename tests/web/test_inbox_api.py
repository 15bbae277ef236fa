from __future__ import annotations

from typing import Any

from core.model.runs import InboxCard
from core.store.inbox import add_cards
from tests.web.conftest import Site


def put(site: Site, title: str, person_id: str | None = None) -> str:
    who = person_id or site.app.owner.id
    card = InboxCard(
        organisation_id=site.app.organisation.id,
        person_id=who,
        delivery_id=title,
        title=title,
        body={"title": title, "lines": ["a"]},
        created_at=site.app.clock(),
    )
    with site.app.store.write() as session:
        add_cards(session, [card])
        return card.id


def titles(site: Site, **asked: Any) -> list[str]:
    return [card["title"] for card in site.get("/inbox/cards", params=asked).json()["results"]]


def test_cards_are_listed_and_marked(site: Site) -> None:
    first = put(site, "first")
    put(site, "second")
    assert titles(site)[:2] == ["second", "first"]
    answer = site.patch(f"/inbox/cards/{first}", json={"read": True})
    assert answer.status_code == 200
    assert answer.json()["read_at"] is not None
    assert "first" not in titles(site, unread=True)
    assert site.patch(f"/inbox/cards/{first}", json={"read": False}).json()["read_at"] is None


def test_a_list_goes_on_behind_its_last_card(site: Site) -> None:
    for number in range(3):
        put(site, f"long {number}")
    page = site.get("/inbox/cards", params={"limit": 2}).json()
    assert [card["title"] for card in page["results"]] == ["long 2", "long 1"]
    assert site.client.get(page["next"]).json()["results"][0]["title"] == "long 0"


def test_somebody_else_s_card_is_unknown(site: Site) -> None:
    ann = site.app.people.add(site.app.sessions.built_in_owner(), "card@example.org", "Ann", "viewer").id
    hers = put(site, "hers", ann)
    assert "hers" not in titles(site)
    assert site.patch(f"/inbox/cards/{hers}", json={"read": True}).status_code == 404
