"""The step's card: ranking, shapes, tests, the dimension first, segments that are kept, left out and found."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec, UploadSource
from tests.pages.bridge_page import COLUMNS, EQUATION, PAGE, act, table_with, text_of
from tests.pages.driving import Open, settled

CONVERSIONS = {("FR", "app"): 0.05, ("FR", "web"): 0.06, ("DE", "app"): 0.05, ("DE", "web"): 0.07, ("IT", "web"): 0.06}
FEBRUARY = date(2026, 2, 1)


@pytest.fixture
def shop(app: App, tmp_path: Path) -> AnalysisSpec:
    """Two months of days; in February conversion in the French app halves, and nothing else moves by much."""
    lines = ["day,country,device,visits,orders,revenue"]
    for place in range(59):
        day = date(2026, 1, 1) + timedelta(place)
        for (country, device), conversion in CONVERSIONS.items():
            is_broken = day >= FEBRUARY and (country, device) == ("FR", "app")
            visits = 1000 + 37 * (place % 7) + (20 if device == "web" else 0)
            orders = round(visits * conversion * (0.5 if is_broken else 1 + 0.02 * (place % 3)))
            lines.append(f"{day},{country},{device},{visits},{orders},{orders * 50}")
    path = tmp_path / "shop.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    spec = DatasetSpec(slug="shop", name="Shop", source=UploadSource(file_name="shop.csv"), columns=COLUMNS)
    app.catalogue.create(spec, path=path, by=app.owner.id)
    comparison = {"by": "day", "relative": "last_full_month"}
    document = {"slug": "shop", "name": "Shop", "dataset": "shop", "equation": EQUATION, "comparison": comparison}
    analysis = AnalysisSpec.model_validate(document)
    app.analyses.create(analysis, by=app.owner.id)
    return analysis


def where(page: AppTest) -> object:
    return json.loads(page.query_params["where"])


def test_the_ranking_shows_its_parts_and_says_why(open_page: Open, shop: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="shop", step="Conversion")
    parts = table_with(page, "Interest")
    assert set(parts["Dimension"]) == {"Country", "Device"}
    assert (parts["Excess"] >= parts["Noise"]).all()
    assert "of the spread is signal" in text_of(page)
    act(page, f"bridge_rank_{'device' if parts['Dimension'][0] == 'Country' else 'country'}")
    assert page.query_params["dimension"] in {"device", "country"}


def test_a_dimension_is_left_out_of_a_step_and_comes_back(open_page: Open, shop: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="shop", step="Conversion", dimension="country")
    settled(page.menu_button(key="bridge_rank_menu_country").click("Leave out for this step").run())
    assert "Conversion by device" in text_of(page)
    assert table_with(page, "Interest").set_index("Dimension")["Mark"]["Country"] == "left out"
    assert "changed since revision 1" in text_of(page)
    settled(page.menu_button(key="bridge_rank_menu_country").click("Back to the ranking").run())
    assert "saved · revision 1" in text_of(page)


def test_a_dimension_in_focus_opens_first(open_page: Open, shop: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="shop", step="Visits")
    second = table_with(page, "Interest")["Dimension"][1].lower()
    settled(page.menu_button(key=f"bridge_rank_menu_{second}").click("Always open first").run())
    assert f"Visits by {second}" in text_of(page)


def test_each_step_is_tested_and_so_is_each_segment(open_page: Open, shop: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="shop", step="Conversion", dimension="country", shape="table")
    verdicts = table_with(page, "Verdict").set_index("Step")["Verdict"]
    assert verdicts["Conversion"] == "beyond usual day-to-day variation"
    assert "do not hold the same weekdays" in text_of(page)
    segments = table_with(page, "Segment").set_index("Segment")
    assert segments["Beyond noise"].to_dict() == {"FR": True, "DE": False, "IT": False}
    assert segments["q"]["FR"] < 0.05


def test_a_row_of_the_table_can_be_kept_and_left_out(open_page: Open, shop: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="shop", step="Conversion", dimension="country", shape="table")
    key = "bridge_detail_chart_Conversion_country_table"
    page.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    act(settled(page.run()), "bridge_detail_chart_exclude")
    assert where(page) == {"country": {"not in": ["FR"]}}
    act(page, "bridge_filter_remove_country")
    assert "where" not in page.query_params


def test_a_clicked_arrow_can_be_kept(open_page: Open, shop: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="shop", step="Conversion", dimension="device", shape="moves")
    page.session_state["bridge_detail_chart_Conversion_device_moves"] = {"selection": {"pick": [{"segment": "app"}]}}
    act(settled(page.run()), "bridge_detail_chart_keep")
    assert where(page) == {"device": ["app"]}
    assert page.query_params["shape"] == "moves"


def test_the_dimension_comes_first_and_a_segment_opens_into_its_steps(open_page: Open, shop: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="shop", first="dimension", dimension="country")
    assert "Revenue by country: FR fell the most" in text_of(page)
    assert "there is no mix" in text_of(page)
    act(page, "bridge_own_chart_open_FR")
    assert page.query_params["segment"] == "FR"
    assert "FR: Revenue fell by" in text_of(page)
    act(page, "bridge_own_chart_back")
    assert "segment" not in page.query_params


def test_a_segment_that_the_chart_sums_up_opens_too(open_page: Open, shop: AnalysisSpec, app: App) -> None:
    app.analyses.revise(shop.model_copy(update={"max_segments": 1}), by=app.owner.id)
    page = open_page(PAGE, analysis="shop", first="dimension", dimension="country")
    settled(page.selectbox(key="bridge_own_chart_other").set_value("DE").run())
    assert "DE: Revenue" in text_of(page)


def test_a_ratio_says_why_its_dimension_does_not_come_first(open_page: Open, shop: AnalysisSpec, app: App) -> None:
    steps = [{"formula": "orders / visits", "name": "Conversion", "unit": "%"}]
    equation = {"total": "Conversion rate", "unit": "%", "steps": steps}
    document = shop.model_dump() | {"slug": "rate", "name": "Rate", "equation": equation}
    app.analyses.create(AnalysisSpec.model_validate(document), by=app.owner.id)
    page = open_page(PAGE, analysis="rate", first="dimension")
    assert "is a ratio" in "\n".join(str(info.value) for info in page.info)


def test_segments_are_found_kept_and_forgotten_with_their_filters(open_page: Open, shop: AnalysisSpec) -> None:
    page = act(open_page(PAGE, analysis="shop", step="Conversion"), "bridge_search_now_step")
    assert page.query_params["view"] == "segments"
    settled(page.pills(key="bridge_piece").set_value("country=FR & device=app").run())
    assert page.button(key="bridge_piece_exclude").disabled
    assert "can be kept, but not left out" in page.button(key="bridge_piece_exclude").help
    act(page, "bridge_piece_keep")
    assert where(page) == {"country": ["FR"], "device": ["app"]}
    assert "belongs to other periods, filters or steps" in text_of(page)


def test_the_picture_of_a_view_is_of_its_own_chart(
    open_page: Open, shop: AnalysisSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(st, "download_button", lambda *_, data, file_name, **__: offered.update({file_name: data}))
    page = act(open_page(PAGE, analysis="shop", view="segments"), "bridge_search_now")
    pictures = [offered["shop.png"]()]
    for view in ("table", "reconcile"):
        settled(page.segmented_control(key="bridge_view").set_value(view).run())
        pictures.append(offered["shop.png"]())
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert len(set(pictures)) == 3


def test_the_whole_kpi_is_searched_when_asked_for(open_page: Open, shop: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="shop", view="segments")
    assert page.pills(key="bridge_search_for").value == ""
    act(page, "bridge_search_now")
    assert page.pills(key="bridge_piece").options
