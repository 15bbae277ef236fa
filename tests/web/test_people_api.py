"""People by the API: invited, changed, removed, signed out."""

from __future__ import annotations

from typing import Any

import pytest

from core.access.sessions import COOKIE, Visitor
from core.access.tokens import ALL_SCOPES, hash_token
from core.store.people import keep_token
from tests.web.conftest import Site

PASSWORD = "correct horse"


def added(site: Site, email: str, role: str = "viewer", **more: str) -> dict[str, Any]:
    answer = site.post("/people", json={"email": email, "role": role, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def token_of(site: Site, email: str) -> dict[str, str]:
    person = site.app.people.find(email)
    assert person is not None
    with site.app.store.write() as session:
        keep_token(session, person.id, email, hash_token(email), ALL_SCOPES, now=site.app.clock())
    return {"Authorization": f"Bearer {email}"}


def test_somebody_invited_gets_a_link_that_is_shown_once_where_there_is_no_mail(site: Site) -> None:
    made = added(site, "Ann@example.org", name="Ann")
    assert made["invitation"]["url"].startswith(f"{site.base}/welcome/".replace("127.0.0.1", "localhost"))
    assert (made["email"], made["has_password"]) == ("ann@example.org", False)
    assert site.get(f"/people/{made['id']}").json()["invitation"] is None


def test_with_a_password_they_can_sign_in_at_once(site: Site) -> None:
    made = added(site, "bob@example.org", password=PASSWORD)
    assert (made["has_password"], made["invitation"]) == (True, None)
    assert site.app.sessions.sign_in("bob@example.org", PASSWORD, Visitor()) is not None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody", "role": "viewer"}, "email"),
        ({"email": "eve@example.org", "role": "king"}, "role"),
        ({"email": "eve@example.org", "role": "viewer", "password": "short"}, "password"),
    ],
)
def test_what_will_not_do_is_422_and_named(site: Site, body: dict[str, str], field: str) -> None:
    answer = site.post("/people", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_taken_address_is_409(site: Site) -> None:
    added(site, "twice@example.org")
    assert site.post("/people", json={"email": "TWICE@example.org", "role": "viewer"}).status_code == 409


def test_no_answer_holds_a_hash(site: Site) -> None:
    made = added(site, "hash@example.org", password=PASSWORD)
    assert "argon2" not in site.get("/people").text + site.get(f"/people/{made['id']}").text


def test_role_and_name_are_changed(site: Site) -> None:
    made = added(site, "carl@example.org")
    answer = site.patch(f"/people/{made['id']}", json={"role": "analyst", "name": "Carl"})
    assert (answer.json()["role"], answer.json()["name"]) == ("analyst", "Carl")


def test_an_administrator_cannot_become_an_owner_by_an_owner_s_password(site: Site) -> None:
    added(site, "admin@example.org", "admin")
    headers, owner = token_of(site, "admin@example.org"), f"/people/{site.app.owner.id}"
    assert site.patch(owner, json={"password": PASSWORD}, headers=headers).status_code == 403
    assert site.post(f"{owner}/link", headers=headers).status_code == 403
    assert site.delete(owner, headers=headers).status_code == 403
    assert site.delete(f"{owner}/sessions", headers=headers).status_code == 403


def test_the_only_owner_stays(site: Site) -> None:
    answer = site.delete(f"/people/{site.app.owner.id}")
    assert (answer.status_code, "only owner" in answer.json()["detail"]) == (409, True)


def test_who_was_removed_is_gone_at_once(site: Site) -> None:
    made = added(site, "dora@example.org")
    cookie = {"Cookie": f"{COOKIE}={site.app.sessions.open(made['id'], Visitor())}"}
    assert site.anonymous("/api/v1/me", **cookie).status_code == 200
    assert site.delete(f"/people/{made['id']}").status_code == 204
    assert site.anonymous("/api/v1/me", **cookie).status_code == 401
    assert site.get(f"/people/{made['id']}").status_code == 404


def test_sessions_are_listed_and_ended(site: Site) -> None:
    made = added(site, "fred@example.org")
    cookie = {"Cookie": f"{COOKIE}={site.app.sessions.open(made['id'], Visitor('192.0.2.1', 'Firefox'))}"}
    path = f"/people/{made['id']}/sessions"
    (session,) = site.get(path).json()["results"]
    assert (session["address"], session["agent"], session["is_this"]) == ("192.0.2.1", "Firefox", False)
    assert site.delete(f"{path}/{session['id']}").status_code == 204
    assert site.anonymous("/api/v1/me", **cookie).status_code == 401


def test_somebody_sees_their_own_sessions_and_nobody_else_s(site: Site) -> None:
    mine, other = added(site, "gina@example.org"), added(site, "hugo@example.org")
    cookie = {"Cookie": f"{COOKIE}={site.app.sessions.open(mine['id'], Visitor())}"}
    own = site.anonymous(f"{site.prefix}/people/{mine['id']}/sessions", **cookie)
    assert [session["is_this"] for session in own.json()["results"]] == [True]
    assert site.anonymous(f"{site.prefix}/people/{other['id']}/sessions", **cookie).status_code == 403


def maker(site: Site, slug: str) -> str:
    """The id of somebody who has an export with a public link of that slug."""
    made = added(site, f"{slug}@example.org", "analyst")
    destination = {"kind": "link", "settings": {"slug": slug, "public": True}}
    body = {"name": slug, "content": {"analysis": "revenue"}, "destinations": [destination]}
    with_token = token_of(site, made["email"])
    assert site.post("/exports", json=body, headers=with_token).status_code == 201
    return str(made["id"])


def test_what_somebody_made_is_told_before_they_leave(site: Site) -> None:
    things = site.get(f"/people/{maker(site, 'ida')}/belongings").json()["results"]
    assert [(thing["kind"], thing["name"], thing["is_on"]) for thing in things] == [
        ("export", "ida", True),
        ("link", "/r/ida", None),
        ("token", "ida@example.org", None),
    ]


def test_who_made_something_is_not_just_removed(site: Site) -> None:
    answer = site.delete(f"/people/{maker(site, 'jan')}")
    assert (answer.status_code, "export 'jan'" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize(("slug", "pause", "status"), [("kim", True, 404), ("lea", False, 200)])
def test_who_leaves_hands_over_or_pauses(site: Site, slug: str, pause: bool, status: int) -> None:
    person_id = maker(site, slug)
    url = next(e for e in site.get("/exports").json()["results"] if e["name"] == slug)["links"][0]["url"]
    how = {"pause": True} if pause else {"hand_over_to": site.app.owner.id}
    answer = site.post(f"/people/{person_id}/leave", json=how)
    assert answer.status_code == 200, answer.text
    assert site.anonymous(url.removeprefix(site.app.settings.report_base_url)).status_code == status
    assert site.get(f"/people/{person_id}").status_code == 404


def test_a_successor_who_is_not_here_is_422(site: Site) -> None:
    answer = site.post(f"/people/{maker(site, 'max')}/leave", json={"hand_over_to": "nobody"})
    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, ["hand_over_to"])


def test_blanks_at_the_ends_of_a_password_belong_to_it(site: Site) -> None:
    person = {"email": "blank@example.org", "name": "Blank", "role": "viewer", "password": " correct horse "}
    assert site.post("/people", json=person).status_code == 201
    sessions = site.app.sessions
    assert sessions.sign_in("blank@example.org", " correct horse ", Visitor()) is not None
    assert sessions.sign_in("blank@example.org", "correct horse", Visitor()) is None
