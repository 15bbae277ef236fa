"""What people see: every page and a report in each layout, in light and dark and on a phone. Pictures to look at."""

from __future__ import annotations

from typing import get_args

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, expect

from core.model.delivery import ALL_VIEWS, Locale
from tests.browser.conftest import HABITS, WIDE, House, Tab, picture, settled, violations

pytestmark = pytest.mark.browser

PAGES = {
    "home": ("", "What to do next"),
    "data": ("Data?dataset=shop", "Load new data"),
    "bridge": ("Bridge?analysis=shop-revenue", "Revenue fell by"),
    "exports": ("Exports", "Shop revenue report"),
    "export": ("Exports?new=1", "What starts it"),
    "runs": ("Runs", "as long as their files are kept"),
    "settings": ("Settings", "Comments and alerts"),
    "connections": ("Connections", "There is no connection yet"),
    "connection": ("Connections?new=1", "Mail server"),
}
LAYOUTS = ("slides", "list", "dropdown")


@pytest.fixture(scope="session")
def reports(house: House) -> dict[str, str]:
    """A public report URL of the shop in each layout, made by the API."""
    return {layout: shared(house, f"looks-{layout}", layout=layout) for layout in LAYOUTS}


@pytest.fixture(scope="session")
def full_reports(house: House) -> dict[str, str]:
    """A public report URL with every view in each language."""
    return {
        locale: shared(house, f"looks-{locale}", layout="list", views=list(ALL_VIEWS), locale=locale)
        for locale in get_args(Locale)
    }


def shared(house: House, slug: str, **content: object) -> str:
    """The URL of a new public export of the shop."""
    api = requests.Session()
    api.headers["Authorization"] = "Bearer browser-test-owner-token"
    organisation = api.get(f"{house.api}/api/v1/me", timeout=10).json()["organization_id"]
    body = {
        "name": slug,
        "content": {"kind": "report", "analysis": "shop-revenue", **content},
        "destinations": [{"kind": "link", "settings": {"slug": slug, "public": True}}],
    }
    answer = api.post(f"{house.api}/api/v1/orgs/{organisation}/exports", json=body, timeout=60)
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["destinations"][0]["url"]
    return url


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_what_it_is_for(house: House, tab: Tab, name: str, habit: str) -> None:
    page = tab(habit)
    path, text = PAGES[name]
    page.goto(f"{house.ui}/{path}")
    expect(page.get_by_text(text).first).to_be_visible()
    settled(page)
    expect(page.locator("[data-testid=stException], [data-testid=stAlertContentError]")).to_have_count(0)
    picture(page, f"look-{name}-{habit}")
    assert violations(page) == []


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_report_reads_well_in_each_layout(reports: dict[str, str], tab: Tab, layout: str, habit: str) -> None:
    page = tab(habit)
    complaints = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", listen)
    page.goto(reports[layout])
    expect(page.locator("h1, h2").get_by_text("Revenue fell by €304k").first).to_be_visible()
    expect(page.locator("svg:visible").first).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0
    assert complaints == []
    picture(page, f"report-{layout}-{habit}", whole=True)
    assert violations(page) == []
    page.remove_listener("console", listen)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_report_needs_no_script(reports: dict[str, str], browser: Browser, layout: str) -> None:
    page = browser.new_page(viewport=WIDE, java_script_enabled=False)
    page.goto(reports[layout])
    expect(page.locator("h1, h2").get_by_text("Revenue fell by €304k").first).to_be_visible()
    expect(page.locator("svg:visible").first).to_be_visible()
    picture(page, f"report-{layout}-no-script", whole=True)
    page.close()


@pytest.mark.parametrize("habit", ["light", "dark"])
@pytest.mark.parametrize("locale", get_args(Locale))
def test_a_report_shows_every_view_in_each_language(
    full_reports: dict[str, str], tab: Tab, locale: str, habit: str
) -> None:
    page = tab(habit)
    page.goto(full_reports[locale])
    expect(page.locator("html")).to_have_attribute("lang", locale)
    # All views but the alert have a chart, once wide and once for a phone.
    expect(page.locator("svg:visible")).to_have_count(len(ALL_VIEWS) - 1)
    picture(page, f"report-views-{locale}-{habit}", whole=True)
    assert violations(page) == []
