"""Send on alert only, in the form of an export: own thresholds, other crossings, the look back."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.delivery import Crossing
from tests.pages.driving import Open, settled, texts
from tests.pages.test_exports_list import act, export_of

PAGE = "pages/3_Exports.py"
FIRST = "exports_crossing_0"


def alerting(open_page: Open) -> AppTest:
    return settled(open_page(PAGE, new="1").segmented_control(key="exports_send").set_value("alert").run())


def looked_back(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["Sent"])


def test_without_thresholds_nothing_would_have_been_sent(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = alerting(open_page)
    assert set(looked_back(page)) == {"–"}
    assert "no threshold" in page.dataframe[0].value["Why"][0]


def test_a_crossing_is_looked_back_on_and_kept(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = settled(alerting(open_page).segmented_control(key="exports_if_which").set_value("given").run())
    page = act(page, "exports_add_crossing")
    assert looked_back(page)[0] == "–"
    page = settled(page.number_input(key=f"{FIRST}_change_pct").set_value(1.5).run())
    assert looked_back(page)[0] == "✓"
    assert "It would have been sent for **1** of" in texts(page)
    page = settled(page.selectbox(key=f"{FIRST}_direction").set_value("down").run())
    assert looked_back(page)[0] == "–"
    act(page, "exports_save")
    condition = app.exports.all()[0].spec.condition
    assert (condition.kind, condition.any) == ("alert", (Crossing(change_pct=1.5, direction="down"),))


def test_all_crossings_can_be_needed(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    export = export_of(app, "Strict", condition={"kind": "alert", "all": [{"change_pct": 1}, {"value": 5}]})
    act(open_page(PAGE, export=export.id), "exports_save")
    assert app.exports.get(export.id).spec.condition == export.spec.condition


def test_any_and_all_together_stay_as_the_api_said(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    condition = {"kind": "alert", "all": [{"change_pct": 1}], "any": [{"value": 5}], "repeat": "once_per_period"}
    export = export_of(app, "Mixed", condition=condition)
    page = open_page(PAGE, export=export.id)
    assert "were set by the API" in texts(page)
    act(page, "exports_save")
    assert app.exports.get(export.id).spec.condition == export.spec.condition
