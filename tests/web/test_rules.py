"""What holds for every address of the API."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest

from core.model.analysis import AnalysisSpec
from core.model.base import Spec
from core.model.delivery import ExportSpec
from core.web.api.dataset_bodies import DatasetBody
from core.web.frame import JSON_LIMIT, UPLOAD_LIMIT
from tests.web.conftest import MORNING, TOKEN, Site


def test_me_says_whose_the_token_is(site: Site) -> None:
    me = site.client.get("/api/v1/me").json()
    assert me == {
        "id": site.app.owner.id,
        "email": "owner@localhost",
        "role": "owner",
        "organization_id": site.app.organisation.id,
    }


def test_a_token_may_be_called_token_instead_of_bearer(site: Site) -> None:
    assert site.anonymous("/api/v1/me", Authorization=f"Token {TOKEN}").status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer nobody-s", f"Basic {TOKEN}"])
def test_without_a_valid_token_it_is_401(site: Site, authorization: str) -> None:
    answer = site.anonymous("/api/v1/me", Authorization=authorization)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_another_organisation_is_404(site: Site) -> None:
    answer = site.client.get("/api/v1/orgs/0b7f6f2e-3c1d-4a55-9c0e-5a0d2b7d8e11/datasets")
    assert answer.status_code == 404


def test_too_little_scope_is_403_and_says_which_is_needed(site: Site) -> None:
    answer = site.post("/exports", json=MORNING, headers=site.token_with("read"))
    assert answer.status_code == 403
    assert "scope 'write'" in answer.json()["detail"]


def test_an_error_is_a_problem(site: Site) -> None:
    answer = site.get("/datasets/nowhere")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no dataset 'nowhere'.",
        "errors": [],
    }


def test_an_unknown_address_is_a_problem_too(site: Site) -> None:
    answer = site.anonymous("/nowhere")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is nothing at this address.")


def test_a_wrong_method_is_405_and_names_those_allowed(site: Site) -> None:
    answer = site.client.put(f"{site.prefix}/analyses/revenue")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert answer.headers["allow"] == "GET, HEAD, PATCH, DELETE"


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/me", "/api/v1/docs"])
def test_head_says_what_get_says_without_a_body(site: Site, path: str) -> None:
    head, get = site.client.head(path), site.client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "content-security-policy"):
        assert head.headers[name] == get.headers[name]


def test_a_path_answers_with_a_slash_at_its_end_too(site: Site) -> None:
    assert site.get("/datasets/sales/").json() == site.get("/datasets/sales").json()


def test_an_unknown_field_is_refused_by_name(site: Site) -> None:
    answer = site.post("/exports", json={**MORNING, "nmae": "x"})
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == ["nmae"]


def test_a_wrong_field_is_named_with_its_place(site: Site) -> None:
    body: dict[str, Any] = {"slug": "x", "name": "x", "dataset": "sales", "comparison": {"by": "day"}}
    answer = site.post("/analyses", json=body | {"equation": {"steps": [{"formula": 3}]}})
    assert {e["field"] for e in answer.json()["errors"]} >= {"equation.steps.0.formula", "comparison"}


def test_a_body_that_is_no_json_is_400(site: Site) -> None:
    answer = site.post("/exports", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("kind", ["text/plain", ""])
def test_a_body_that_does_not_say_that_it_is_json_is_415(site: Site, kind: str) -> None:
    answer = site.patch("/datasets/sales", content=b'{"name": "Sales"}', headers={"Content-Type": kind} if kind else {})
    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json()["detail"]


def test_shapes_are_named_in_words_of_json(site: Site) -> None:
    answer = site.patch("/exports/any", json=[])
    assert answer.json()["errors"] == [{"field": "body", "message": "Input should be an object."}]


def test_json_beyond_its_limit_is_413(site: Site) -> None:
    answer = site.post("/exports", json={**MORNING, "description": "x" * JSON_LIMIT})
    assert answer.status_code == 413
    assert "1 MiB" in answer.json()["detail"]


def test_json_beyond_its_limit_is_413_also_when_its_length_is_not_told(site: Site) -> None:
    pieces = (b"x" * 65536 for _ in range(20))
    answer = site.post("/exports", content=pieces, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_an_upload_beyond_its_limit_is_told_of_the_path_way_before_it_is_sent(site: Site) -> None:
    host, port = site.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"POST {site.prefix}/datasets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {UPLOAD_LIMIT * 2}\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"path or glob" in answer


def test_every_answer_says_how_a_browser_is_to_treat_it(site: Site) -> None:
    headers = site.anonymous("/api/v1/me").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"


def test_every_request_has_an_id_of_its_own(site: Site) -> None:
    ids = {site.anonymous("/healthz").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


def test_a_list_is_followed_page_by_page_in_both_directions(site: Site) -> None:
    for number in range(3):
        assert site.upload(f"page-{number}").status_code == 201
    seen, url = [], f"{site.prefix}/datasets?limit=1"
    while url:
        page = site.client.get(url).json()
        seen += [d["slug"] for d in page["results"]]
        last, url = page, page["next"]
    back = site.client.get(last["previous"]).json()
    assert seen == sorted(seen)
    assert {"page-0", "page-1", "page-2", "sales"} <= set(seen)
    assert [d["slug"] for d in back["results"]] == [seen[-2]]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "cursor=nonsense", "cursor=WyJ4IiwgMV0="])
def test_a_wrong_page_is_refused(site: Site, query: str) -> None:
    assert site.get(f"/datasets?{query}").status_code == 422


def test_the_description_states_the_problems_of_every_operation(site: Site) -> None:
    schema = site.anonymous("/api/v1/openapi.json").json()
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            answers = operation["responses"]
            assert "application/problem+json" in answers["401"]["content"], path
            assert ("404" in answers) == ("{organization_id}" in path), path


def test_every_model_that_the_description_names_is_in_it(site: Site) -> None:
    text = site.anonymous("/api/v1/openapi.json").text
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert named <= set(site.anonymous("/api/v1/openapi.json").json()["components"]["schemas"])


def test_the_bodies_that_the_description_shows_are_such_bodies(site: Site) -> None:
    schema = site.anonymous("/api/v1/openapi.json").json()
    models: dict[str, type[Spec]] = {"analyses": AnalysisSpec, "exports": ExportSpec, "datasets": DatasetBody}
    for path, model in models.items():
        body = schema["paths"][f"/api/v1/orgs/{{organization_id}}/{path}"]["post"]["requestBody"]["content"]
        shown = body["application/json"]
        example = shown["example"] if "example" in shown else shown["schema"]["examples"][0]
        assert model.model_validate(example).model_fields_set == set(example)


def test_the_docs_need_nothing_from_elsewhere(site: Site) -> None:
    page = site.anonymous("/api/v1/docs")
    assert "/api/v1/orgs/{organization_id}/exports" in page.text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page.text)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
