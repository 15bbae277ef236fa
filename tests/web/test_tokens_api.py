from __future__ import annotations

from tests.web.conftest import Site


def test_a_token_is_made_used_and_revoked(site: Site) -> None:
    answer = site.post("/tokens", json={"name": "Nightly", "scopes": ["read"]})
    made = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{site.prefix}/tokens/{made['id']}")
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert site.get("/exports", headers=headers).status_code == 200
    assert site.get("/tokens", headers=headers).status_code == 403
    listed = site.get("/tokens")
    assert made["token"] not in listed.text
    assert [t["last_used_at"] is not None for t in listed.json()["results"] if t["id"] == made["id"]] == [True]
    assert site.delete(f"/tokens/{made['id']}").status_code == 204
    assert site.get("/exports", headers=headers).status_code == 401
    assert site.delete(f"/tokens/{made['id']}").status_code == 404


def test_scopes_beyond_the_role_are_403(site: Site) -> None:
    person = site.app.people.add(site.app.sessions.built_in_owner(), "vic@example.org", "Vic", "viewer")
    body = {"name": "Too much", "scopes": ["admin"], "person": person.id}
    answer = site.post("/tokens", json=body)
    assert (answer.status_code, "beyond the role viewer" in answer.json()["detail"]) == (403, True)


def test_an_unknown_scope_is_wrong_at_its_field(site: Site) -> None:
    answer = site.post("/tokens", json={"name": "Odd", "scopes": ["everything"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "scopes.0")
