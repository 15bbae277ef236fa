"""The definitions of an organisation as YAML, out and in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import yaml

from tests.web.conftest import Site


def put(site: Site, values: dict[str, Any], *, dry_run: bool = False) -> httpx.Response:
    headers = {"Content-Type": "application/yaml"}
    query = {"dry_run": str(dry_run).lower()}
    return site.client.put(f"{site.prefix}/spec", content=yaml.safe_dump(values), headers=headers, params=query)


def document(slug: str, **more: Any) -> dict[str, Any]:
    content = {"analysis": "revenue"}
    return {"exports": [{"name": slug, "content": content, "destinations": [{"settings": {"slug": slug}}], **more}]}


def names(site: Site) -> list[str]:
    return [one["name"] for one in site.get("/exports?limit=500").json()["results"]]


def test_what_comes_out_goes_in_again_and_changes_nothing(site: Site) -> None:
    put(site, document("roundabout", tags=["board"]))
    out = site.get("/spec")
    assert out.headers["content-type"].startswith("application/yaml")
    answer = put(site, yaml.safe_load(out.text)).json()
    assert {one["act"] for one in answer["changes"]} == {"same"}
    assert {one["kind"] for one in answer["changes"]} == {"analysis", "export"}


def test_a_dry_run_answers_the_difference_and_keeps_nothing(site: Site) -> None:
    put(site, document("dry", description="Before"))
    answer = put(site, document("dry", description="After"), dry_run=True).json()
    (change,) = answer["changes"]
    assert (answer["dry_run"], change["act"]) == (True, "changed")
    assert "-description: Before\n+description: After" in change["diff"]
    kept = next(one for one in site.get("/exports?limit=500").json()["results"] if one["name"] == "dry")
    assert kept["description"] == "Before"


def test_it_is_taken_whole_or_not_at_all(site: Site) -> None:
    both = document("half-good")["exports"] + [
        {"name": "half-bad", "is_active": False, "content": {"analysis": "nowhere"}}
    ]
    answer = put(site, {"exports": both})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "exports.1.content.analysis")
    assert not {"half-good", "half-bad"} & set(names(site))


def test_an_analysis_and_the_export_that_shows_it_come_in_one_document(site: Site) -> None:
    analysis = next(one for one in yaml.safe_load(site.get("/spec").text)["analyses"] if one["slug"] == "revenue")
    export = document("by-both")["exports"][0] | {"content": {"analysis": "second"}}
    answer = put(site, {"analyses": [analysis | {"slug": "second", "name": "Second"}], "exports": [export]})
    assert [one["act"] for one in answer.json()["changes"]] == ["made", "made"]
    assert site.get("/analyses/second").status_code == 200


def test_connections_stand_by_their_name_and_secrets_nowhere(site: Site) -> None:
    settings = {"host": "mail.example.org", "from": "reports@example.org"}
    secrets = {"password": "hush-hush"}
    made = site.post("/connections", json={"kind": "email", "name": "Post", "settings": settings, "secrets": secrets})
    mail = {"kind": "email", "connection": "Post", "settings": {"to": ["anna@example.org"]}}
    assert put(site, document("mailed", is_active=False, destinations=[mail])).status_code == 200
    out = site.get("/spec").text
    assert "connection: Post" in out
    assert "hush-hush" not in out
    assert made.json()["id"] not in out
    lost = put(site, document("mailed", is_active=False, destinations=[mail | {"connection": "Gone"}]))
    assert (lost.status_code, "There is no connection 'Gone'" in lost.json()["detail"]) == (422, True)


@pytest.mark.parametrize("text", ["exports: [", "[]", "exports: [{nome: x}]"])
def test_what_is_no_document_is_refused_with_its_place(site: Site, text: str) -> None:
    headers = {"Content-Type": "application/yaml"}
    answer = site.client.put(f"{site.prefix}/spec", content=text, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_a_document_in_another_encoding_is_refused_instead_of_kept_with_other_letters(site: Site) -> None:
    text = yaml.safe_dump(document("encoded", description="Caf\xe9"), allow_unicode=True).encode("latin-1")
    answer = site.client.put(f"{site.prefix}/spec", content=text, headers={"Content-Type": "application/yaml"})
    assert (answer.status_code, "Save it as UTF-8" in answer.json()["detail"]) == (422, True)
    assert "encoded" not in names(site)
