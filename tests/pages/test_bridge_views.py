"""The views of a bridge, the second comparison, plan against actual, and the methods side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.data import ColumnSpec, DatasetSpec, UploadSource
from tests.pages.driving import Open, settled, texts

PAGE = "pages/2_Bridge.py"
METRICS = ("visits", "orders", "revenue", "visits_plan", "orders_plan", "Plan revenue")
ROWS = """day,country,visits,orders,revenue,visits_plan,orders_plan,Plan revenue
2025-12-10,FR,900,45,3600,900,45,3600
2025-12-31,DE,900,54,5400,900,54,5400
2026-01-10,FR,1000,50,4000,1000,50,4000
2026-01-31,DE,1000,60,6000,1000,60,6000
2026-02-10,FR,1400,42,3500,1300,65,5200
2026-02-28,DE,1100,66,6700,1000,60,6100
"""
STEPS = [
    {"formula": "visits", "name": "Visits"},
    {"formula": "orders / visits", "name": "Conversion", "unit": "%"},
    {"formula": "revenue / orders", "name": "Basket", "unit": "€"},
]
VIEWS = {
    "waterfall": "Conversion",
    "funnel": "orders",
    "dimensions": "by country",
    "tree": "Revenue = Visits × Conversion × Basket",
    "segments": "explain the change",
    "reconcile": "differ most on",
    "table": "Conversion",
}


@pytest.fixture
def revenue(app: App, tmp_path: Path) -> AnalysisSpec:
    path = tmp_path / "sales.csv"
    path.write_text(ROWS, encoding="utf-8")
    columns = (
        ColumnSpec(name="day", type="date", role="date"),
        ColumnSpec(name="country", type="text", role="dimension"),
        *(ColumnSpec(name=name, type="number", role="metric") for name in METRICS),
    )
    dataset = DatasetSpec(slug="sales", name="Sales", source=UploadSource(file_name="sales.csv"), columns=columns)
    app.catalogue.create(dataset, path=path, by=app.owner.id)
    spec = AnalysisSpec.model_validate(
        {
            "slug": "revenue",
            "name": "Revenue by month",
            "dataset": "sales",
            "equation": {"total": "Revenue", "unit": "€", "steps": STEPS},
            "comparison": {"by": "day", "relative": "last_full_month"},
        }
    )
    app.analyses.create(spec, by=app.owner.id)
    return spec


def text_of(page: AppTest) -> str:
    return texts(page).replace("\\", "").replace("\u2060", "")


def chart_texts(page: AppTest) -> str:
    """What the charts on the page say to those who cannot see them."""
    return "\n".join(chart.proto.alt for chart in page.get("vega_lite_chart"))


def test_every_view_is_reached_by_a_click_and_stands_in_the_address(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", step="Basket", dimension="country")
    for view, said in VIEWS.items():
        settled(page.segmented_control(key="bridge_view").set_value(view).run())
        assert not page.exception, view
        assert not page.error, view
        assert page.query_params.get("view", "waterfall") == view
        assert (page.query_params["step"], page.query_params["dimension"]) == ("Basket", "country")
        assert said in text_of(page), view


def test_a_view_of_the_address_opens_and_going_back_leaves_it(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", view="tree")
    assert page.segmented_control(key="bridge_view").value == "tree"
    del page.query_params["view"]
    settled(page.run())
    assert page.segmented_control(key="bridge_view").value == "waterfall"


@pytest.mark.parametrize("show", ["merged", "behind", "beside", "below"])
def test_the_comparison_before_is_drawn_and_the_trend_is_said(
    open_page: Open, revenue: AnalysisSpec, show: str
) -> None:
    page = open_page(PAGE, analysis="revenue", second=show)
    assert not page.exception
    assert not page.error
    assert "December 2025" in chart_texts(page)
    assert "the month before" in text_of(page)


def test_a_second_comparison_is_chosen_drawn_otherwise_and_taken_away(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.selectbox(key="bridge_second").set_value("before").run())
    assert page.query_params["second"] == "merged"
    assert "changed since revision 1" in text_of(page)
    settled(page.segmented_control(key="bridge_second_show").set_value("beside").run())
    assert page.query_params["second"] == "beside"
    settled(page.selectbox(key="bridge_second").set_value("dates").run())
    assert page.query_params["second_base"] == "2025-12-01/2025-12-31"
    settled(page.selectbox(key="bridge_second").set_value("none").run())
    assert "second" not in page.query_params


def test_a_second_comparison_without_rows_is_said_and_the_first_stays(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.selectbox(key="bridge_second").set_value("year").run())
    assert page.query_params["second"] == "beside"
    assert "There are no rows in base (2025-02-01 to 2025-02-28)" in page.error[0].value.replace("\\", "")
    assert "Revenue rose by" in text_of(page)


def test_plans_are_guessed_by_their_names_and_compared(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.segmented_control(key="bridge_kind").set_value("metrics").run())
    assert json.loads(page.query_params["metrics"]) == {
        "visits": "visits_plan",
        "orders": "orders_plan",
        "revenue": "Plan revenue",
    }
    assert "Actual against plan, February 2026" in text_of(page)
    assert "below plan" in text_of(page)
    settled(page.selectbox(key="bridge_plan_period").set_value("last_full_day").run())
    assert page.query_params["relative"] == "last_full_day"
    assert "metrics" in page.query_params


def test_a_metric_without_a_plan_waits_for_one(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    dataset = app.catalogue.get("sales")
    columns = tuple(
        column.model_copy(update={"role": "ignored"}) if column.name == "orders_plan" else column
        for column in dataset.columns
    )
    app.catalogue.change(dataset.model_copy(update={"columns": columns}))
    page = open_page(PAGE, analysis="revenue")
    settled(page.segmented_control(key="bridge_kind").set_value("metrics").run())
    assert "metrics" not in page.query_params
    assert "Choose the plan of each metric" in text_of(page)
    settled(page.selectbox(key="bridge_plan_orders").set_value("orders").run())
    assert json.loads(page.query_params["metrics"])["orders"] == "orders"


def test_a_plan_just_chosen_stays_when_the_period_changes(open_page: Open, revenue: AnalysisSpec) -> None:
    plans = {"visits": "visits_plan", "orders": "orders_plan", "revenue": "Plan revenue"}
    page = open_page(PAGE, analysis="revenue", by="day", relative="last_full_month", metrics=json.dumps(plans))
    page.selectbox(key="bridge_plan_visits").set_value("visits")
    page.selectbox(key="bridge_plan_period").set_value("last_full_day")
    settled(page.run())
    assert page.query_params["relative"] == "last_full_day"
    assert json.loads(page.query_params["metrics"]) == plans | {"visits": "visits"}


def test_metrics_that_join_the_equation_bring_their_plans(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, dataset=revenue.dataset)
    settled(page.segmented_control(key="bridge_kind").set_value("metrics").run())
    assert json.loads(page.query_params["metrics"]) == {"visits": "visits_plan"}
    settled(page.multiselect(key="bridge_metrics").set_value(["visits", "orders"]).run())
    settled(page.button(key="bridge_chain").click().run())
    assert json.loads(page.query_params["metrics"]) == {"visits": "visits_plan", "orders": "orders_plan"}
    assert not page.error


def test_the_methods_stand_side_by_side_and_one_can_be_chosen(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", view="reconcile")
    table = next(text.value for text in page.markdown if "| Covariance |" in text.value)
    assert "| Step | Shapley | LMDI | Sequential | Covariance | Apart |" in table
    settled(page.segmented_control(key="bridge_method_here").set_value("covariance").run())
    assert "changed since revision 1" in text_of(page)
    settled(page.segmented_control(key="bridge_view").set_value("waterfall").run())
    assert "Covariance 11" in text_of(page)


def test_what_an_analysis_is_for_and_what_may_explain_it_can_be_edited(
    open_page: Open, revenue: AnalysisSpec, app: App
) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.text_input(key="bridge_description").set_value("For the *Monday* round")
    page.number_input(key="bridge_rest").set_value(5.0)
    page.multiselect(key="bridge_explain").set_value([])
    settled(page.run())
    assert "For the *Monday* round" in text_of(page)
    assert "No dimension explains" in text_of(page)
    settled(page.button(key="bridge_save").click().run())
    settled(page.button(key="bridge_save_now").click().run())
    spec = app.analyses.get("revenue").spec
    assert (spec.description, spec.other_below_pct, spec.dimensions) == ("For the *Monday* round", 5.0, ())


def test_a_wrong_plan_column_of_the_address_is_said_and_can_be_mended(open_page: Open, revenue: AnalysisSpec) -> None:
    plans = {"visits": "visits_paln", "orders": "orders_plan", "revenue": "Plan revenue"}
    page = open_page(PAGE, analysis="revenue", by="day", relative="last_full_month", metrics=json.dumps(plans))
    assert "visits_paln" in page.error[0].value.replace("\\", "")
    settled(page.selectbox(key="bridge_plan_visits").set_value("visits_plan").run())
    assert not page.error
    assert "below plan" in text_of(page)


def test_two_comparisons_that_do_not_meet_are_not_merged_but_said(open_page: Open, revenue: AnalysisSpec) -> None:
    second = {"second_by": "day", "second_base": "2025-12-01/2025-12-10", "second_current": "2025-12-11/2025-12-31"}
    page = open_page(PAGE, analysis="revenue", second="merged", **second)
    assert "cannot be merged into one chart" in page.error[0].value
    assert "Revenue rose by" in text_of(page)
    settled(page.segmented_control(key="bridge_second_show").set_value("below").run())
    assert not page.error
