from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from sqlmodel import select

from core.model.runs import Run
from tests.web.conftest import Site

NUMBERS = count()
WEEKDAYS: dict[str, Any] = {"kind": "schedule", "cron": "0 9 * * 1-5", "zone": "Europe/Paris"}


def make(site: Site, *triggers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    slug = f"with-triggers-{next(NUMBERS)}"
    body = {
        "name": slug,
        "content": {"kind": "report", "analysis": "revenue"},
        "triggers": list(triggers),
        "destinations": [{"kind": "link", "settings": {"slug": slug}}],
    }
    answer = site.post("/exports", json=body | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_schedule_is_answered_with_its_next_five_moments_and_their_offset(site: Site) -> None:
    (schedule,) = make(site, WEEKDAYS)["triggers"]
    assert (schedule["state"], len(schedule["next_fires"])) == ("on", 5)
    assert {moment[11:16] for moment in schedule["next_fires"]} == {"09:00"}
    assert {moment[19:] for moment in schedule["next_fires"]} <= {"+01:00", "+02:00"}


def test_the_address_of_a_trigger_url_is_answered_once(site: Site) -> None:
    made = make(site, {"kind": "url"})
    read = site.get(f"/exports/{made['id']}").json()["triggers"][0]
    assert "/t/" in made["triggers"][0]["url"]
    assert (read["url"], read["id"]) == (None, made["triggers"][0]["id"])


def test_all_of_an_export_is_answered(site: Site) -> None:
    mail = {"kind": "email", "connection": "none yet", "settings": {"to": ["a@example.org"]}, "on_unknown": "hold"}
    condition = {"kind": "alert", "any": [{"step": "total", "change_pct": 5, "direction": "down"}]}
    made = make(
        site,
        WEEKDAYS,
        destinations=[mail],
        condition=condition,
        refresh="none",
        retention_days=30,
        failure_recipients=["ops@example.org"],
        is_active=False,
    )
    assert (made["refresh"], made["retention_days"], made["failure_recipients"]) == ("none", 30, ["ops@example.org"])
    assert made["condition"]["any"][0]["change_pct"] == 5
    destination, link = made["destinations"]
    assert link["kind"] == "link"
    assert {name: destination[name] for name in mail} == mail
    assert destination["id"]


def test_what_is_sent_without_a_trigger_is_a_draft(site: Site) -> None:
    mail = {"kind": "email", "settings": {"to": ["a@example.org"]}}
    made = make(site, destinations=[mail])
    answer = site.patch(f"/exports/{made['id']}", json={"is_active": True})
    assert made["is_active"] is False
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "triggers")


def test_a_change_keeps_triggers_and_their_ids(site: Site) -> None:
    made = make(site, WEEKDAYS, {"kind": "url"})
    changed = site.patch(
        f"/exports/{made['id']}", json={"triggers": [WEEKDAYS, {"kind": "url", "post_only": True}]}
    ).json()
    assert [trigger["id"] for trigger in changed["triggers"]] == [trigger["id"] for trigger in made["triggers"]]
    assert changed["triggers"][1]["post_only"] is True


def test_a_schedule_that_cannot_be_is_wrong_at_its_place(site: Site) -> None:
    body = {
        "name": "x",
        "content": {"kind": "report", "analysis": "revenue"},
        "triggers": [WEEKDAYS | {"zone": "Paris"}],
    }
    answer = site.post("/exports", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "triggers.0.zone")


def test_a_schedule_and_a_dataset_s_refresh_exclude_each_other(site: Site) -> None:
    body = {
        "name": "x",
        "content": {"kind": "report", "analysis": "revenue"},
        "triggers": [WEEKDAYS, {"kind": "dataset", "dataset": "sales"}],
    }
    answer = site.post("/exports", json=body)
    assert (answer.status_code, "exclude each other" in answer.json()["detail"]) == (422, True)


def test_triggers_are_listed(site: Site) -> None:
    made = make(site, WEEKDAYS, {"kind": "url"}, {"kind": "url", "post_only": True})
    listed = site.get(f"/exports/{made['id']}/triggers").json()["results"]
    assert sorted(trigger["kind"] for trigger in listed) == ["schedule", "url", "url"]
    assert [trigger.get("url") for trigger in listed] == [None, None, None]


def call(site: Site, url: str) -> int:
    path = url.removeprefix(site.app.settings.report_base_url)
    return site.anonymous(path, User_Agent="curl/8.5.0").status_code


def test_a_rotated_url_works_besides_the_old_one_and_a_revoked_one_does_not(site: Site) -> None:
    made = make(site, {"kind": "url"})
    (trigger,) = made["triggers"]
    path = f"/exports/{made['id']}/triggers/{trigger['id']}"
    fresh = site.post(f"{path}/rotate").json()
    assert (call(site, trigger["url"]), call(site, fresh["url"])) == (202, 202)
    assert fresh["old_until"] is not None
    assert site.post(f"{path}/revoke").json()["state"] == "revoked"
    assert (call(site, trigger["url"]), call(site, fresh["url"])) == (404, 404)
    assert call(site, site.post(f"{path}/rotate").json()["url"]) == 202


def test_the_old_url_may_end_at_once(site: Site) -> None:
    made = make(site, {"kind": "url"})
    (trigger,) = made["triggers"]
    path = f"/exports/{made['id']}/triggers/{trigger['id']}/rotate"
    assert site.post(path, json={"old_works_for_hours": 0}).json()["old_until"] is None
    assert call(site, trigger["url"]) == 404


def test_an_export_is_started_by_hand_or_program(site: Site) -> None:
    made = make(site)
    answer = site.post(f"/exports/{made['id']}/run")
    said = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, said["status_url"])
    with site.app.store.read() as session:
        run = session.get_one(Run, said["run_id"])
    assert (run.trigger_kind, run.requested_by, run.subject_id) == ("api", site.app.owner.id, made["id"])


def test_the_same_key_starts_it_once(site: Site) -> None:
    made = make(site)
    first, second = (site.post(f"/exports/{made['id']}/run", headers={"Idempotency-Key": "a"}).json() for _ in range(2))
    assert (first["run_id"], second["duplicate"]) == (second["run_id"], True)
    with site.app.store.read() as session:
        assert len(list(session.exec(select(Run).where(Run.subject_id == made["id"])))) == 1


@pytest.mark.parametrize(("scopes", "status"), [(("read", "run"), 202), (("read", "write"), 403)])
def test_starting_needs_the_scope_run(site: Site, scopes: tuple[str, ...], status: int) -> None:
    made = make(site)
    answer = site.post(f"/exports/{made['id']}/run", headers=site.token_with(*scopes))
    assert answer.status_code == status


def test_an_export_that_is_off_is_not_started(site: Site) -> None:
    made = make(site, is_active=False)
    assert site.post(f"/exports/{made['id']}/run").status_code == 409


def test_the_state_that_a_change_is_made_from_does_not_grow_old_by_itself(site: Site) -> None:
    body = {
        "name": "tagged",
        "content": {"kind": "report", "analysis": "revenue"},
        "triggers": [WEEKDAYS, {"kind": "url"}],
        "destinations": [{"kind": "link", "settings": {"slug": "tagged"}}],
    }
    made = site.post("/exports", json=body)
    assert call(site, made.json()["triggers"][1]["url"]) == 202
    path, tag = f"/exports/{made.json()['id']}", {"If-Match": made.headers["etag"]}
    assert site.patch(path, json={"name": "once"}, headers=tag).status_code == 200
    assert site.patch(path, json={"name": "twice"}, headers=tag).status_code == 412
