"""The Settings page: own words of comments and alerts."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.app import App
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec
from tests.pages.driving import Open, settled, texts

PAGE = "pages/7_Settings.py"
ROSE = "settings_text_en_headline_rose"


def write(page: AppTest, text: str, key: str = ROSE) -> AppTest:
    return settled(page.text_area(key=key).set_value(text).run())


def act(page: AppTest, key: str) -> AppTest:
    return settled(page.button(key=key).click().run())


@pytest.fixture
def own(app: App) -> App:
    app.templates.keep("en", "headline_rose", "{kpi} climbed by {amount}", by=app.owner.id)
    return app


def test_without_an_analysis_it_leads_to_the_bridge_page(open_page: Open) -> None:
    page = open_page(PAGE)
    assert "The preview shows a saved analysis" in page.info[0].value
    assert page.text_area(key=ROSE).value == "{kpi} rose by {amount}"


def test_nothing_can_be_saved_before_something_is_written(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE)
    assert page.button(key="settings_save").disabled
    assert page.button(key="settings_reset").disabled


def test_the_preview_speaks_before_it_is_saved(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    page = write(open_page(PAGE, message="total_rose"), "Up went {kpi}: {change}!", "settings_text_en_total_rose")
    assert "Up went **Revenue**" in texts(page)
    assert app.templates.get("en", "total_rose").own is None


def test_saving_keeps_it_and_says_so(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    page = act(write(open_page(PAGE), "{kpi} climbed by {amount}"), "settings_save")
    assert app.templates.get("en", "headline_rose").own == "{kpi} climbed by {amount}"
    assert "Reports show it at their next load" in page.toast[0].value
    # Cut apart, so that no mail program is offered for the name.
    assert "Changed just now by owner\u2060@localhost" in texts(page)


def test_an_unknown_placeholder_is_said_and_cannot_be_saved(open_page: Open, revenue: AnalysisSpec) -> None:
    page = write(open_page(PAGE), "{kpi} {wow}")
    assert "has no placeholder" in page.error[0].value
    assert page.button(key="settings_save").disabled


def test_drafts_stay_while_other_messages_are_looked_at(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    page = write(open_page(PAGE), "{kpi} climbed by {amount}")
    settled(page.selectbox(key="settings_message").set_value("headline_fell").run())
    page = write(page, "{kpi} slid by {amount}", "settings_text_en_headline_fell")
    assert page.button(key="settings_save").label == "Save 2 texts"
    act(page, "settings_save")
    assert set(app.templates.words("en").overrides) == {"headline_rose", "headline_fell"}


def test_a_text_that_is_not_said_is_shown_by_itself(open_page: Open, revenue: AnalysisSpec) -> None:
    assert "does not say the chosen text now" in texts(open_page(PAGE, message="headline_undefined"))


def test_another_language_has_texts_of_its_own(open_page: Open, own: App, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE)
    settled(page.segmented_control(key="settings_language").set_value("de").run())
    assert page.text_area(key="settings_text_de_headline_rose").value == "{kpi}: Anstieg um {amount}"


def test_one_text_is_reset(open_page: Open, own: App, revenue: AnalysisSpec) -> None:
    page = act(open_page(PAGE), "settings_reset")
    assert own.templates.get("en", "headline_rose").own is None
    assert page.text_area(key=ROSE).value == "{kpi} rose by {amount}"


def test_a_text_just_written_stays_in_its_language_when_another_one_is_chosen(
    open_page: Open, revenue: AnalysisSpec
) -> None:
    page = open_page(PAGE)
    page.segmented_control(key="settings_language").set_value("de")
    write(page, "{kpi} climbed by {amount}")
    assert page.text_area(key="settings_text_de_headline_rose").value == "{kpi}: Anstieg um {amount}"
    settled(page.segmented_control(key="settings_language").set_value("en").run())
    assert page.text_area(key=ROSE).value == "{kpi} climbed by {amount}"


def test_the_texts_on_the_button_are_saved_though_another_language_was_just_chosen(
    open_page: Open, app: App, revenue: AnalysisSpec
) -> None:
    page = write(open_page(PAGE), "{kpi} climbed by {amount}")
    page.segmented_control(key="settings_language").set_value("de")
    act(page, "settings_save")
    assert app.templates.get("en", "headline_rose").own == "{kpi} climbed by {amount}"
    assert app.templates.words("de").overrides == {}


def test_the_text_just_chosen_is_reset_not_the_one_before(open_page: Open, own: App, revenue: AnalysisSpec) -> None:
    own.templates.keep("en", "headline_fell", "{kpi} slid by {amount}", by=own.owner.id)
    page = open_page(PAGE)
    page.selectbox(key="settings_message").set_value("headline_fell")
    act(page, "settings_reset")
    assert set(own.templates.words("en").overrides) == {"headline_rose"}


def test_all_texts_are_reset_after_asking(open_page: Open, own: App, revenue: AnalysisSpec) -> None:
    page = act(act(open_page(PAGE), "settings_reset_all"), "settings_reset_all_now")
    assert own.templates.words("en").overrides == {}
    assert not [button for button in page.button if button.key == "settings_reset_all"]


def test_an_address_that_is_not_known_is_said(open_page: Open, revenue: AnalysisSpec) -> None:
    page = open_page(PAGE, language="xx")
    assert "language 'xx', which is not known" in page.error[0].value


def test_the_bridge_page_speaks_own_words(open_page: Open, app: App, revenue: AnalysisSpec) -> None:
    app.templates.keep("en", "headline_rose", "{kpi} climbed by {amount}", by=app.owner.id)
    app.templates.keep("en", "headline_fell", "{kpi} slid by {amount}", by=app.owner.id)
    said = texts(open_page("pages/2_Bridge.py"))
    assert "Revenue climbed by" in said or "Revenue slid by" in said


def test_the_section_is_named_in_the_menu(open_page: Open, sales: DatasetSpec) -> None:
    assert "Comments and alerts" in [heading.value for heading in open_page(PAGE).subheader]
