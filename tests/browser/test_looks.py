"""What people see: every page and a report in each layout, in light and dark and on a phone. Pictures to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House, picture, settled, violations

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1420, "height": 1040}, {"width": 390, "height": 844}
PAGES = {
    "home": ("", "What to do next"),
    "data": ("Data?dataset=shop", "Load new data"),
    "bridge": ("Bridge?analysis=shop-revenue", "Revenue fell by"),
    "exports": ("Exports", "Shop revenue report"),
    "connections": ("Connections", "There is no connection yet"),
    "connection": ("Connections?new=1", "Mail server"),
}
LAYOUTS = ("slides", "list", "dropdown")
Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """A visitor's page with the given habits."""
    contexts = []

    def visit(*, dark: bool = False, phone: bool = False, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport=PHONE if phone else WIDE, color_scheme="dark" if dark else "light", java_script_enabled=scripts
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        return context.new_page()

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def reports(house: House) -> dict[str, str]:
    """A public report URL of the shop in each layout, made by the API."""
    api = requests.Session()
    api.headers["Authorization"] = "Bearer browser-test-owner-token"
    organisation = api.get(f"{house.api}/api/v1/me", timeout=10).json()["organization_id"]
    urls = {}
    for layout in LAYOUTS:
        body = {
            "name": f"Looks {layout}",
            "content": {"kind": "report", "analysis": "shop-revenue", "layout": layout},
            "destinations": [{"kind": "link", "settings": {"slug": f"looks-{layout}", "public": True}}],
        }
        answer = api.post(f"{house.api}/api/v1/orgs/{organisation}/exports", json=body, timeout=10)
        assert answer.status_code == 201, answer.text
        urls[layout] = answer.json()["destinations"][0]["url"]
    return urls


@pytest.mark.parametrize("habit", ["light", "dark", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_what_it_is_for(house: House, visit: Open, name: str, habit: str) -> None:
    page = visit(dark=habit == "dark", phone=habit == "phone")
    path, text = PAGES[name]
    page.goto(f"{house.ui}/{path}")
    expect(page.get_by_text(text).first).to_be_visible()
    settled(page)
    expect(page.locator("[data-testid=stException], [data-testid=stAlertContentError]")).to_have_count(0)
    picture(page, f"look-{name}-{habit}")
    assert violations(page) == []


@pytest.mark.parametrize("habit", ["light", "dark", "phone"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_report_reads_well_in_each_layout(reports: dict[str, str], visit: Open, layout: str, habit: str) -> None:
    page = visit(dark=habit == "dark", phone=habit == "phone")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(reports[layout])
    expect(page.locator("h1, h2").get_by_text("Revenue fell by €304k").first).to_be_visible()
    expect(page.locator("svg:visible").first).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0
    assert complaints == []
    picture(page, f"report-{layout}-{habit}", whole=True)
    assert violations(page) == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_report_needs_no_script(reports: dict[str, str], visit: Open, layout: str) -> None:
    page = visit(scripts=False)
    page.goto(reports[layout])
    expect(page.locator("h1, h2").get_by_text("Revenue fell by €304k").first).to_be_visible()
    expect(page.locator("svg:visible").first).to_be_visible()
    picture(page, f"report-{layout}-no-script", whole=True)
