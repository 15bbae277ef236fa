from __future__ import annotations

import httpx
import pytest

from core.access.sessions import COOKIE, Visitor
from tests.web.conftest import Site


def test_it_says_who_did_what_from_where(site: Site) -> None:
    site.report("told-to-the-audit")
    entry = site.get("/audit?act=export.made").json()["results"][0]
    assert (entry["subject"], entry["person_id"]) == ("told-to-the-audit", site.app.owner.id)
    assert (entry["address"], entry["subject_kind"]) == ("127.0.0.1", "export")


def test_it_comes_in_pages_the_newest_first(site: Site) -> None:
    for number in range(3):
        site.report(f"page-{number}")
    first = site.get("/audit?act=export.made&limit=2").json()
    second = httpx.get(first["next"], headers=site.client.headers, timeout=60).json()
    names = [entry["subject"] for entry in first["results"] + second["results"]]
    assert names[:3] == ["page-2", "page-1", "page-0"]


@pytest.mark.parametrize("cursor", ["nonsense", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwgIngiXQ==", "WzEsIDJd", "WyJ4Il0="])
def test_a_cursor_of_another_hand_is_refused(site: Site, cursor: str) -> None:
    assert site.get(f"/audit?cursor={cursor}").status_code == 422


def test_moments_at_the_ends_of_time_are_answered(site: Site) -> None:
    ends = {"from": "0001-01-01T00:00:00+14:00", "to": "9999-12-31T23:59:59-14:00"}
    assert site.get("/audit?limit=1", params=ends).json()["results"] != []


def test_a_moment_without_a_zone_is_refused(site: Site) -> None:
    answer = site.get("/audit?from=2026-01-01T00:00:00")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "from")


def test_it_is_downloaded_as_a_table(site: Site) -> None:
    answer = site.get("/audit.csv?act=dataset.made")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.lstrip("\ufeff").splitlines()[0] == "at,person,act,kind,subject,id,address,detail"
    assert "Sales" in answer.text


def test_its_retention_is_kept(site: Site) -> None:
    assert site.get("/audit/retention").json() == {"days": 365}
    changed = site.client.put(f"{site.prefix}/audit/retention", json={"days": 90})
    assert (changed.status_code, site.app.audit.days) == (200, 90)


def test_signing_in_and_failing_to_is_written_down(site: Site) -> None:
    person = site.app.people.add(site.app.sessions.built_in_owner(), "eve@example.org", "Eve", "viewer")
    site.app.people.use_link(site.app.people.make_link(person.id, "invite"), "a long password")
    site.app.sessions.sign_in("eve@example.org", "wrong", Visitor("192.0.2.9"))
    secret = site.app.sessions.sign_in("eve@example.org", "a long password", Visitor("192.0.2.9"))
    site.app.sessions.sign_out(str(secret))
    entries = site.get("/audit?act=sign_in").json()["results"]
    assert [(e["act"], e["subject"]) for e in entries] == [
        (f"sign_in.{act}", "eve@example.org") for act in ("ended", "succeeded", "failed")
    ]
    assert {e["address"] for e in entries[1:]} == {"192.0.2.9"}
    assert COOKIE not in str(entries)
