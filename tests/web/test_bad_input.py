"""Whatever is sent or loaded: an answer that explains itself, never a 500."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.model.delivery import ALL_VIEWS
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


Row = tuple[object, ...]
MONTHS = {"by": "day", "base": ["2026-01-01", "2026-01-31"], "current": ["2026-02-01", "2026-02-28"]}


def table(change: Callable[[int, Row], Row] = lambda month, row: row) -> str:
    """Ten days of January and of February by two countries and two devices; `change` makes of each row another one."""
    lines = ["day,country,device,visits,orders,revenue"]
    for month in (1, 2):
        for day in range(1, 11):
            for country, device, size in (
                ("FR", "mobile", 3),
                ("FR", "desktop", 5),
                ("DE", "mobile", 2),
                ("DE", "tv", 7),
            ):
                visits, orders = 100 + size * day % 13 + 10 * month, 10 + (day + size) % 4
                row = change(month, (country, device, visits, orders, orders * 50 + size * day % 11))
                lines.append(",".join(map(str, (f"2026-{month:02d}-{day:02d}", *row))))
    return "\n".join(lines) + "\n"


def explained(site: Site, slug: str, text: str, comparison: dict[str, Any] = MONTHS, **columns: Any) -> dict[str, Any]:
    """The bridge over such a table, once every other address has answered too; contributions add up."""
    assert site.upload(slug, text).status_code == 201
    if columns:
        assert site.patch(f"/datasets/{slug}", json=columns).status_code == 200
    answer = site.post("/analyses", json=REVENUE | {"slug": slug, "dataset": slug, "comparison": comparison})
    assert answer.status_code == 201, answer.text
    every = "&".join(f"views={view}" for view in ALL_VIEWS)
    for path in ("segments", "segments?step=Visits", "reconcile", f"report.html?{every}", "report.csv", "report.png"):
        assert site.get(f"/analyses/{slug}/{path}").status_code == 200, path
    bridge: dict[str, Any] = site.get(f"/analyses/{slug}/bridge").json()
    assert sum(step["contribution"] for step in bridge["steps"]) == pytest.approx(bridge["total"]["change"], abs=1e-6)
    return bridge


def notes(bridge: dict[str, Any]) -> str:
    return " ".join(note["text"] for note in bridge["notes"])


def verdicts(bridge: dict[str, Any]) -> set[str]:
    return {test["verdict"] for test in bridge["significance"]}


def test_a_dimension_with_one_value_explains_nothing(site: Site) -> None:
    bridge = explained(site, "one-value", table(lambda _, row: ("FR", *row[1:])))
    assert "FR" not in bridge["comment"]
    assert {row["interest"] for row in bridge["ranking"] if row["dimension"] == "country"} == {0}


def test_segments_that_are_all_new_or_gone_say_so(site: Site) -> None:
    bridge = explained(site, "only-new", table(lambda month, row: (f"{row[0]}{month}", *row[1:])))
    rows = site.get("/analyses/only-new/bridge?step=Visits&dimension=country").json()["detail"]["rows"]
    assert {row["segment"]: row["kind"] for row in rows} == {"FR1": "lost", "DE1": "lost", "FR2": "new", "DE2": "new"}
    assert sum(row["total"] for row in rows) == pytest.approx(bridge["steps"][0]["contribution"])


def test_a_metric_that_is_empty_everywhere_counts_as_nothing_and_says_so(site: Site) -> None:
    columns = [{"name": "revenue", "type": "number", "role": "metric"}]
    bridge = explained(site, "all-null", table(lambda _, row: (*row[:4], "")), columns=columns)
    assert (bridge["total"]["base"], bridge["total"]["current"], bridge["total"]["change_pct"]) == (0, 0, None)
    assert "revenue is empty in 40 of 40 rows in base" in notes(bridge)


def test_a_metric_that_never_changes_is_said_not_to(site: Site) -> None:
    bridge = explained(site, "constant", table(lambda _, row: (*row[:2], 100, 10, 500)))
    assert bridge["headline"] == "Revenue did not change (€20,000)"
    assert verdicts(bridge) == {"not testable: Every day is the same on both sides: nothing moved."}


def test_one_day_against_one_day_is_explained_but_not_tested_as_days(site: Site) -> None:
    bridge = explained(site, "one-day", table(), {"by": "day", "base": ["2026-01-05"], "current": ["2026-02-05"]})
    assert "Days with data: 1 in base, 1 in current" in notes(bridge)
    assert not any(verdict.endswith("day-to-day variation") for verdict in verdicts(bridge))


def test_a_base_of_nothing_starts_the_kpi(site: Site) -> None:
    bridge = explained(site, "from-zero", table(lambda month, row: row if month == 2 else (*row[:2], 0, 0, 0)))
    assert (bridge["total"]["change_pct"], len(bridge["steps"])) == (None, 1)
    assert "are shown as one" in notes(bridge)


@pytest.mark.parametrize("path", ["bridge", "segments", "reconcile", "report.html", "report.json"])
def test_a_side_without_rows_is_named_with_what_the_data_covers(site: Site, path: str) -> None:
    site.upload("half", table())
    empty = {**MONTHS, "base": ["2025-01-01", "2025-01-31"]}
    site.post("/analyses", json=REVENUE | {"slug": "half", "dataset": "half", "comparison": empty})
    answer = site.get(f"/analyses/half/{path}")
    assert (answer.status_code, fields(answer)) == (422, ["comparison.base"])
    assert "The data covers 2026-01-01 to 2026-02-10" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("slug", "base", "current", "said"),
    [
        ("overlapping", ["FR", "DE"], ["DE"], "Base and current share DE, whose rows count on both sides."),
        ("whole", ["FR"], ["FR", "DE"], "Base and current share FR, whose rows count on both sides."),
        ("alike", ["FR"], ["FR"], "Base and current are the same, so nothing can have changed."),
    ],
)
def test_groups_that_share_rows_are_told(site: Site, slug: str, base: list[str], current: list[str], said: str) -> None:
    bridge = explained(site, slug, table(), {"by": "country", "base": base, "current": current})
    assert said in notes(bridge)


def test_a_segment_that_is_the_whole_is_no_finding(site: Site) -> None:
    explained(site, "segment-is-all", table(lambda _, row: ("all", "everything", *row[2:])))
    found = site.get("/analyses/segment-is-all/segments").json()
    assert [row["segment"] for row in found["rows"]] == ["everything else"]
    assert "There is no dimension to search." in notes(found)


def test_names_of_any_script_are_kept_and_never_markup(site: Site) -> None:
    names = {"FR": "«ñ» 日本語 🇫🇷", "DE": "<b>&\x01"}
    bridge = explained(site, "scripts", table(lambda _, row: (names[str(row[0])], *row[1:])))
    rows = site.get("/analyses/scripts/bridge?step=Visits&dimension=country").json()["detail"]["rows"]
    assert {row["segment"] for row in rows} == set(names.values())
    assert bridge["total"]["base"] > 0
    assert "<b>&\x01" not in site.get("/analyses/scripts/report.html").text


@pytest.mark.parametrize("text", ["", "\n\n", "day,visits\n", "day"])
def test_a_file_without_rows_is_refused_with_what_to_do(site: Site, text: str) -> None:
    answer = site.upload("nothing", text)
    assert answer.status_code == 422
    assert "Load a file with" in answer.json()["detail"]
    assert site.get("/datasets/nothing").status_code == 404


def test_a_key_of_every_row_is_no_dimension_unless_asked_for(site: Site, tmp_path: Path) -> None:
    count = 200_000
    months = [f"2026-0{1 + row % 2}-15" for row in range(count)]
    frame = pl.DataFrame({"day": months, "person": [f"p{row}" for row in range(count)], "visits": [1] * count})
    frame.with_columns(pl.col("day").str.to_date()).write_parquet(tmp_path / "many.parquet")
    body = {"slug": "many", "name": "Many", "source": {"kind": "files", "path": str(tmp_path / "many.parquet")}}
    columns = {column["name"]: column["role"] for column in site.post("/datasets", json=body).json()["columns"]}
    assert columns == {"day": "date", "person": "ignored", "visits": "metric"}
    spec = {"slug": "many", "name": "Many", "dataset": "many", "comparison": MONTHS}
    assert site.post("/analyses", json=spec | {"equation": {"steps": [{"formula": "visits"}]}}).status_code == 201
    site.patch("/datasets/many", json={"columns": [{"name": "person", "role": "dimension"}]})
    detail = site.get("/analyses/many/bridge").json()["detail"]
    assert (len(detail["rows"]), detail["rows"][-1]["segment"]) == (1_001, "199000 others")
    assert sum(row["total"] for row in detail["rows"]) == pytest.approx(0, abs=1e-6)
