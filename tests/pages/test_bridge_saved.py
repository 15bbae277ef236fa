"""The Bridge page's title row: saved, renamed, duplicated, restored, deleted, shared."""

from __future__ import annotations

import pytest

from core.app import App
from core.model.analysis import AnalysisSpec, ComparisonSpec, SecondComparisonSpec
from core.model.data import DatasetSpec
from core.model.delivery import ExportSpec, ReportContent
from tests.pages.bridge_page import FIXED, PAGE, act, text_of, toasts
from tests.pages.driving import Open, settled


def test_it_saves_a_new_analysis_under_a_name(open_page: Open, sales: DatasetSpec, app: App) -> None:
    page = act(open_page(PAGE), "bridge_save")
    page.text_input(key="bridge_name").set_value("Visits, monthly")
    act(page, "bridge_save_now")
    assert [a.spec.slug for a in app.analyses.all()] == ["visits-monthly"]
    assert page.query_params["analysis"] == "visits-monthly"
    assert "Saved as" in toasts(page)


def test_a_new_analysis_without_a_name_is_not_saved(open_page: Open, sales: DatasetSpec, app: App) -> None:
    page = act(open_page(PAGE), "bridge_save")
    assert page.text_input(key="bridge_name").value == "Visits"
    page.text_input(key="bridge_name").set_value(" ")
    act(page, "bridge_save_now")
    assert "needs a name" in page.error[0].value
    assert app.analyses.all() == []


def test_it_saves_a_revision_with_its_note(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = act(open_page(PAGE, analysis="revenue", where='{"country": ["FR"]}'), "bridge_save")
    assert "Filters: none → country: FR" in text_of(page)
    page.text_input(key="bridge_note").set_value("Only France")
    act(page, "bridge_save_now")
    assert next((r.revision, r.note) for r in app.analyses.revisions("revenue")) == (2, "Only France")
    assert "where" not in page.query_params
    assert "saved · revision 2" in text_of(page)


def test_somebody_elses_revision_is_not_overwritten(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = act(open_page(PAGE, analysis="revenue", where='{"country": ["FR"]}'), "bridge_save")
    app.analyses.rename("revenue", "Renamed meanwhile", by=app.owner.id)
    act(page, "bridge_save_now")
    assert "changed meanwhile" in page.error[0].value
    assert app.analyses.get("revenue").spec.where == {}


def test_fixed_dates_are_offered_as_moving_periods_when_saved(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = open_page(PAGE, analysis="revenue")
    settled(page.segmented_control(key="bridge_kind").set_value("dates").run())
    act(page, "bridge_save")
    assert "newer data will not move" in text_of(page)
    page.checkbox(key="bridge_move").check()
    act(page, "bridge_save_now")
    assert app.analyses.get("revenue").spec.comparison == ComparisonSpec(by="day", relative="last_full_month")


def test_a_second_comparison_moves_with_the_first(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    earlier = ComparisonSpec(by="day", base=("2025-02-01", "2025-02-28"), current=("2026-02-01", "2026-02-28"))
    second = SecondComparisonSpec(comparison=earlier, show="behind")
    fixed = {"comparison": ComparisonSpec.model_validate(FIXED), "second": second, "name": "Fixed"}
    app.analyses.revise(revenue.model_copy(update=fixed), by=app.owner.id)
    act(act(open_page(PAGE, analysis="revenue"), "bridge_export"), "bridge_share_move")
    moved = app.analyses.get("revenue").spec.second
    assert moved is not None
    assert moved.comparison == ComparisonSpec(by="day", relative="last_full_month", against="same_last_year")


@pytest.mark.parametrize(
    ("entry", "button", "name"),
    [("Rename…", "bridge_rename_now", "Turnover"), ("Duplicate…", "bridge_duplicate_now", "Turnover")],
)
def test_it_renames_and_duplicates(
    open_page: Open, revenue: AnalysisSpec, app: App, entry: str, button: str, name: str
) -> None:
    page = settled(open_page(PAGE, analysis="revenue").menu_button(key="bridge_more").click(entry).run())
    page.text_input(key="bridge_name").set_value(name)
    act(page, button)
    assert name in [a.spec.name for a in app.analyses.all()]
    assert page.title[0].value.replace("\\", "") == name


def test_what_was_typed_into_a_closed_dialog_is_not_in_the_next_one(open_page: Open, revenue: AnalysisSpec) -> None:
    page = settled(open_page(PAGE, analysis="revenue").menu_button(key="bridge_more").click("Rename…").run())
    page.text_input(key="bridge_name").set_value("Turnover")
    settled(page.menu_button(key="bridge_more").click("Duplicate…").run())
    assert page.text_input(key="bridge_name").value == "Revenue by month (copy)"


def test_an_old_revision_is_restored(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    app.analyses.revise(revenue.model_copy(update={"method": "lmdi"}), by=app.owner.id)
    page = settled(open_page(PAGE, analysis="revenue").menu_button(key="bridge_more").click("Revisions…").run())
    assert "Method: Shapley → LMDI" in text_of(page)
    act(page, "bridge_restore_1")
    assert app.analyses.get("revenue").spec.method == "shapley"


def test_it_deletes_an_analysis(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = settled(open_page(PAGE, analysis="revenue").menu_button(key="bridge_more").click("Delete…").run())
    act(page, "bridge_delete_now")
    assert app.analyses.all() == []
    assert "not saved yet" in text_of(page)


def test_an_analysis_with_exports_is_not_deleted(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    spec = ExportSpec(name="Monday report", is_active=False, content=ReportContent(analysis="revenue"))
    app.exports.create(spec, by=app.owner.id)
    page = settled(open_page(PAGE, analysis="revenue").menu_button(key="bridge_more").click("Delete…").run())
    assert "Monday report" in page.warning[0].value
    assert page.button(key="bridge_delete_now").disabled


def test_it_makes_a_report_link(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    page = act(open_page(PAGE, analysis="revenue"), "bridge_export")
    page.text_input(key="exports_name").set_value("Revenue for all")
    page.segmented_control(key="exports_public").set_value(True)
    act(page, "bridge_share_now")
    (export,) = app.exports.all()
    assert (export.links[0].slug, export.links[0].is_public) == ("revenue-for-all", True)
    act(page, "bridge_export")
    assert export.links[0].url in [code.value for code in page.code]
    assert "set BRIDGECAST_PUBLIC_URL" in text_of(page)


def test_sharing_says_when_links_do_not_open(open_page: Open, revenue: AnalysisSpec) -> None:
    page = act(open_page(PAGE, analysis="revenue"), "bridge_export")
    assert "Links do not open while the sidecar is down." in page.error[0].value


def test_a_report_of_fixed_dates_can_be_made_to_move(open_page: Open, revenue: AnalysisSpec, app: App) -> None:
    fixed = revenue.model_copy(update={"comparison": ComparisonSpec.model_validate(FIXED)})
    app.analyses.revise(fixed, by=app.owner.id)
    page = act(open_page(PAGE, analysis="revenue"), "bridge_export")
    assert "newer data will not move" in text_of(page)
    act(page, "bridge_share_move")
    assert app.analyses.get("revenue").spec.comparison.relative == "last_full_month"


def test_somebody_elses_revision_is_not_overwritten_by_moving_periods(
    open_page: Open, revenue: AnalysisSpec, app: App
) -> None:
    fixed = revenue.model_copy(update={"comparison": ComparisonSpec.model_validate(FIXED)})
    app.analyses.revise(fixed, by=app.owner.id)
    page = act(open_page(PAGE, analysis="revenue"), "bridge_export")
    app.analyses.rename("revenue", "Renamed meanwhile", by=app.owner.id)
    act(page, "bridge_share_move")
    assert "changed meanwhile" in page.error[0].value
    assert app.analyses.get("revenue").spec.name == "Renamed meanwhile"


def test_an_unsaved_analysis_has_no_report(open_page: Open, sales: DatasetSpec) -> None:
    page = act(open_page(PAGE), "bridge_export")
    assert "Save this one first" in text_of(page)


def test_discarding_returns_to_what_is_saved(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, analysis="revenue", where='{"country": ["FR"]}')
    settled(page.menu_button(key="bridge_more").click("Discard changes").run())
    assert "saved · revision 1" in text_of(page)
