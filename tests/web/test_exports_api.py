from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Site


def body(slug: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": slug,
        "content": {"kind": "report", "analysis": "revenue"},
        "destinations": [{"kind": "link", "settings": {"slug": slug, "public": True}}],
    } | changes


def path_of(site: Site, url: str) -> str:
    return url.removeprefix(site.app.settings.report_base_url)


def test_a_link_destination_is_answered_with_its_url(site: Site) -> None:
    answer = site.post("/exports", json=body("with-url"))
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{site.prefix}/exports/{made['id']}"
    destination = made["destinations"][0]
    assert destination["link_id"] == made["links"][0]["id"]
    assert site.anonymous(path_of(site, destination["url"])).status_code == 200


def test_a_taken_slug_is_409(site: Site) -> None:
    site.post("/exports", json=body("twice"))
    assert site.post("/exports", json=body("twice")).status_code == 409


def test_an_unknown_analysis_is_wrong_at_its_field(site: Site) -> None:
    answer = site.post("/exports", json=body("lost", content={"kind": "report", "analysis": "nowhere"}))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "content.analysis")


def test_an_element_that_is_not_there_is_refused_with_those_that_are(site: Site) -> None:
    content = {
        "kind": "report",
        "analysis": "revenue",
        "elements": [{"view": "step", "part": "chart", "step": "Prise"}],
    }
    answer = site.post("/exports", json=body("wrong-element", content=content))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "content.elements.0.step")
    assert "Visits, Conversion, Basket" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("elements", "field", "choices"),
    [
        ([], "content.elements", "Choose one at least"),
        ([{"view": "waterfall", "part": "text"}], "content.elements.0.part", "title, chart, comment, table"),
        ([{"view": "alert", "part": "chart"}], "content.elements.0.part", "text"),
        ([{"view": "step", "part": "chart"}], "content.elements.0.step", "Visits, Conversion, Basket"),
    ],
)
def test_an_element_that_makes_no_sense_is_refused_at_its_place(
    site: Site, elements: list[dict[str, str]], field: str, choices: str
) -> None:
    content = {"kind": "report", "analysis": "revenue", "elements": elements}
    answer = site.post("/exports", json=body("senseless", content=content))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert choices in answer.json()["detail"]


def test_a_filter_on_a_column_that_is_not_there_is_refused(site: Site) -> None:
    content = {"kind": "report", "analysis": "revenue", "where": {"contry": "FR"}}
    answer = site.post("/exports", json=body("wrong-filter", content=content))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "where.contry")


def test_an_export_without_destination_is_a_draft(site: Site) -> None:
    made = site.post("/exports", json=body("draft", destinations=[])).json()
    assert made["is_active"] is False
    answer = site.patch(f"/exports/{made['id']}", json={"is_active": True})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "destinations")


def test_a_link_is_rotated_and_revoked(site: Site) -> None:
    made = site.post("/exports", json=body("rotated")).json()
    links = f"/exports/{made['id']}/links"
    first = site.get(links).json()["results"][0]
    second = site.post(f"{links}/{first['id']}/rotate").json()
    opened = [site.anonymous(path_of(site, link["url"])).status_code for link in (first, second)]
    closed = site.post(f"{links}/{first['id']}/revoke").json()
    assert opened == [404, 200]
    assert closed["is_active"] is False
    assert site.anonymous(path_of(site, second["url"])).status_code == 404


def test_switching_off_closes_the_links_and_on_opens_them_at_the_same_address(site: Site) -> None:
    made = site.post("/exports", json=body("switched")).json()
    path = path_of(site, made["links"][0]["url"])
    seen = []
    for is_active in (True, False, True):
        site.patch(f"/exports/{made['id']}", json={"is_active": is_active})
        seen.append(site.anonymous(path).status_code)
    assert seen == [200, 404, 200]


def test_a_change_from_an_old_state_is_412(site: Site) -> None:
    made = site.post("/exports", json=body("guarded"))
    url, tag = f"/exports/{made.json()['id']}", made.headers["etag"]
    site.patch(url, json={"name": "One"})
    assert site.patch(url, json={"name": "Two"}, headers={"If-Match": tag}).status_code == 412


def test_a_deleted_export_takes_its_links_along(site: Site) -> None:
    made = site.post("/exports", json=body("gone")).json()
    assert site.delete(f"/exports/{made['id']}").status_code == 204
    assert site.get(f"/exports/{made['id']}").status_code == 404
    assert site.anonymous(path_of(site, made["links"][0]["url"])).status_code == 404


def test_the_preview_is_the_report_page(site: Site) -> None:
    made = site.post("/exports", json=body("previewed", is_active=False)).json()
    answer = site.get(f"/exports/{made['id']}/preview")
    assert answer.status_code == 200
    assert "<h1>Revenue</h1>" in answer.text


def test_tags_are_kept_each_once(site: Site) -> None:
    made = site.post("/exports", json=body("tagged", tags=[" Board ", "board", "sales"])).json()
    assert made["tags"] == ["Board", "sales"]
    changed = site.client.patch(f"{site.prefix}/exports/{made['id']}", json={"tags": ["x" * 51]})
    assert (changed.status_code, changed.json()["errors"][0]["field"]) == (422, "tags")
