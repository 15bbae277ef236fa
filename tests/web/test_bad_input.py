"""Whatever is sent or loaded: an answer that explains itself, never a 500."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import REVENUE, Site

HUGE = 10**400


def save(site: Site, **changes: Any) -> Any:
    return site.post("/analyses", json=REVENUE | {"slug": "bad"} | changes)


def fields(answer: Any) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": ""}, "name", "needs a name"),
        ({"where": {"country": {"like": "F%"}}}, "where.country", "'like' is no operator"),
        ({"where": {"visits": {">": "many"}}}, "where.visits", "'many' is no number"),
        ({"where": {"country": [["FR"]]}}, "where.country", "give a value, a list of values, or operators"),
        ({"where": {"visits": HUGE}}, "where.visits", "is no number"),
        ({"where": {"countri": "FR"}}, "where.countri", "Did you mean 'country'"),
        ({"comparison": {"by": "day", "relative": "last_month"}}, "comparison.relative", "last_full_month"),
        ({"comparison": {"by": "dya", "relative": "last_full_month"}}, "comparison.by", "Did you mean 'day'"),
        ({"comparison": {"by": "country", "base": [{}], "current": ["DE"]}}, "comparison.base.0", "give a text"),
        ({"max_segments": HUGE}, "max_segments", "less than or equal to 50"),
    ],
)
def test_a_wrong_analysis_is_refused_at_its_field(
    site: Site, changes: dict[str, Any], field: str, message: str
) -> None:
    answer = save(site, **changes)
    assert (answer.status_code, fields(answer)) == (422, [field])
    assert message in answer.json()["detail"]


HOSTILE = {
    "nested too deeply": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a number of too many digits": b"9" * 5_000,
    "no text at all": b"\xff\xfe{}",
    "a NUL": b"\x00",
    "half a character": b'{"name": "\\ud800"}',
    "half a character as a field": b'{"\\ud800": 1}',
    "a NUL in a field": b'{"a\\u0000": 1}',
    "not a number": b'{"name": NaN}',
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/analyses"),
        ("PATCH", "/analyses/revenue"),
        ("POST", "/exports"),
        ("POST", "/datasets"),
        ("PATCH", "/datasets/sales"),
    ],
)
def test_a_hostile_body_is_a_problem_with_a_sentence(site: Site, method: str, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = site.client.request(method, site.prefix + path, content=body, headers=headers)
    assert (answer.status_code in {400, 422}, answer.headers["content-type"]) == (True, "application/problem+json")
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    "query",
    ["base=%00", "base=%ff", "step=%00", "dimension=%ed%a0%80", "base=0001-01-01/9999-12-31", "step=" + "x" * 5000],
)
def test_a_hostile_query_is_a_problem_with_a_sentence(site: Site, query: str) -> None:
    answer = site.get(f"/analyses/revenue/bridge?{query}")
    assert answer.status_code in {200, 422}
    assert answer.status_code == 200 or answer.json()["detail"].endswith(".")


def test_a_name_of_control_characters_is_drawn(site: Site) -> None:
    steps = [{"formula": "visits", "name": "Vi\x00sits"}, {"formula": "revenue / visits", "name": "x" * 20_000}]
    assert save(site, slug="control", name="\x01\x00", equation={"total": "\x00", "steps": steps}).status_code == 201
    assert site.get("/analyses/control/report.html").status_code == 200
    assert site.get("/analyses/control/report.png").content.startswith(b"\x89PNG")
