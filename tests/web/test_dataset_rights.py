"""Who may see a dataset: said by administrators, held by lists, bodies, SQL and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.access.tokens import ALL_SCOPES, hash_token
from core.model.access import Person
from core.store.people import keep_token
from tests.web.conftest import REVENUE, SALES, Site, serve

Send = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def site(new_house: Callable[[], Path]) -> Iterator[Site]:
    """A site where `pay`, with an analysis and an export of that name, is for Ann and administrators."""
    for site in serve(new_house()):
        for name in ("ann", "ben"):
            site.app.people.add(site.app.sessions.built_in_owner(), f"{name}@example.org", name.title(), "analyst")
        assert site.upload("pay").status_code == 201
        assert site.post("/analyses", json={**REVENUE, "slug": "pay", "dataset": "pay"}).status_code == 201
        site.report("pay", "pay")
        assert site.patch("/datasets/pay", json={"access": {"people": ["Ann@example.org"]}}).status_code == 200
        yield site


@pytest.fixture
def send(site: Site) -> Iterator[Send]:
    """`send("ben", "GET", "/datasets")`: with a token of that person's."""
    with httpx.Client(base_url=site.base, timeout=60) as client:

        def sent(name: str, method: str, path: str, **more: Any) -> httpx.Response:
            token = f"token-of-{name}"
            with site.app.store.write() as session:
                keep_token(session, person(site, name).id, token, hash_token(token), ALL_SCOPES, now=site.app.clock())
            return client.request(method, site.prefix + path, headers={"Authorization": f"Bearer {token}"}, **more)

        yield sent


def person(site: Site, name: str) -> Person:
    found = site.app.people.find(f"{name}@example.org")
    assert found is not None
    return found


@pytest.mark.parametrize(("path", "key"), [("/datasets", "slug"), ("/analyses", "slug"), ("/exports", "name")])
def test_lists_hold_what_is_for_the_person(send: Send, path: str, key: str) -> None:
    held = {name: "pay" in [one[key] for one in send(name, "GET", path).json()["results"]] for name in ("ann", "ben")}
    assert held == {"ann": True, "ben": False}


def test_an_answer_names_who_may_see_it_by_address(site: Site) -> None:
    assert site.get("/datasets/pay").json()["access"] == {"people": ["ann@example.org"], "roles": []}
    assert site.get("/datasets/sales").json()["access"] == {"people": [], "roles": []}


def test_an_analysis_on_a_dataset_that_is_not_for_them_is_refused_like_one_on_nothing(send: Send) -> None:
    answers = [
        send("ben", "POST", "/analyses", json={**REVENUE, "slug": "bens", "dataset": dataset})
        for dataset in ("pay", "none")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].text.replace("pay", "none") == answers[1].text


def test_an_analysis_is_not_moved_to_a_dataset_that_is_not_for_them(site: Site, send: Send) -> None:
    assert send("ben", "PATCH", "/analyses/revenue", json={"dataset": "pay"}).status_code == 422
    assert site.get("/analyses/revenue").json()["dataset"] == "sales"


def test_old_states_on_a_dataset_that_is_not_for_them_are_left_out(site: Site, send: Send) -> None:
    assert site.post("/analyses", json={**REVENUE, "slug": "moved", "dataset": "pay"}).status_code == 201
    assert site.patch("/analyses/moved", json={"dataset": "sales"}).status_code == 200
    revisions = {
        name: [r["revision"] for r in send(name, "GET", "/analyses/moved/revisions").json()["results"]]
        for name in ("ann", "ben")
    }
    assert revisions == {"ann": [1, 2], "ben": [2]}
    assert send("ben", "POST", "/analyses/moved/revisions/1/restore").status_code == 422


def test_an_export_of_what_is_not_for_them_is_refused_like_one_of_nothing(send: Send) -> None:
    def answer(analysis: str) -> httpx.Response:
        settings = {"kind": "link", "settings": {"slug": "bens", "public": True}}
        body = {"name": "Ben's", "content": {"analysis": analysis}, "destinations": [settings]}
        return send("ben", "POST", "/exports", json=body)

    answers = [answer(analysis) for analysis in ("pay", "none")]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].text.replace("pay", "none") == answers[1].text


@pytest.mark.parametrize("sql", ["SELECT sum(revenue) FROM pay", "SELECT * FROM sales JOIN pay USING (day)"])
def test_sql_reaches_the_datasets_of_the_person_alone(send: Send, sql: str) -> None:
    statuses = {
        name: send(name, "POST", "/datasets/sales/query", json={"sql": sql}).status_code for name in ("ann", "ben")
    }
    assert statuses == {"ann": 200, "ben": 422}


def test_a_slug_that_somebody_else_s_dataset_has_is_taken(send: Send) -> None:
    files = {"file": ("pay.csv", b"day,n\n2026-01-01,1\n")}
    answer = send("ben", "POST", "/datasets", data={"slug": "pay", "name": "Mine"}, files=files)
    assert (answer.status_code, "Pay" in answer.json()["detail"]) == (409, False)


def test_only_administrators_say_who_may_see_a_dataset(site: Site, send: Send) -> None:
    assert send("ann", "PATCH", "/datasets/pay", json={"access": {}}).status_code == 403
    assert site.get("/datasets/pay").json()["access"]["people"] == ["ann@example.org"]
    assert send("ann", "PATCH", "/datasets/pay", json={"description": "Wages"}).status_code == 200


@pytest.mark.parametrize("people", [["nobody@example.org"], ["viewer@example.org"]])
def test_somebody_who_cannot_be_named_is_422_and_nothing_is_changed(site: Site, people: list[str]) -> None:
    if site.app.people.find("viewer@example.org") is None:
        site.app.people.add(site.app.sessions.built_in_owner(), "viewer@example.org", "Vic", "viewer")
    answer = site.patch("/datasets/pay", json={"name": "Changed", "access": {"people": people}})
    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, ["access.people"])
    assert site.get("/datasets/pay").json()["name"] == "Pay"


def test_the_audit_says_who_may_see_it(site: Site) -> None:
    entries = site.get("/audit", params={"act": "dataset.shared"}).json()["results"]
    assert {"people": ["ann@example.org"], "roles": []} in [entry["detail"] for entry in entries]


def test_a_right_counts_at_once_and_ends_at_once(site: Site, send: Send) -> None:
    site.patch("/datasets/pay", json={"access": {"people": ["ann@example.org", "ben@example.org"]}})
    assert send("ben", "GET", "/analyses/pay/bridge").status_code == 200
    site.patch("/datasets/pay", json={"access": {"people": ["ann@example.org"]}})
    assert send("ben", "GET", "/analyses/pay/bridge").status_code == 404


def test_a_report_ends_with_its_author_s_right_for_everybody_and_comes_back_with_it(site: Site, send: Send) -> None:
    settings = {"kind": "link", "settings": {"slug": "anns", "public": True}}
    body = {"name": "Ann's", "content": {"analysis": "pay"}, "destinations": [settings]}
    made = send("ann", "POST", "/exports", json=body)
    path = made.json()["links"][0]["url"].removeprefix(site.app.settings.report_base_url)
    seen = [site.anonymous(path)]
    for named in ({"roles": ["admin"]}, {"people": ["ann@example.org"]}):
        site.patch("/datasets/pay", json={"access": named})
        seen.append(site.anonymous(path))
    assert [answer.status_code for answer in seen] == [200, 403, 200]
    assert "Its author may no longer see the data it shows." in seen[1].text
    assert site.anonymous(f"{path}.csv").status_code == 200


def test_a_public_link_shows_what_its_author_may_see_to_everybody(site: Site) -> None:
    path = next(e for e in site.get("/exports").json()["results"] if e["name"] == "pay")["links"][0]["url"]
    assert site.anonymous(path.removeprefix(site.app.settings.report_base_url)).status_code == 200


def test_a_deleted_dataset_leaves_no_rights_to_the_next_of_its_name(site: Site, send: Send) -> None:
    assert site.upload("brief").status_code == 201
    site.patch("/datasets/brief", json={"access": {"roles": ["admin"]}})
    assert site.delete("/datasets/brief").status_code == 204
    assert site.upload("brief").status_code == 201
    assert send("ben", "GET", "/datasets/brief").status_code == 200


@pytest.mark.parametrize("access", ['{"roles": ["admin"]}', '{"people": ["ann@example.org"]}'])
def test_a_new_dataset_can_be_for_some_from_its_first_moment(site: Site, send: Send, access: str) -> None:
    slug = f"new-{len(access)}"
    assert site.upload(slug, access=access).status_code == 201
    assert send("ben", "GET", f"/datasets/{slug}").status_code == 404


def test_only_administrators_make_a_dataset_that_is_for_some(send: Send) -> None:
    fields = {"slug": "mine", "name": "Mine", "access": '{"people": ["ben@example.org"]}'}
    answer = send("ben", "POST", "/datasets", data=fields, files={"file": ("mine.csv", b"day,n\n2026-01-01,1\n")})
    assert answer.status_code == 403


def test_a_new_dataset_for_nobody_who_is_here_is_not_made(site: Site) -> None:
    answer = site.upload("ghosts", access='{"people": ["ghost@example.org"]}')
    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, ["access.people"])
    assert site.get("/datasets/ghosts").status_code == 404


def test_access_that_is_no_json_is_named(site: Site) -> None:
    answer = site.upload("wrong", access="everybody")
    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, ["access"])


def test_a_path_can_be_for_some_too(site: Site, send: Send, tmp_path: Path) -> None:
    (tmp_path / "wages.csv").write_text(SALES, encoding="utf-8")
    source = {"kind": "files", "path": str(tmp_path / "wages.csv")}
    body = {"slug": "wages", "name": "Wages", "source": source, "access": {"roles": ["admin"]}}
    assert site.post("/datasets", json=body).json()["access"] == {"people": [], "roles": ["admin"]}
    assert send("ben", "GET", "/datasets/wages").status_code == 404
