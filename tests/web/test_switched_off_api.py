from __future__ import annotations

from typing import Any

from core.connectors.base import SendError
from tests.web.conftest import Site
from tests.web.test_runs_api import claimed, hooked, made


def off(site: Site, export_id: str) -> list[dict[str, Any]]:
    return [one for one in site.get("/switched-off").json()["results"] if one["export_id"] == export_id]


def test_what_was_switched_off_is_listed_and_switched_on_with_what_it_missed(site: Site) -> None:
    export_id = hooked(site, "gone one")
    run_id = made(site, export_id)
    gone = SendError("hooks.example.org answered 410.", permanent=True, disables=True, error_class="gone")
    site.app.ledger.send_failed(claimed(site, run_id), gone)
    missed = made(site, export_id)
    (one,) = off(site, export_id)
    assert (one["name"], one["kind"], one["export"], one["reason"], one["missed"]) == (
        "gone one hook",
        "webhook",
        "gone one",
        "hooks.example.org answered 410.",
        1,
    )
    answer = site.post(f"/switched-off/{one['id']}/on", json={"replay": True})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["missed"], list(answer.json()["started"]), answer.json()["refused"]) == (
        [missed],
        [missed],
        {},
    )
    assert off(site, export_id) == []
    again = site.app.ledger.run(answer.json()["started"][missed]).run
    assert (again.parent_id, again.replays) == (missed, "same:failed")


def test_what_is_not_switched_off_is_unknown(site: Site) -> None:
    assert site.post("/switched-off/nothing/on", json={}).status_code == 404
