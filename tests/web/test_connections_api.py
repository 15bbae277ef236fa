from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import Site

MAIL: dict[str, Any] = {
    "kind": "email",
    "name": "Mail",
    "settings": {"host": "smtp.example.org", "from": "reports@example.org", "user": "reports"},
    "secrets": {"password": "hunter2"},
}


@pytest.fixture(autouse=True)
def none_before(site: Site) -> Iterator[None]:
    yield
    for connection in site.app.connections.all():
        site.app.connections.delete(connection.id)


@pytest.fixture
def mail(site: Site) -> dict[str, Any]:
    answer = site.post("/connections", json=MAIL)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_new_connection_is_where_its_location_says(site: Site) -> None:
    answer = site.post("/connections", json=MAIL)
    found = site.client.get(answer.headers["location"])
    assert (found.status_code, found.json()) == (200, answer.json())
    assert found.headers["etag"] == answer.headers["etag"]


def test_a_secret_is_taken_and_never_given_back(site: Site, mail: dict[str, Any]) -> None:
    assert mail["secrets"] == {"password": "***"}
    assert "hunter2" not in site.get("/connections").text
    forgotten = site.patch(f"/connections/{mail['id']}", json={"secrets": {"password": None}})
    assert forgotten.json()["secrets"] == {"password": None}


def test_what_was_read_can_be_sent_back_and_changes_nothing(site: Site, mail: dict[str, Any]) -> None:
    sent = {"settings": mail["settings"], "secrets": mail["secrets"]}
    answer = site.patch(f"/connections/{mail['id']}", json=sent).json()
    assert (answer["settings"], answer["secrets"]) == (mail["settings"], mail["secrets"])


def test_connections_are_listed(site: Site, mail: dict[str, Any]) -> None:
    assert site.get("/connections").json()["results"] == [mail]


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"kind": "fax"}, 422, "kind"),
        ({"name": ""}, 422, "name"),
        ({"settings": {"host": "smtp.example.org"}}, 422, "settings.from"),
        ({"settings": {**MAIL["settings"], "port": 70_000}}, 422, "settings.port"),
        ({"settings": {**MAIL["settings"], "x": 1}}, 422, "settings"),
        ({"secrets": {"password": 7}}, 422, "secrets.password"),
        ({"secrets": {"token": "x"}}, 422, "secrets"),
        ({"more": 1}, 422, "more"),
    ],
)
def test_a_wrong_field_is_named(site: Site, changes: dict[str, Any], status: int, field: str) -> None:
    answer = site.post("/connections", json={**MAIL, **changes})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)


def test_a_refused_body_does_not_come_back_with_its_secret(site: Site) -> None:
    wrong = {**MAIL, "settings": {}, "secrets": {"password": ["hunter2"]}}
    assert "hunter2" not in site.post("/connections", json=wrong).text


def test_a_taken_name_is_409(site: Site, mail: dict[str, Any]) -> None:
    assert site.post("/connections", json=MAIL).status_code == 409


def test_a_change_from_an_old_state_is_412(site: Site, mail: dict[str, Any]) -> None:
    path = f"/connections/{mail['id']}"
    old = {"If-Match": site.get(path).headers["etag"]}
    assert site.patch(path, json={"name": "Post"}, headers=old).status_code == 200
    assert site.patch(path, json={"name": "Letters"}, headers=old).status_code == 412
    assert site.delete(path, headers=old).status_code == 412


def test_another_host_takes_the_password_again(site: Site, mail: dict[str, Any]) -> None:
    answer = site.patch(f"/connections/{mail['id']}", json={"settings": {"host": "smtp.attacker.example"}})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "secrets.password")


def test_a_check_that_fails_is_an_answer_too(site: Site) -> None:
    inside = {**MAIL, "settings": {**MAIL["settings"], "host": "127.0.0.1"}}
    path = f"/connections/{site.post('/connections', json=inside).json()['id']}"
    answer = site.post(f"{path}/check")
    assert (answer.status_code, answer.json()["ok"]) == (200, False)
    assert "'127.0.0.1' is not called: it is this computer" in answer.json()["text"]
    assert site.get(path).json()["last_check"]["text"] == answer.json()["text"]


def test_a_deleted_connection_is_404(site: Site, mail: dict[str, Any]) -> None:
    path = f"/connections/{mail['id']}"
    assert site.delete(path).status_code == 204
    for answer in (site.get(path), site.patch(path, json={}), site.delete(path), site.post(f"{path}/check")):
        assert answer.status_code == 404


def test_changing_takes_scope_admin(site: Site, mail: dict[str, Any]) -> None:
    headers = site.token_with("read", "write")
    assert site.get("/connections", headers=headers).status_code == 200
    assert site.post("/connections", json=MAIL, headers=headers).status_code == 403
