"""Every view of the bridge as people see it, in light and dark and on a phone, and what a click and Back do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HABITS, House, Tab, picture, settled, violations

pytestmark = pytest.mark.browser

ADDRESS = "Bridge?analysis=shop-revenue"
VIEWS = {
    "waterfall": "Conversion fell from",
    "funnel": "Conversion: −13.5",
    "dimensions": "Conversion by device",
    "tree": "Revenue = Visits × Conversion × Basket",
    "reconcile": "They differ most on",
    "merged": "the month before",
    "behind": "the month before",
    "beside": "the month before",
    "below": "the month before",
}


def address(house: House, name: str) -> str:
    part = "view" if name in ("waterfall", "funnel", "dimensions", "tree", "reconcile") else "second"
    return f"{house.ui}/{ADDRESS}&{part}={name}"


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("name", VIEWS)
def test_every_view_reads_well(house: House, tab: Tab, name: str, habit: str) -> None:
    page = tab(habit)
    page.set_viewport_size({**HABITS[habit]["viewport"], "height": 1400})
    page.goto(address(house, name))
    card = page.locator(".st-key-bridge_card")
    expect(card.get_by_text(VIEWS[name]).first).to_be_visible()
    expect(card.locator("svg.marks").first).to_be_visible()
    settled(page)
    expect(page.locator("[data-testid=stException], [data-testid=stAlertContentError]")).to_have_count(0)
    picture(page, f"bridge-{name}-{habit}")
    assert violations(page) == []


def test_a_click_opens_the_step_beneath_and_back_returns_to_the_view_before(house: House, page: Page) -> None:
    page.goto(address(house, "dimensions"))
    page.locator("[class*=st-key-bridge_chart] [aria-label^='Visits, country']").click(force=True)
    expect(page.get_by_text("Visits by country").first).to_be_visible()
    assert "step=Visits&dimension=country&view=dimensions" in page.url
    page.locator(".st-key-bridge_view").get_by_text("KPI tree", exact=True).click()
    expect(page.get_by_text("Revenue = Visits × Conversion × Basket")).to_be_visible()
    # Streamlit answers "back" with a rerun; one that still runs would swallow it.
    settled(page)
    page.go_back()
    expect(page.locator("[class*=st-key-bridge_chart] [aria-label^='Visits, country']")).to_be_visible()
    assert "step=Visits&dimension=country&view=dimensions" in page.url


def test_in_a_narrow_window_charts_keep_their_width_and_are_moved_sideways(house: House, page: Page) -> None:
    page.set_viewport_size({"width": 820, "height": 900})
    page.goto(address(house, "waterfall"))
    expect(page.locator(".st-key-bridge_card").get_by_text(VIEWS["waterfall"]).first).to_be_visible()
    settled(page)
    picture(page, "bridge-narrow-window", whole=True)
    charts = page.locator("[class*=st-key-chart_room] svg.marks")
    expect(charts.nth(1)).to_be_visible()
    assert min(box["width"] for chart in charts.all() if (box := chart.bounding_box())) >= 600
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
