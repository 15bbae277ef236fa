"""Two things done on the Bridge page before it is drawn again: the second one comes with what the page knew before."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import DateInput

from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec
from tests.pages.bridge_page import FIXED, PAGE, act, table_with, text_of
from tests.pages.driving import Open, settled

BOTH = '{"country": ["FR", "DE"], "device": ["mobile", "desktop"]}'


def where(page: AppTest) -> object:
    return json.loads(page.query_params["where"])


def days(page: AppTest, key: str) -> DateInput:
    return next(one for one in page.date_input if str(one.key).startswith(key))


def test_two_filters_are_both_kept(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", where=BOTH)
    page.multiselect(key="bridge_filter_country").set_value(["FR"])
    page.multiselect(key="bridge_filter_device").set_value(["mobile"])
    settled(page.run())
    assert where(page) == {"country": ["FR"], "device": ["mobile"]}


def test_a_number_and_a_list_are_both_filters(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", where='{"country": ["FR", "DE"], "visits": {">": 5}}')
    page.multiselect(key="bridge_filter_country").set_value(["FR"])
    page.number_input(key="bridge_filter_value_0_visits").set_value(50)
    settled(page.run())
    assert where(page) == {"country": ["FR"], "visits": {">": 50}}


def test_a_filter_stays_as_chosen_when_another_one_is_removed(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", where=BOTH)
    page.multiselect(key="bridge_filter_country").set_value(["FR"])
    act(page, "bridge_filter_remove_device")
    assert where(page) == {"country": ["FR"]}


@pytest.mark.parametrize(("button", "device"), [("keep", ["mobile"]), ("exclude", {"not in": ["mobile"]})])
def test_a_segment_is_kept_or_left_out_besides_the_filter_just_chosen(
    open_page: Open, revenue: AnalysisSpec, button: str, device: object
) -> None:
    chart = {"step": "Conversion", "first": "dimension", "dimension": "device", "segment": "mobile"}
    page = open_page(PAGE, analysis="revenue", where='{"country": ["FR", "DE"]}', **chart)
    page.multiselect(key="bridge_filter_country").set_value(["DE"] if button == "exclude" else ["FR"])
    act(page, f"bridge_own_chart_{button}")
    assert where(page) == {"country": ["DE"] if button == "exclude" else ["FR"], "device": device}


def test_a_segment_is_not_left_out_where_nothing_would_be_left(open_page: Open, revenue: AnalysisSpec) -> None:
    chart = {"step": "Conversion", "first": "dimension", "dimension": "country", "segment": "FR"}
    page = open_page(PAGE, analysis="revenue", where='{"country": ["FR", "DE"]}', **chart)
    page.multiselect(key="bridge_filter_country").set_value(["FR"])
    act(page, "bridge_own_chart_exclude")
    assert where(page) == {"country": ["FR"]}
    assert "Nothing would be left" in page.error[0].value


def test_another_period_stays_when_what_it_is_against_changes(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    page.selectbox(key="bridge_period").set_value("last_full_week")
    page.radio(key="bridge_against").set_value("same_last_year")
    settled(page.run())
    assert (page.query_params["relative"], page.query_params["against"]) == ("last_full_week", "same_last_year")


def test_another_period_is_not_one_of_days_again(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", by="day", relative="last_28_days", against="previous")
    page.selectbox(key="bridge_period").set_value("last_full_week")
    page.number_input(key="bridge_days").set_value(7)
    settled(page.run())
    assert page.query_params["relative"] == "last_full_week"


def test_both_sides_of_fixed_dates_change(open_page: Open, revenue: AnalysisSpec) -> None:
    sides = {side: "/".join(FIXED[side]) for side in ("base", "current")}
    page = open_page(PAGE, analysis="revenue", by="day", **sides)
    base, current = (days(page, f"bridge_{side}_") for side in sides)
    base.set_value((date(2026, 1, 5), date(2026, 1, 31)))
    current.set_value((date(2026, 2, 5), date(2026, 2, 28)))
    settled(page.run())
    assert page.query_params["base"] == "2026-01-05/2026-01-31"
    assert page.query_params["current"] == "2026-02-05/2026-02-28"


def test_the_second_comparison_follows_the_first_one_just_chosen(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    page.selectbox(key="bridge_period").set_value("last_full_day")
    page.selectbox(key="bridge_second").set_value("year")
    settled(page.run())
    assert page.query_params["relative"] == page.query_params["second_relative"] == "last_full_day"


def test_a_second_comparison_just_chosen_keeps_how_it_is_drawn(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", second="merged")
    page.selectbox(key="bridge_second").set_value("dates")
    page.segmented_control(key="bridge_second_show").set_value("beside")
    settled(page.run())
    assert page.query_params["second"] == "beside"
    assert page.query_params["second_base"] == "2025-12-01/2025-12-31"


def test_both_sides_of_a_second_comparison_change(open_page: Open, revenue: AnalysisSpec) -> None:
    second = {"second_by": "day", "second_base": "2025-12-01/2025-12-10", "second_current": "2025-12-11/2025-12-31"}
    page = open_page(PAGE, analysis="revenue", second="beside", **second)
    base, current = (days(page, f"bridge_second_{side}_") for side in ("base", "current"))
    base.set_value((date(2025, 12, 2), date(2025, 12, 10)))
    current.set_value((date(2025, 12, 12), date(2025, 12, 31)))
    settled(page.run())
    assert page.query_params["second_base"] == "2025-12-02/2025-12-10"
    assert page.query_params["second_current"] == "2025-12-12/2025-12-31"


def test_segments_are_searched_in_the_step_just_chosen_with_the_filter_just_chosen(
    open_page: Open, revenue: AnalysisSpec
) -> None:
    page = open_page(PAGE, analysis="revenue", view="segments", where='{"device": ["mobile", "desktop"]}')
    page.multiselect(key="bridge_filter_device").set_value(["mobile"])
    page.pills(key="bridge_search_for").set_value("Basket")
    act(page, "bridge_search_now")
    assert "Looks for the combinations" not in text_of(page)
    assert page.session_state["bridge_found"][1].step == "Basket"


def test_two_choices_in_the_ranking_are_both_kept(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", step="Conversion")
    page.menu_button(key="bridge_rank_menu_country").click("Always open first")
    settled(page.menu_button(key="bridge_rank_menu_device").click("Leave out for this step").run())
    assert table_with(page, "Interest").set_index("Dimension")["Mark"].to_dict() == {
        "Country": "always first",
        "Device": "left out",
    }


def test_a_name_that_was_just_typed_stays_when_a_dimension_is_left_out(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", step="Conversion")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.text_input(key="bridge_total").set_value("Turnover")
    settled(page.menu_button(key="bridge_rank_menu_country").click("Leave out for this step").run())
    assert "Turnover rose by" in text_of(page)
    assert table_with(page, "Interest").set_index("Dimension")["Mark"]["Country"] == "left out"


def test_a_choice_for_a_step_that_has_become_another_one_is_not_taken(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", step="Conversion")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.multiselect(key="bridge_metrics").set_value(["orders", "revenue"])
    settled(page.run())
    page.button(key="bridge_chain").click()
    settled(page.menu_button(key="bridge_rank_menu_country").click("Leave out for this step").run())
    assert "have changed meanwhile" in page.error[0].value
    assert "left out" not in table_with(page, "Interest")["Mark"].to_list()


def test_what_was_just_chosen_is_saved(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = act(open_page(PAGE, analysis="revenue", where=BOTH), "bridge_save")
    page.multiselect(key="bridge_filter_country").set_value(["FR"])
    act(page, "bridge_save_now")
    assert app.analyses.get("revenue").spec.where == {"country": ["FR"], "device": ["mobile", "desktop"]}
    assert "saved · revision 2" in text_of(page)


def test_saving_right_after_typing_asks_with_what_was_typed(open_page: Open, sales: DatasetSpec, app: App) -> None:
    page = open_page(PAGE)
    page.text_input(key="bridge_total").set_value("Turnover")
    act(page, "bridge_save")
    assert page.text_input(key="bridge_name").value == "Turnover"
    act(page, "bridge_save_now")
    assert [saved.spec.equation.total for saved in app.analyses.all()] == ["Turnover"]


def test_what_was_discarded_does_not_come_back_with_the_next_change(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    settled(page.text_input(key="bridge_description").set_value("For the Monday round").run())
    page.menu_button(key="bridge_more").click("Discard changes")
    settled(page.number_input(key="bridge_rest").set_value(5.0).run())
    assert "For the Monday round" not in text_of(page)
    assert "changed since revision 1" in text_of(page)


def test_a_name_that_was_just_typed_stays_when_the_table_is_closed(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.text_input(key="bridge_total").set_value("Turnover")
    settled(page.toggle(key="bridge_edit").set_value(False).run())
    assert "Turnover rose by" in text_of(page)
    assert "bridge_total" not in [one.key for one in page.text_input]


def test_a_name_that_was_just_typed_stays_when_the_table_is_closed_and_opened_at_once(
    open_page: Open, revenue: AnalysisSpec
) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.session_state["bridge_editor_left"] = "revenue"  # The run of the closing was cut short by the next click.
    page.session_state["bridge_edit"] = False
    page.text_input(key="bridge_total").set_value("Turnover")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    assert page.text_input(key="bridge_total").value == "Turnover"
    assert "Turnover rose by" in text_of(page)


def test_a_wrong_formula_is_said_when_the_table_is_closed(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.text_input(key="bridge_total_formula").set_value("[1] * [9]")
    settled(page.toggle(key="bridge_edit").set_value(False).run())
    assert "There is no step" in page.error[0].value
    assert "bridge_total" not in [one.key for one in page.text_input]


def test_saving_right_after_closing_the_table_asks(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = open_page(PAGE, analysis="revenue", where=BOTH)
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.text_input(key="bridge_total").set_value("Turnover")
    page.toggle(key="bridge_edit").set_value(False)
    act(page, "bridge_save")
    act(page, "bridge_save_now")
    assert app.analyses.get("revenue").spec.equation.total == "Turnover"


def test_what_is_typed_and_left_out_for_one_analysis_changes_nothing_of_the_next(
    open_page: Open, revenue: AnalysisSpec, app: App
) -> None:
    app.analyses.duplicate("revenue", "other", "Other", by=app.owner.id)
    page = open_page(PAGE, analysis="revenue")
    settled(page.toggle(key="bridge_edit").set_value(True).run())
    page.selectbox(key="bridge_analysis").set_value("other")
    page.text_input(key="bridge_total").set_value("Turnover")
    settled(page.menu_button(key="bridge_rank_menu_country").click("Leave out for this step").run())
    assert dict(page.query_params) == {"analysis": "other"}
    assert "saved · revision 1" in text_of(page)


def test_fixed_dates_just_chosen_stay_fixed(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue")
    page.segmented_control(key="bridge_kind").set_value("dates")
    page.radio(key="bridge_against").set_value("same_last_year")
    settled(page.run())
    assert "relative" not in page.query_params
    assert "base" in page.query_params


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.multiselect(key="bridge_filter_country").set_value(["FR"]),
        lambda page: page.radio(key="bridge_against").set_value("same_last_year"),
        lambda page: page.selectbox(key="bridge_second").set_value("before"),
    ],
    ids=["filter", "comparison", "second"],
)
def test_a_choice_for_one_analysis_is_none_for_the_next(
    open_page: Open, revenue: AnalysisSpec, app: App, change: Callable[[AppTest], object]
) -> None:
    app.analyses.duplicate("revenue", "other", "Other", by=app.owner.id)
    page = open_page(PAGE, analysis="revenue", where='{"country": ["FR", "DE"]}')
    page.selectbox(key="bridge_analysis").set_value("other")
    change(page)
    settled(page.run())
    assert dict(page.query_params) == {"analysis": "other"}
    assert "saved · revision 1" in text_of(page)
