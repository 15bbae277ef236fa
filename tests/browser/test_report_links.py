"""What readers meet behind a report link in each of its states, in a real browser; light, dark and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import HABITS, House, Tab, come, picture, settled, violations

pytestmark = pytest.mark.browser

CLOSED = "This link does not exist or no longer works. Ask its sender."
PASSWORD = "open, sesame"
Visit = Callable[..., Page]


@dataclass(frozen=True)
class Api:
    """The house's API with the owner's token."""

    session: requests.Session
    base: str

    def link(self, slug: str, **settings: Any) -> tuple[str, str]:
        """Make a link; its URL, and its address in the API."""
        body = {
            "name": slug,
            "content": {"kind": "report", "analysis": "shop-revenue"},
            "destinations": [{"kind": "link", "settings": {"slug": slug, "public": True, **settings}}],
        }
        answer = self.session.post(f"{self.base}/exports", json=body, timeout=60)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        return made["links"][0]["url"], f"/exports/{made['id']}/links/{made['links'][0]['id']}"

    def act(self, address: str) -> None:
        assert self.session.post(f"{self.base}{address}", timeout=60).status_code == 200


@pytest.fixture(scope="module")
def api(house: House) -> Api:
    session = requests.Session()
    session.headers["Authorization"] = "Bearer browser-test-owner-token"
    organisation = session.get(f"{house.api}/api/v1/me", timeout=60).json()["organization_id"]
    return Api(session, f"{house.api}/api/v1/orgs/{organisation}")


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """A new visitor's page with the given habits."""
    contexts = []

    def visit(habit: str = "light") -> Page:
        context = come(browser, **HABITS[habit])
        contexts.append(context)
        return context.new_page()

    yield visit
    for context in contexts:
        context.close()


def test_a_public_link_opens_without_a_login_and_is_marked(api: Api, visit: Visit) -> None:
    page = visit()
    page.goto(api.link("seen-public")[0])
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop revenue")
    expect(page.locator(".badge.public")).to_contain_text("Public link, until")
    picture(page, "link-public")
    assert violations(page) == []


@pytest.mark.parametrize("state", ["pause", "revoke", "rotate", "wrong"])
def test_what_does_not_open_says_the_same_sentence(api: Api, visit: Visit, state: str) -> None:
    url, address = api.link(f"seen-{state}")
    if state == "wrong":
        url += "x"
    else:
        api.act(f"{address}/{state}")
    page = visit()
    page.goto(url)
    expect(page.get_by_text(CLOSED)).to_be_visible()
    assert "Shop revenue" not in page.content()


@pytest.mark.parametrize("habit", HABITS)
def test_a_password_is_asked_for_and_remembered(api: Api, visit: Visit, habit: str) -> None:
    url, _ = api.link(f"seen-password-{habit}", password=PASSWORD)
    page = visit(habit)
    page.goto(url)
    picture(page, f"link-password-{habit}")
    assert violations(page) == []
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Open the report").click()
    expect(page.get_by_role("alert")).to_have_text("This is not the password.")
    picture(page, f"link-wrong-password-{habit}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Open the report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop revenue")
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop revenue")
    assert page.url == url


def test_a_link_that_is_not_public_shows_nothing_to_strangers(api: Api, visit: Visit) -> None:
    page = visit()
    page.goto(api.link("seen-inside", public=False)[0])
    expect(page.get_by_text("Shop revenue")).to_have_count(0)


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("section", ["audit", "tokens", "public"])
def test_a_part_of_the_settings_reads_well(house: House, api: Api, tab: Tab, section: str, habit: str) -> None:
    page = tab(habit)
    page.goto(f"{house.ui}/Settings?section={section}")
    title = {"audit": "Audit", "tokens": "API tokens", "public": "Public links"}[section]
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    settled(page)
    picture(page, f"settings-{section}-{habit}")
    assert violations(page) == []


@pytest.mark.parametrize("habit", HABITS)
def test_the_form_of_a_public_link_reads_well(house: House, api: Api, tab: Tab, habit: str) -> None:
    _, address = api.link(f"seen-form-{habit}", password=PASSWORD, embed_hosts=["*.example.org"])
    page = tab(habit)
    page.goto(f"{house.ui}/Exports?export={address.split('/')[2]}")
    expect(page.get_by_text("Anybody who has the address can open it")).to_be_visible()
    settled(page)
    picture(page, f"exports-form-{habit}", whole=True)
    assert violations(page) == []
