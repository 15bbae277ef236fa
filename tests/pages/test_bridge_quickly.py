"""Two things done on the Bridge page before it is drawn again: the second one comes with what the page knew before."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from core.model.analysis import AnalysisSpec
from tests.pages.bridge_page import PAGE, act
from tests.pages.driving import Open, settled

BOTH = '{"country": ["FR", "DE"], "device": ["mobile", "desktop"]}'


def where(page: AppTest) -> object:
    return json.loads(page.query_params["where"])


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
