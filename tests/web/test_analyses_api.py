from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import pytest

from tests.web.conftest import REVENUE, SALES, Site


def make(site: Site, slug: str, **changes: Any) -> Any:
    return site.post("/analyses", json=REVENUE | {"slug": slug} | changes)


def test_a_saved_analysis_is_answered_as_it_was_sent(site: Site) -> None:
    answer = make(site, "kept")
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{site.prefix}/analyses/kept"
    kept = site.get("/analyses/kept").json()
    assert (kept["revision"], kept["equation"]["steps"][1]["formula"]) == (1, "orders / visits")


def test_an_unknown_column_is_named_with_what_was_meant(site: Site) -> None:
    answer = make(site, "typo", equation={"steps": [{"formula": "visists"}]})
    assert answer.status_code == 422
    assert "Did you mean 'visits'?" in answer.json()["detail"]


def test_an_unknown_dataset_is_wrong_at_its_field(site: Site) -> None:
    answer = make(site, "lost", dataset="nowhere")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "dataset")


def test_a_change_is_kept_as_a_revision_that_can_be_restored(site: Site) -> None:
    make(site, "revised")
    site.patch("/analyses/revised", json={"name": "Net revenue"})
    site.post("/analyses/revised/revisions/1/restore")
    listed = site.get("/analyses/revised/revisions").json()["results"]
    assert [(r["revision"], r["spec"]["name"]) for r in listed] == [(1, "Revenue"), (2, "Net revenue"), (3, "Revenue")]


@pytest.mark.parametrize(("revision", "status"), [("7", 404), ("0", 422), ("9" * 30, 422), ("one", 422)])
def test_a_revision_that_is_not_there_cannot_be_restored(site: Site, revision: str, status: int) -> None:
    assert site.post(f"/analyses/revenue/revisions/{revision}/restore").status_code == status


def test_a_change_from_an_old_state_is_412(site: Site) -> None:
    tag = make(site, "guarded").headers["etag"]
    site.patch("/analyses/guarded", json={"name": "One"})
    assert site.patch("/analyses/guarded", json={"name": "Two"}, headers={"If-Match": tag}).status_code == 412


def test_a_slug_stays(site: Site) -> None:
    answer = site.patch("/analyses/revenue", json={"slug": "income"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "slug")


def test_a_deleted_analysis_is_gone(site: Site) -> None:
    make(site, "gone")
    assert site.delete("/analyses/gone").status_code == 204
    assert site.get("/analyses/gone").status_code == 404


def test_an_analysis_that_is_exported_is_not_deleted(site: Site) -> None:
    make(site, "exported")
    site.report("exported", "exported")
    assert site.delete("/analyses/exported").status_code == 409


def test_the_bridge_adds_up(site: Site) -> None:
    bridge = site.get("/analyses/revenue/bridge").json()
    total = bridge["total"]
    assert (total["base"], total["current"], total["change"]) == (1360, 1420, 60)
    assert sum(step["contribution"] for step in bridge["steps"]) == pytest.approx(60, abs=1e-9)


def test_other_periods_can_be_asked_for(site: Site) -> None:
    path = "/analyses/revenue/bridge?base=2026-01-10/2026-01-10&current=2026-02-10/2026-02-10"
    total = site.get(path).json()["total"]
    assert (total["base"], total["current"]) == (500, 600)


@pytest.mark.parametrize("base", ["january", "2026-01-10", "2026-01-10/2026-01-32", "a/b/c"])
def test_a_period_that_is_none_is_refused_at_its_field(site: Site, base: str) -> None:
    answer = site.get("/analyses/revenue/bridge", params={"base": base})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "base")


def test_the_bridge_says_what_is_noise_and_which_dimensions_tell(site: Site) -> None:
    bridge = site.get("/analyses/revenue/bridge").json()
    assert [test["step"] for test in bridge["significance"]] == ["Visits", "Conversion", "Basket"]
    assert all(test["verdict"] for test in bridge["significance"])
    assert {"step", "dimension", "segments", "excess", "noise", "signal", "is_focus"} <= set(bridge["ranking"][0])


def test_notes_are_said_once(site: Site) -> None:
    notes = [note["text"] for note in site.get("/analyses/revenue/bridge").json()["notes"]]
    assert len(notes) == len(set(notes)) > 0


def test_a_second_comparison_has_its_own_bridge(site: Site) -> None:
    second = {
        "comparison": {"by": "day", "base": ["2026-01-10", "2026-01-11"], "current": ["2026-01-12", "2026-01-12"]}
    }
    make(site, "twice", second=second | {"show": "behind"})
    answer = site.get("/analyses/twice/bridge").json()["second"]
    assert (answer["total"]["base"], answer["total"]["current"]) == (1200, 160)
    assert sum(step["contribution"] for step in answer["steps"]) == pytest.approx(-1040, abs=1e-9)
    assert site.get("/analyses/revenue/bridge").json()["second"] is None


@pytest.mark.parametrize(("query", "change"), [("", 60.0), ("?step=Visits&k=1", None)])
def test_segments_and_everything_else_add_up(site: Site, query: str, change: float | None) -> None:
    steps = {step["step"]: step["contribution"] for step in site.get("/analyses/revenue/bridge").json()["steps"]}
    answer = site.get(f"/analyses/revenue/segments{query}").json()
    assert answer["rows"][-1]["segment"] == "everything else"
    total = sum(row["contribution"] for row in answer["rows"])
    assert total == pytest.approx(steps["Visits"] if change is None else change, abs=1e-9)


@pytest.mark.parametrize(("query", "field"), [("k=0", "k"), ("k=99", "k"), ("step=Clicks", "step"), ("base=x", "base")])
def test_a_search_that_cannot_be_is_refused_at_its_field(site: Site, query: str, field: str) -> None:
    answer = site.get(f"/analyses/revenue/segments?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_every_method_comes_to_the_same_change(site: Site) -> None:
    answer = site.get("/analyses/revenue/reconcile").json()
    methods = [method["method"] for method in answer["methods"] if not method["why_not"]]
    assert methods == ["shapley", "lmdi", "sequential", "covariance"]
    for method in methods:
        assert sum(step[method] for step in answer["steps"]) == pytest.approx(60, abs=1e-9)
    assert sum(answer["alone"]) + answer["interaction"] == pytest.approx(60, abs=1e-9)


def test_a_method_that_is_not_defined_says_why(site: Site) -> None:
    steps = REVENUE["equation"]["steps"]
    make(site, "summed", equation={"steps": [steps[0], steps[2]], "formula": "[1] + [2]"})
    answer = site.get("/analyses/summed/reconcile").json()
    why = {method["method"]: method["why_not"] for method in answer["methods"]}
    assert (why["shapley"], bool(why["lmdi"])) == ("", True)
    assert {step["lmdi"] for step in answer["steps"]} == {None}


def test_the_detail_can_be_chosen(site: Site) -> None:
    detail = site.get("/analyses/revenue/bridge?step=Basket&dimension=device").json()["detail"]
    assert (detail["step"], detail["dimension"]) == ("Basket", "device")
    assert {row["segment"] for row in detail["rows"]} == {"mobile", "desktop"}


@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        ("html", "text/html; charset=utf-8"),
        ("svg", "image/svg+xml"),
        ("png", "image/png"),
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json"),
    ],
)
def test_the_report_is_drawn_in_every_form(site: Site, form: str, media_type: str) -> None:
    answer = site.get(f"/analyses/revenue/report.{form}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


@pytest.mark.parametrize("view", ["waterfall", "step_detail", "funnel", "dimensions", "moves", "tree", "segments"])
def test_a_picture_of_every_view_can_be_asked_for(site: Site, view: str) -> None:
    answer = site.get(f"/analyses/revenue/report.svg?view={view}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


def test_a_view_that_there_is_not_is_404_with_those_there_are(site: Site) -> None:
    answer = site.get("/analyses/revenue/report.svg?view=pie")
    assert answer.status_code == 404
    assert "Those there are: waterfall" in answer.json()["detail"]


def test_an_unknown_form_is_refused_with_those_there_are(site: Site) -> None:
    answer = site.get("/analyses/revenue/report.docx")
    assert answer.status_code == 422
    assert "'png'" in answer.json()["detail"]


def test_table_and_numbers_say_the_same(site: Site) -> None:
    text = site.get("/analyses/revenue/report.csv").content.decode("utf-8-sig")
    rows = {row["step"]: float(row["contribution"]) for row in csv.DictReader(StringIO(text))}
    steps = site.get("/analyses/revenue/report.json").json()["steps"]
    assert rows == {step["step"]: step["contribution"] for step in steps} | {"Revenue": 60}


def test_the_answer_says_the_words_of_the_page(site: Site) -> None:
    """What columns are called, at once when it changes, and the second comparison."""
    sales = SALES + "2025-12-10,FR,mobile,90,10,500\n2026-03-01,FR,mobile,90,10,500\n"
    assert site.upload("labelled", sales).status_code == 201
    steps = {"total": "Orders", "steps": [{"formula": "visits"}, {"formula": "orders / visits"}]}
    months = {"by": "day", "relative": "last_full_month", "against": "previous"}
    make(site, "labelled", dataset="labelled", equation=steps, comparison=months, second={"show": "below"})
    assert "<strong>Visits</strong> rose from 230 to 300" in site.get("/analyses/labelled/report.html").text
    site.patch("/datasets/labelled", json={"columns": [{"name": "visits", "display_name": "Sessions"}]})
    comment = site.get("/analyses/labelled/bridge").json()["comment"]
    assert "Sessions rose from 230 to 300" in comment
    assert "the month before" in comment
    assert site.get("/analyses/labelled/report.json").json()["comment"] == comment
    assert "<strong>Sessions</strong> rose from 230 to 300" in site.get("/analyses/labelled/report.html").text


def test_the_main_step_is_searched_where_the_kpi_is_no_sum(site: Site) -> None:
    make(site, "no-sum", equation={"steps": [{"formula": "visits"}, {"formula": "orders"}]})
    answer = site.get("/analyses/no-sum/segments").json()
    steps = {step["step"]: step["contribution"] for step in site.get("/analyses/no-sum/bridge").json()["steps"]}
    assert answer["step"] == max(steps, key=lambda name: abs(steps[name]))
    assert sum(row["contribution"] for row in answer["rows"]) == pytest.approx(steps[answer["step"]])
    assert "segments_not_additive" not in [note["code"] for note in answer["notes"]]
    page = site.get("/analyses/no-sum/report.html?views=segments")
    assert page.status_code == 200
    assert "Choose one of the steps" not in page.text


def test_a_report_of_an_undefined_kpi_shows_its_views_all_the_same(site: Site) -> None:
    site.upload("divided", "day,country,visits,orders\n2026-01-10,FR,0,1\n2026-02-10,FR,10,2\n2026-02-11,DE,10,2\n")
    make(site, "divided", dataset="divided", equation={"steps": [{"formula": "orders / visits"}]})
    page = site.get("/analyses/divided/report.html?views=waterfall&views=segments")
    assert page.status_code == 200
    assert "Segments have not been searched for here." in page.text
