from __future__ import annotations

from tests.web.conftest import Site


def test_the_domains_are_set_and_read(site: Site) -> None:
    assert site.get("/recipient-domains").json() == {"domains": []}
    path = f"{site.prefix}/recipient-domains"
    set_to = site.client.put(path, json={"domains": ["Example.org", "*.bücher.example"]})
    assert set_to.json() == {"domains": ["example.org", "*.xn--bcher-kva.example"]}
    assert site.get("/recipient-domains").json() == set_to.json()
    assert site.client.put(path, json={"domains": []}).json() == {"domains": []}


def test_what_is_no_domain_is_refused_at_its_place_and_nothing_changes(site: Site) -> None:
    answer = site.client.put(f"{site.prefix}/recipient-domains", json={"domains": ["example.org", "anna@example.org"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "domains")
    assert "'anna@example.org' is no domain" in answer.json()["detail"]
    assert site.app.domains.all() == ()
