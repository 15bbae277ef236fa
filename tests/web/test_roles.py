"""The role walk: every route of the API, for every role and for nobody. A route without an entry here fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.access.rights import ACTIONS, ROLES, Action
from core.access.sessions import COOKIE, Visitor
from core.access.tokens import ALL_SCOPES, hash_token
from core.store.people import keep_token
from tests.web.conftest import REVENUE, Site

O = "/api/v1/orgs/{organization_id}"  # noqa: E741  as the interface's description calls it
ANYBODY = None
"""Whoever is known may."""
ROUTES: dict[str, Action | None] = {
    "GET /api/v1/me": ANYBODY,
    "POST /api/v1/me/password": "token.own",
    f"GET {O}/datasets": "data.read",
    f"POST {O}/datasets": "data.write",
    f"GET {O}/datasets/{{slug}}": "data.read",
    f"PATCH {O}/datasets/{{slug}}": "data.write",
    f"DELETE {O}/datasets/{{slug}}": "data.write",
    f"GET {O}/datasets/{{slug}}/versions": "data.read",
    f"POST {O}/datasets/{{slug}}/versions": "data.write",
    f"POST {O}/datasets/{{slug}}/refresh": "data.write",
    f"POST {O}/datasets/{{slug}}/query": "data.read",
    f"GET {O}/analyses": "analysis.read",
    f"POST {O}/analyses": "analysis.write",
    f"GET {O}/analyses/{{slug}}": "analysis.read",
    f"PATCH {O}/analyses/{{slug}}": "analysis.write",
    f"DELETE {O}/analyses/{{slug}}": "analysis.write",
    f"GET {O}/analyses/{{slug}}/revisions": "analysis.read",
    f"POST {O}/analyses/{{slug}}/revisions/{{revision}}/restore": "analysis.write",
    f"GET {O}/analyses/{{slug}}/bridge": "analysis.read",
    f"GET {O}/analyses/{{slug}}/report.{{form}}": "analysis.read",
    f"GET {O}/analyses/{{slug}}/segments": "analysis.read",
    f"GET {O}/analyses/{{slug}}/reconcile": "analysis.read",
    f"GET {O}/exports": "export.read",
    f"POST {O}/exports": "export.write",
    f"GET {O}/exports/{{export_id}}": "export.read",
    f"PATCH {O}/exports/{{export_id}}": "export.write",
    f"DELETE {O}/exports/{{export_id}}": "export.write",
    f"GET {O}/exports/{{export_id}}/preview": "export.read",
    f"GET {O}/exports/{{export_id}}/links": "export.read",
    f"POST {O}/exports/{{export_id}}/links/{{link_id}}/rotate": "export.write",
    f"POST {O}/exports/{{export_id}}/links/{{link_id}}/revoke": "export.write",
    f"POST {O}/exports/{{export_id}}/links/{{link_id}}/pause": "export.write",
    f"POST {O}/exports/{{export_id}}/links/{{link_id}}/resume": "export.write",
    f"POST {O}/exports/{{export_id}}/links/{{link_id}}/renew": "export.write",
    f"GET {O}/exports/{{export_id}}/triggers": "export.read",
    f"POST {O}/exports/{{export_id}}/triggers/{{trigger_id}}/rotate": "export.write",
    f"POST {O}/exports/{{export_id}}/triggers/{{trigger_id}}/revoke": "export.write",
    f"POST {O}/exports/{{export_id}}/run": "run.start",
    f"GET {O}/switched-off": "run.read",
    f"POST {O}/switched-off/{{destination_id}}/on": "run.start",
    f"GET {O}/inbox/cards": "report.view",
    f"PATCH {O}/inbox/cards/{{card_id}}": "report.subscribe",
    f"GET {O}/links": "link.list",
    f"GET {O}/tokens": "token.own",
    f"POST {O}/tokens": "token.own",
    f"DELETE {O}/tokens/{{token_id}}": "token.own",
    f"PUT {O}/exports/{{export_id}}/subscription": "report.subscribe",
    f"DELETE {O}/exports/{{export_id}}/subscription": "report.subscribe",
    f"GET {O}/spec": "export.read",
    f"PUT {O}/spec": "export.write",
    f"GET {O}/sending": "run.read",
    f"PUT {O}/sending": "settings.write",
    f"GET {O}/recipient-domains": "export.read",
    f"PUT {O}/recipient-domains": "settings.write",
    f"GET {O}/runs": "run.read",
    f"GET {O}/runs/{{run_id}}": "run.read",
    f"GET {O}/runs/{{run_id}}/artefacts/{{name}}": "run.read",
    f"GET {O}/runs/{{run_id}}/payload": "run.read",
    f"POST {O}/runs/replay": "run.start",
    f"POST {O}/runs/{{run_id}}/retry": "run.start",
    f"POST {O}/runs/{{run_id}}/replay": "run.start",
    f"POST {O}/runs/{{run_id}}/start": "run.start",
    f"POST {O}/runs/{{run_id}}/ignore": "run.start",
    f"POST {O}/runs/{{run_id}}/restore": "run.start",
    f"GET {O}/audit": "audit.read",
    f"GET {O}/audit.csv": "audit.read",
    f"GET {O}/audit/retention": "audit.read",
    f"PUT {O}/audit/retention": "settings.write",
    f"GET {O}/connections": "connection.read",
    f"POST {O}/connections": "connection.write",
    f"GET {O}/connections/{{connection_id}}": "connection.read",
    f"PATCH {O}/connections/{{connection_id}}": "connection.write",
    f"DELETE {O}/connections/{{connection_id}}": "connection.write",
    f"POST {O}/connections/{{connection_id}}/check": "connection.write",
    f"GET {O}/people": "people.read",
    f"POST {O}/people": "people.write",
    f"GET {O}/people/{{person_id}}": "people.read",
    f"PATCH {O}/people/{{person_id}}": "people.write",
    f"DELETE {O}/people/{{person_id}}": "people.write",
    f"GET {O}/people/{{person_id}}/belongings": "people.read",
    f"POST {O}/people/{{person_id}}/leave": "people.write",
    f"POST {O}/people/{{person_id}}/link": "people.write",
    f"GET {O}/people/{{person_id}}/sessions": "people.read",
    f"DELETE {O}/people/{{person_id}}/sessions": "people.write",
    f"DELETE {O}/people/{{person_id}}/sessions/{{session_id}}": "people.write",
    f"GET {O}/templates": "analysis.read",
    f"GET {O}/templates/{{language}}/{{key}}": "analysis.read",
    f"PUT {O}/templates/{{language}}/{{key}}": "settings.write",
    f"DELETE {O}/templates/{{language}}/{{key}}": "settings.write",
    f"DELETE {O}/templates/{{language}}": "settings.write",
    f"POST {O}/templates/{{language}}/preview": "analysis.read",
}


@pytest.fixture(scope="module")
def people(site: Site) -> dict[str, httpx.Headers]:
    """Somebody of each role with a token that carries every scope, and somebody who shows none."""
    headers = {"nobody": httpx.Headers(), "a stranger": httpx.Headers({"Authorization": "Bearer unknown"})}
    for role in ROLES:
        person = site.app.people.add(site.app.sessions.built_in_owner(), f"{role}@example.org", role, role)
        with site.app.store.write() as session:
            keep_token(session, person.id, role, hash_token(f"token-of-{role}"), ALL_SCOPES, now=site.app.clock())
        headers[role] = httpx.Headers({"Authorization": f"Bearer token-of-{role}"})
    return headers


ADDRESSES = (f"127.0.{third}.{fourth}" for third in range(1, 250) for fourth in range(1, 250))


@pytest.fixture
def anonymous(site: Site) -> Iterator[httpx.Client]:
    """A client with a network address of its own: what strangers asked for before it does not count against it."""
    transport = httpx.HTTPTransport(local_address=next(ADDRESSES))
    with httpx.Client(base_url=site.base, transport=transport, timeout=60) as client:
        yield client


def ask(client: httpx.Client, site: Site, route: str, headers: httpx.Headers) -> int:
    """The status of a route with an id that nothing has, and an empty body."""
    method, path = route.split()
    path = path.format_map(Filled({"organization_id": site.app.organisation.id, "language": "en", "revision": "1"}))
    body: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"json": {}}
    return client.request(method, path, headers=headers, **body).status_code


CLOSED = "closed"
"""Slug of a dataset, an analysis and a link that are for administrators alone."""
BODIES: dict[str, dict[str, Any]] = {f"POST {O}/datasets/{{slug}}/query": {"sql": "SELECT 1"}}
OF_ONE = [route for route in ROUTES if "{slug}" in route or "{export_id}" in route]


@pytest.fixture(scope="module")
def closed(site: Site) -> dict[str, str]:
    """What the walk's addresses are filled with: everything that shows a dataset which analysts may not see."""
    assert site.upload(CLOSED).status_code == 201
    assert site.post("/analyses", json={**REVENUE, "slug": CLOSED, "dataset": CLOSED}).status_code == 201
    site.report(CLOSED, CLOSED)
    assert site.patch(f"/datasets/{CLOSED}", json={"access": {"roles": ["admin"]}}).status_code == 200
    (export,) = (e for e in site.get("/exports").json()["results"] if e["name"] == CLOSED)
    return {"slug": CLOSED, "export_id": export["id"], "link_id": export["links"][0]["id"]}


# A report that is shared may be asked for by mail by whoever may look at it, whatever they may see of its data.
OF_READERS = [route for route in OF_ONE if route.endswith("/subscription")]


@pytest.mark.parametrize("route", [route for route in OF_ONE if route not in OF_READERS])
def test_what_shows_a_dataset_that_is_not_for_them_is_unknown_to_analysts(
    site: Site, anonymous: httpx.Client, people: dict[str, httpx.Headers], closed: dict[str, str], route: str
) -> None:
    there = walked(anonymous, site, route, people["analyst"], closed)
    nowhere = walked(anonymous, site, route, people["analyst"], dict.fromkeys(closed, "nothing"))
    assert there.status_code == nowhere.status_code == 404
    shown = there.text
    for name in closed.values():
        shown = shown.replace(name, "nothing")
    assert shown == nowhere.text


@pytest.mark.parametrize("route", [route for route in OF_ONE if route.startswith("GET")])
def test_administrators_see_every_dataset(
    site: Site, anonymous: httpx.Client, people: dict[str, httpx.Headers], closed: dict[str, str], route: str
) -> None:
    assert walked(anonymous, site, route, people["admin"], closed).status_code == 200


def walked(
    client: httpx.Client, site: Site, route: str, headers: httpx.Headers, filled: dict[str, str]
) -> httpx.Response:
    """The answer of a route at the addresses that `filled` names."""
    method, path = route.split()
    own = {"organization_id": site.app.organisation.id, "form": "json", "revision": "1"}
    body: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"json": BODIES.get(route, {})}
    return client.request(method, path.format_map(Filled(own | filled)), headers=headers, **body)


class Filled(dict[str, str]):
    """Whatever is not told is called "none"."""

    def __missing__(self, name: str) -> str:
        return "none"


def test_every_route_of_the_description_is_walked_and_no_other(site: Site) -> None:
    paths = site.anonymous("/api/v1/openapi.json").json()["paths"]
    described = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert described == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_answers_those_who_may_and_nobody_else(
    site: Site, anonymous: httpx.Client, people: dict[str, httpx.Headers], route: str
) -> None:
    action = ROUTES[route]
    for who, headers in people.items():
        status = ask(anonymous, site, route, headers)
        if who not in ACTIONS:
            assert status == 401, who
        elif action is not ANYBODY and action not in ACTIONS[who]:
            assert status == 403, who
        else:
            assert status not in {401, 403}, who
            assert status < 500, who


@pytest.mark.parametrize("role", ROLES)
def test_a_session_opens_what_the_role_may_read(
    site: Site, anonymous: httpx.Client, people: dict[str, httpx.Headers], role: str
) -> None:
    person = site.app.people.find(f"{role}@example.org")
    assert person is not None
    cookie = httpx.Headers({"Cookie": f"{COOKIE}={site.app.sessions.open(person.id, Visitor())}"})
    for route, action in ROUTES.items():
        if route.startswith("GET "):
            is_allowed = action is ANYBODY or action in ACTIONS[role]
            assert (ask(anonymous, site, route, cookie) != 403) is is_allowed, route


def test_only_administrators_name_files_on_the_server(
    site: Site, anonymous: httpx.Client, people: dict[str, httpx.Headers]
) -> None:
    body = {"slug": "named", "name": "Named", "source": {"kind": "files", "path": "/no/such/file.csv"}}
    path = f"{site.prefix}/datasets"
    assert anonymous.post(path, json=body, headers=people["analyst"]).status_code == 403
    assert anonymous.post(path, json=body, headers=people["admin"]).status_code == 422
