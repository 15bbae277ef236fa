"""POST O/datasets/{slug}/query."""

from __future__ import annotations

import httpx
import pytest

from tests.web.conftest import Site


def ask(site: Site, sql: str, slug: str = "sales", **more: object) -> httpx.Response:
    return site.post(f"/datasets/{slug}/query", json={"sql": sql, **more})


def test_a_select_answers_columns_and_rows(site: Site) -> None:
    answer = ask(site, "SELECT country, sum(visits) AS visits FROM sales GROUP BY ALL ORDER BY 1")
    assert answer.status_code == 200
    assert answer.json() == {
        "columns": [{"name": "country", "type": "VARCHAR"}, {"name": "visits", "type": "HUGEINT"}],
        "rows": [["DE", 200], ["FR", 330]],
        "is_cut": False,
        "versions": {"sales": 1},
    }


def test_other_datasets_may_be_joined(site: Site) -> None:
    site.upload("more-sales")
    answer = ask(site, 'SELECT count(*) FROM sales JOIN "more-sales" USING (day, country, device)')
    assert (answer.json()["rows"], answer.json()["versions"]) == ([[6]], {"sales": 1, "more-sales": 1})


def test_the_limit_holds(site: Site) -> None:
    answer = ask(site, "FROM sales", limit=2).json()
    assert (len(answer["rows"]), answer["is_cut"]) == (2, True)


@pytest.mark.parametrize(
    "sql",
    ["SELECT * FROM read_csv('/etc/passwd')", "DROP VIEW sales", "SELECT 1; SELECT 2", "SELECT x FROM sales", "SELEC"],
)
def test_refusals_name_the_field_and_no_path(site: Site, sql: str) -> None:
    answer = ask(site, sql)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["sql"]
    assert str(site.app.settings.data_dir) not in answer.text


@pytest.mark.parametrize(
    "body", [{}, {"sql": ""}, {"sql": "SELECT 1", "limit": 0}, {"sql": "SELECT 1", "limit": 10_001}]
)
def test_a_wrong_body_is_refused(site: Site, body: dict[str, object]) -> None:
    assert site.post("/datasets/sales/query", json=body).status_code == 422


def test_an_unknown_dataset_is_404(site: Site) -> None:
    assert ask(site, "SELECT 1", slug="nowhere").status_code == 404


def test_it_needs_the_scope_read(site: Site) -> None:
    answer = site.post("/datasets/sales/query", json={"sql": "SELECT 1"}, headers=site.token_with("run"))
    assert answer.status_code == 403
