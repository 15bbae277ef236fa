from __future__ import annotations

from typing import Any

import pytest

from core.connectors.base import Receipt, SendError
from core.delivery.work import Claim
from tests.web.conftest import Site


def hooked(site: Site, name: str = "hooked", **changes: Any) -> str:
    """An export to a webhook; its id."""
    hook = {"kind": "webhook", "name": f"{name} hook", "settings": {"url": "https://hooks.example.org/x"}}
    connection = site.post("/connections", json=hook).json()["id"]
    destination = {"kind": "webhook", "connection": connection}
    body = {
        "name": name,
        "content": {"analysis": "revenue"},
        "destinations": [destination],
        "triggers": [{"kind": "url"}],
        **changes,
    }
    answer = site.post("/exports", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def made(site: Site, export_id: str) -> str:
    """A run of the export, made and not sent; its id."""
    answer = site.post(f"/exports/{export_id}/run")
    assert answer.status_code == 202, answer.text
    run_id = answer.json()["run_id"]
    while (build := site.app.ledger.claim_build()) is not None:
        site.app.ledger.built(build, site.app.maker.make(build))
    return str(run_id)


def claimed(site: Site, run_id: str) -> Claim:
    (delivery,) = (each for each in site.app.ledger.run(run_id).deliveries if each.kind == "webhook")
    claim = site.app.ledger.claim_delivery(delivery.id)
    assert claim is not None
    return claim


def failed(site: Site, name: str = "hooked") -> str:
    run_id = made(site, hooked(site, name))
    error = SendError("hooks.example.org answered 410.", permanent=True, error_class="gone", status=410, request="POST")
    site.app.ledger.send_failed(claimed(site, run_id), error)
    return run_id


def sent(site: Site, name: str = "hooked") -> str:
    run_id = made(site, hooked(site, name))
    site.app.ledger.sent(claimed(site, run_id), Receipt(status=200, request="POST hooks", response="ok"))
    return run_id


def test_a_run_tells_its_steps_files_deliveries_and_tries(site: Site) -> None:
    run_id = sent(site, "told")
    run = site.get(f"/runs/{run_id}").json()
    assert (run["state"], run["trigger"], run["data_version"]) == ("succeeded", "api", {"sales": 1})
    assert [step["name"] for step in run["steps"]] == ["render"] or run["steps"][-1]["name"] == "render"
    (delivery,) = (each for each in run["deliveries"] if each["kind"] == "webhook")
    (attempt,) = delivery["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["response"]) == ("succeeded", 200, "ok")
    assert run["definition"]["spec"]["name"] == "told"
    assert next(event["state"] for event in run["events"]) == "planned"


def test_its_files_are_downloaded_as_they_were_sent(site: Site) -> None:
    run_id = sent(site, "files")
    (message,) = [f for f in site.get(f"/runs/{run_id}").json()["artefacts"] if f["name"] == "webhook.json"]
    answer = site.client.get(message["url"])
    assert answer.status_code == 200
    assert len(answer.content) == message["bytes"]
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.json() == site.get(f"/runs/{run_id}/payload").json()["webhook.json"]
    assert site.get(f"/runs/{run_id}/artefacts/nothing.json").status_code == 404
    assert site.get(f"/runs/{run_id}/artefacts/..%2f..%2fsecret.key").status_code == 404


def test_a_failed_run_is_tried_again_and_replayed(site: Site) -> None:
    run_id = failed(site, "again")
    answer = site.post(f"/runs/{run_id}/replay", json={"data": "same", "only": "failed"})
    assert answer.status_code == 202
    assert answer.json()["status_url"].endswith(f"/runs/{answer.json()['run_id']}")
    assert site.get(f"/runs/{answer.json()['run_id']}").json()["parent_id"] == run_id


def test_what_cannot_be_done_is_a_conflict_with_the_reason(site: Site) -> None:
    run_id = sent(site, "done")
    assert site.post(f"/runs/{run_id}/retry").status_code == 409
    assert site.post(f"/runs/{run_id}/start").status_code == 409
    assert site.get("/runs/nowhere").status_code == 404


def test_a_run_is_put_away_and_brought_back(site: Site) -> None:
    run_id = failed(site, "away")
    answer = site.post(f"/runs/{run_id}/ignore", json={"note": "known outage"})
    assert (answer.json()["state"], answer.json()["hidden"], answer.json()["note"]) == ("ignored", True, "known outage")
    ids = [run["id"] for run in site.get("/runs").json()["results"]]
    assert run_id not in ids
    assert run_id in [run["id"] for run in site.get("/runs?hidden=true").json()["results"]]
    assert site.post(f"/runs/{run_id}/restore").json()["state"] == "failed"


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("state=succeeded", True),
        ("state=failed", False),
        ("state=failed&state=succeeded", True),
        ("q=filTEr", True),
        ("q=nobody%25", False),
        ("destination=webhook", True),
        ("destination=email", False),
        ("from=2999-01-01T00:00:00Z", False),
        ("to=2001-01-01T00:00:00Z", False),
    ],
)
def test_filters_hold_together(site: Site, query: str, finds: bool) -> None:
    known = list(site.get("/runs?q=filtered").json()["results"])
    run_id = known[0]["id"] if known else sent(site, "filtered")
    found = [run["id"] for run in site.get(f"/runs?{query}").json()["results"]]
    assert (run_id in found) is finds


def test_the_list_goes_on_page_by_page(site: Site) -> None:
    for number in range(3):
        site.post(f"/exports/{hooked(site, f'paged {number}')}/run")
    seen: list[str] = []
    page = site.get("/runs?limit=2&q=paged").json()
    while True:
        seen += [run["name"] for run in page["results"]]
        if page["next"] is None:
            break
        page = site.client.get(page["next"]).json()
    assert seen == ["paged 2", "paged 1", "paged 0"]
    assert site.get("/runs?cursor=x").status_code == 422


def test_several_are_replayed_at_once_and_the_others_named(site: Site) -> None:
    run_id = failed(site, "bulk")
    answer = site.post("/runs/replay", json={"ids": [run_id, "nowhere"], "data": "fresh"})
    assert answer.status_code == 202
    assert list(answer.json()["started"]) == [run_id]
    assert "nowhere" in answer.json()["refused"]["nowhere"]
