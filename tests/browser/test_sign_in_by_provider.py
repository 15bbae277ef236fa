"""Signing in by an OpenID provider in Chromium: the owner, somebody of an allowed domain, and who stays out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import VISITOR, House, come, open_house, picture, settled, violations
from tests.web.providers import CLIENT_ID, CLIENT_SECRET, oidc_provider

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with oidc_provider() as issuer:
        for name, domain in (("olga", "example.org"), ("ann", "example.net"), ("eve", "example.com")):
            claims = {"email": f"{name}@{domain}", "email_verified": True, "name": name.title()}
            httpx.put(f"{issuer}/users/{name}", json=claims).raise_for_status()
        httpx.put(f"{issuer}/users/silent", json={"email": "olga@example.org", "name": "Silent"}).raise_for_status()
        yield issuer


@pytest.fixture(scope="module")
def own_house(tmp_path_factory: pytest.TempPathFactory, provider: str) -> Iterator[House]:
    """A house that knows the provider; nobody has a password."""
    settings = {
        "BRIDGECAST_OIDC_ISSUER": provider,
        "BRIDGECAST_OIDC_CLIENT_ID": CLIENT_ID,
        "BRIDGECAST_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "BRIDGECAST_OIDC_DOMAINS": "example.org, example.net",
        "BRIDGECAST_OWNER_EMAIL": "olga@example.org",
        "BRIDGECAST_EGRESS_ALLOW": "localhost",
    }
    with open_house(tmp_path_factory.mktemp("provider"), **settings) as opened:
        yield opened


@contextmanager
def visitor(browser: Browser) -> Iterator[Page]:
    """A page of somebody new. The provider's own page asks for a style from elsewhere, which it does not get."""
    context = come(browser, **VISITOR)
    context.route("https://**", lambda route: route.abort())
    page = context.new_page()
    yield page
    context.close()


def go_to_provider(page: Page, house: House, path: str = "") -> None:
    """From a page of the app, by its link, to the provider."""
    page.goto(f"{house.ui}/{path}")
    settled(page)
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="Sign in by localhost").click()
    page.wait_for_url("**/oauth2/authorize?**")


def be(page: Page, subject: str) -> None:
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize").click()


def test_the_owner_comes_in_and_back_to_the_page_that_was_asked_for(own_house: House, browser: Browser) -> None:
    with visitor(browser) as page:
        go_to_provider(page, own_house, "Data")
        be(page, "olga")
        page.wait_for_url(f"{own_house.ui}/Data**")
        settled(page)
        expect(page.get_by_text("· owner")).to_be_visible()
        picture(page, "provider-owner")
        page.goto(f"{own_house.api}/logout")
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{own_house.ui}/Data")
        settled(page)
        expect(page.get_by_text("Bridgecast shows its pages to people who are signed in.")).to_be_visible()


def test_somebody_of_an_allowed_domain_joins_as_viewer_and_gets_no_further(own_house: House, browser: Browser) -> None:
    with visitor(browser) as page:
        go_to_provider(page, own_house)
        be(page, "ann")
        page.wait_for_url(f"{own_house.ui}/**")
        settled(page)
        expect(page.get_by_text("Ann · viewer")).to_be_visible()
        page.goto(f"{own_house.ui}/Data")
        settled(page)
        expect(page.get_by_text("Your role is viewer, which does not open this page.")).to_be_visible()


@pytest.mark.parametrize(
    ("subject", "sentence"),
    [("eve", "may not sign in here this way"), ("silent", "does not vouch for your e-mail address")],
)
def test_others_stay_out_and_read_why(own_house: House, browser: Browser, subject: str, sentence: str) -> None:
    with visitor(browser) as page:
        go_to_provider(page, own_house)
        be(page, subject)
        expect(page.get_by_text(sentence)).to_be_visible()
        assert violations(page) == []
        stays_out(page, own_house)


def test_who_turns_back_at_the_provider_stays_out(own_house: House, browser: Browser) -> None:
    with visitor(browser) as page:
        go_to_provider(page, own_house)
        page.get_by_role("button", name="Deny").click()
        expect(page.get_by_role("heading", name="Sign-in failed")).to_be_visible()
        stays_out(page, own_house)


def stays_out(page: Page, house: House) -> None:
    page.goto(f"{house.ui}/")
    settled(page)
    expect(page.get_by_text("Bridgecast shows its pages to people who are signed in.")).to_be_visible()
