"""The Bridge page: empty, filled, each action, each failure, and what its address holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec
from tests.pages.bridge_page import COLUMNS, EQUATION, FIXED, PAGE, ROWS, act, table_with, text_of
from tests.pages.driving import Open, settled


def test_without_data_it_leads_to_the_data_page(open_page: Open) -> None:
    page = open_page(PAGE)
    assert "There is no data yet" in page.info[0].value
    assert any(link.proto.page == "Data" for link in page.get("page_link"))


def test_without_a_metric_it_says_what_to_do(open_page: Open, app: App, sales: DatasetSpec) -> None:
    columns = tuple(c.model_copy(update={"role": "ignored"}) if c.role == "metric" else c for c in COLUMNS)
    app.catalogue.change(sales.model_copy(update={"columns": columns}))
    assert "has no metric yet" in open_page(PAGE).info[0].value


def test_a_new_analysis_begins_with_a_metric_and_a_period_that_the_data_covers(
    open_page: Open, sales: DatasetSpec
) -> None:
    page = open_page(PAGE)
    assert not page.exception
    assert "not saved yet" in text_of(page)
    assert "**Visits**" in text_of(page)


def test_it_opens_the_saved_analysis_with_its_headline(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    assert "Revenue rose by" in text_of(page)
    assert "saved · revision 1 · data version 1" in text_of(page)


def test_an_unknown_analysis_is_said_and_leads_on(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="profit")
    assert "There is no analysis 'profit'" in page.error[0].value


def test_a_broken_address_is_said_and_the_saved_analysis_shown(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", where="country=FR")
    assert "where" in page.warning[0].value
    assert "Revenue rose by" in text_of(page)


def test_a_chosen_step_opens_and_stands_in_the_address(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.pills(key="bridge_step").set_value("Basket").run())
    assert page.query_params["step"] == "Basket"
    assert "Basket by" in text_of(page)


def test_a_step_of_the_address_that_is_gone_gives_way_to_the_main_one(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", step="Shipping", dimension="weather")
    assert page.pills(key="bridge_step").value == "Conversion"


def test_choosing_a_dimension_shows_its_segments(open_page: Open, revenue: AnalysisSpec) -> None:
    page = act(open_page(PAGE, analysis="revenue", step="Conversion", shape="table"), "bridge_rank_device")
    assert page.query_params["dimension"] == "device"
    assert table_with(page, "Segment")["Segment"].to_list() == ["mobile", "desktop"]


def test_the_segments_add_up_to_the_step(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = open_page(PAGE, analysis="revenue", step="Conversion", dimension="country", shape="table")
    shown = table_with(page, "Segment")["Contribution"].sum()
    steps = app.analyses.bridge(revenue).steps
    assert shown == pytest.approx(steps.filter(steps["step"] == "Conversion")["contribution"].item())


def test_the_table_view_ends_with_the_whole_change(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", view="table")
    table = table_with(page, "% of base")
    assert table["Contribution"][:-1].sum() == pytest.approx(200)
    assert table["Contribution"].iloc[-1] == pytest.approx(200)


def test_the_table_calls_steps_as_the_chart_does_and_says_what_is_merged(
    open_page: Open, app: App, sales: DatasetSpec, tmp_path: Path
) -> None:
    columns = tuple(c.model_copy(update={"display_name": "Site visits"}) if c.name == "visits" else c for c in COLUMNS)
    app.catalogue.change(sales.model_copy(update={"columns": columns}))
    newer = tmp_path / "newer.csv"
    newer.write_text(ROWS.replace(",50,4000", ",0,4000").replace(",60,6000", ",0,6000"), encoding="utf-8")
    app.catalogue.replace("sales", newer, "newer.csv")
    steps = [{"formula": "visits"}, *EQUATION["steps"][1:]]
    equation = {"steps": steps, "total": "Revenue"}
    document = {"slug": "r", "name": "R", "dataset": "sales", "equation": equation, "comparison": FIXED}
    app.analyses.create(AnalysisSpec.model_validate(document), by=app.owner.id)
    table = table_with(open_page(PAGE, analysis="r", view="table"), "Note")
    assert table["Step"][0] == "Site visits"
    assert [bool(note) for note in table["Note"]] == [False, True, False]


def test_going_back_restores_the_page(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.pills(key="bridge_step").set_value("Basket").run())
    del page.query_params["step"]
    settled(page.run())
    assert page.pills(key="bridge_step").value == "Conversion"


def test_going_back_makes_a_hidden_choice_anew_so_that_its_old_value_is_forgotten(
    open_page: Open, revenue: AnalysisSpec
) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.radio(key="bridge_against").set_value("same_last_year").run())
    for name in ("by", "relative", "against"):
        del page.query_params[name]
    settled(page.run())
    assert page.radio(key="bridge_against_1").value == "previous"
    assert "saved · revision 1" in text_of(page)


def test_another_comparison_stands_in_the_address_and_is_not_saved(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.radio(key="bridge_against").set_value("same_last_year").run())
    assert page.query_params["against"] == "same_last_year"
    assert "changed since revision 1" in text_of(page)


def test_a_period_without_rows_is_said_in_a_sentence(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", by="day", relative="last_full_month", against="same_last_year")
    assert page.error
    assert not page.exception


def test_fixed_dates_begin_with_the_dates_shown(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.segmented_control(key="bridge_kind").set_value("dates").run())
    assert page.query_params["base"] == "2026-01-01/2026-01-31"


def test_two_groups_of_a_column_are_compared(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.segmented_control(key="bridge_kind").set_value("groups").run())
    page.multiselect(key="bridge_base_group").set_value(["FR"])
    page.multiselect(key="bridge_current_group").set_value(["DE"])
    settled(page.run())
    assert page.query_params["by"] == "country"
    assert "higher" in text_of(page)


def test_a_filter_narrows_the_bridge(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.selectbox(key="bridge_filter_add").set_value("country").run())
    settled(page.multiselect(key="bridge_filter_country").set_value(["FR"]).run())
    assert json.loads(page.query_params["where"]) == {"country": ["FR"]}
    assert "Revenue fell by" in text_of(page)


def test_a_condition_on_a_number_is_a_filter(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.selectbox(key="bridge_filter_add").set_value("visits").run())
    settled(page.number_input(key="bridge_filter_value_0_visits").set_value(1050).run())
    assert json.loads(page.query_params["where"]) == {"visits": {">": 1050}}


def test_a_removed_filter_leaves_the_address(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", where='{"country": ["FR"]}')
    act(page, "bridge_filter_remove_country")
    assert "where" not in page.query_params


def test_a_filter_without_values_filters_nothing_and_waits_for_some(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", where='{"country": ["FR"], "visits": {">": 5}}')
    settled(page.multiselect(key="bridge_filter_country").set_value([]).run())
    assert json.loads(page.query_params["where"]) == {"visits": {">": 5}}
    settled(page.number_input(key="bridge_filter_value_0_visits").set_value(None).run())
    assert "where" not in page.query_params
    assert page.number_input(key="bridge_filter_value_0_visits").value is None


def test_a_filter_by_what_is_no_number_opens(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", where='{"country": {"=": true}}')
    assert "There are no rows in" in page.error[0].value
    assert page.text_input(key="bridge_filter_value_0_country").value == "true"


def test_a_filter_that_was_opened_on_other_data_is_forgotten(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    page.session_state["bridge_filter_open"] = "weather"
    settled(page.run())
    assert not page.warning


def test_groups_that_lack_a_side_say_that_nothing_has_changed_yet(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", by="country", base='["FR"]', current='["DE"]')
    settled(page.multiselect(key="bridge_base_group").set_value([]).run())
    assert "until then the comparison stays as it is" in text_of(page)
    assert "higher" in text_of(page)


def test_a_chain_of_ratios_is_made_of_chosen_metrics(open_page: Open, sales: DatasetSpec) -> None:
    page = open_page(PAGE)
    page.multiselect(key="bridge_metrics").set_value(["visits", "orders", "revenue"])
    act(settled(page.run()), "bridge_chain")
    assert "orders / visits" in text_of(page)
    assert "Revenue rose by" in text_of(page)


def test_a_changed_cell_changes_the_bridge(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.session_state["bridge_editor_1"] = {
        "edited_rows": {2: {"name": "Value of an order"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    settled(page.run())
    assert "Value of an order" in page.pills(key="bridge_step").options
    assert "changed since revision 1" in text_of(page)


def test_a_wrong_formula_names_the_column_and_keeps_the_page(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.session_state["bridge_editor_1"] = {
        "edited_rows": {1: {"formula": "ordres / visits"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    settled(page.run())
    assert page.error[0].value.startswith("Step 2")
    assert "Did you mean 'orders'" in page.error[0].value
    assert page.toggle(key="bridge_edit").value


def test_a_wrong_formula_of_the_kpi_says_its_character_once(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    settled(page.text_input(key="bridge_total_formula").set_value("[1] + [9]").run())
    assert page.error[0].value.count("character") == 1


def test_contributions_to_a_rate_are_points_in_every_table(open_page: Open, sales: DatasetSpec, app: App) -> None:
    steps = [{"formula": "orders / visits", "name": "Conversion", "unit": "%"}]
    equation = {"total": "Conversion rate", "unit": "%", "steps": steps}
    document = {"slug": "rate", "name": "Rate", "dataset": "sales", "equation": equation, "comparison": FIXED}
    app.analyses.create(AnalysisSpec.model_validate(document), by=app.owner.id)
    page = open_page(PAGE, analysis="rate", view="table", shape="table")
    assert table_with(page, "Step")["Contribution"].to_list() == pytest.approx([-1.18, -1.18])
    assert table_with(page, "Segment")["Contribution"].sum() == pytest.approx(-1.18)
    assert "contributions in points of the KPI" in text_of(page)


def test_a_draft_stays_while_another_page_is_visited(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    settled(page.text_input(key="bridge_total").set_value("Turnover").run())
    page.switch_page("Home.py").run()
    page.switch_page(PAGE)
    page.query_params["analysis"] = "revenue"
    settled(page.run())
    assert "Turnover rose by" in text_of(page)


def test_the_days_become_a_step_when_periods_differ_in_length(open_page: Open, revenue: AnalysisSpec) -> None:
    page = act(open_page(PAGE, analysis="revenue"), "bridge_per_day_on")
    assert len(page.pills(key="bridge_step").options) == 4


def test_the_rows_behind_a_segment_are_shown(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", step="Conversion", dimension="device")
    page.session_state["bridge_detail_chart_Conversion_device"] = {"selection": {"pick": [{"segment": "mobile"}]}}
    act(settled(page.run()), "bridge_rows")
    rows = table_with(page, "orders")
    assert rows["visits"].to_list() == [1400]


def test_the_rows_of_a_segment_called_all_are_its_own(
    open_page: Open, revenue: AnalysisSpec, app: App, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.csv"
    newer.write_text(ROWS.replace("FR", "All"), encoding="utf-8")
    app.catalogue.replace("sales", newer, "newer.csv")
    page = open_page(PAGE, analysis="revenue", step="Conversion", dimension="country")
    page.session_state["bridge_detail_chart_Conversion_country"] = {"selection": {"pick": [{"segment": "All"}]}}
    act(settled(page.run()), "bridge_rows")
    assert table_with(page, "orders")["visits"].to_list() == [1400]


def test_the_overlap_has_no_rows_of_its_own(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", step="Conversion", dimension="device")
    page.session_state["bridge_detail_chart_Conversion_device"] = {"selection": {"pick": [{"segment": "(overlap)"}]}}
    assert page.run().button(key="bridge_rows").label == "Rows…"
