"""From nobody to people: the first owner, a viewer who is invited, what the viewer sees and where it ends."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OWNER_TOKEN, VISITOR, House, come, open_house, picture, settled, violations

pytestmark = pytest.mark.browser

OWNER = ("olga@example.org", "correct horse battery")
VIEWER = ("vera@example.org", "staple battery horse")


@pytest.fixture(scope="module")
def own_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house where nobody has a password yet."""
    with open_house(tmp_path_factory.mktemp("people")) as opened:
        yield opened


@pytest.fixture(scope="module")
def report(own_house: House) -> str:
    """The address of a report for people who are signed in."""
    headers = {"Authorization": f"Bearer {OWNER_TOKEN}"}
    with httpx.Client(base_url=own_house.api, headers=headers, timeout=60) as client:
        organisation = client.get("/api/v1/me").json()["organization_id"]
        body = {
            "name": "For us",
            "content": {"kind": "report", "analysis": "shop-revenue"},
            "destinations": [{"kind": "link", "settings": {"slug": "for-us"}}],
        }
        answer = client.post(f"/api/v1/orgs/{organisation}/exports", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["links"][0]["url"])


def test_a_first_owner_a_viewer_and_nobody_else(own_house: House, report: str, page: Page, browser: Browser) -> None:
    become_owner(page, own_house)
    invitation = invite(page, own_house)
    context = come(browser, **VISITOR)
    viewer = context.new_page()
    is_kept_out(viewer, own_house, report)
    accept(viewer, own_house, invitation)
    sees_the_report_and_no_more(viewer, own_house, report)
    end_session_of_viewer(own_house)
    viewer.goto(report)
    expect(viewer.get_by_label("Password")).to_be_visible()
    sign_in_on_the_way(viewer, report)
    context.close()


def become_owner(page: Page, house: House) -> None:
    page.goto(f"{house.ui}/Settings?section=account")
    settled(page)
    page.get_by_role("button", name="Set a password").click()
    page.get_by_role("link", name="Continue to the page where you set it").click()
    page.wait_for_url("**/welcome/*")
    assert violations(page) == []
    page.get_by_label("Your name").fill("Olga Owner")
    page.get_by_label("E-mail").fill(OWNER[0])
    page.get_by_label("New password").fill(OWNER[1])
    page.get_by_role("button", name="Become the owner").click()
    page.wait_for_url(f"{house.ui}/**")
    settled(page)
    expect(page.get_by_text("Olga Owner · owner")).to_be_visible()


def invite(page: Page, house: House) -> str:
    """Invite the viewer; the link that is shown where there is no mail."""
    page.goto(f"{house.ui}/Settings?section=people")
    settled(page)
    page.get_by_label("E-mail").fill(VIEWER[0])
    page.get_by_label("Name").fill("Vera Viewer")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_text("Send this link to")).to_be_visible()
    picture(page, "people-invited")
    return page.locator(".st-key-settings_made_link code").inner_text()


def is_kept_out(viewer: Page, house: House, report: str) -> None:
    viewer.goto(f"{house.ui}/Data")
    settled(viewer)
    expect(viewer.get_by_text("Bridgecast shows its pages to people who are signed in.")).to_be_visible()
    viewer.goto(report)
    expect(viewer.get_by_label("Password")).to_be_visible()


def accept(viewer: Page, house: House, invitation: str) -> None:
    viewer.goto(invitation)
    expect(viewer.get_by_role("heading", name="Welcome, Vera Viewer")).to_be_visible()
    viewer.get_by_label("New password").fill(VIEWER[1])
    viewer.get_by_role("button", name="Come in").click()
    viewer.wait_for_url(f"{house.ui}/**")
    settled(viewer)
    expect(viewer.get_by_text("For us")).to_be_visible()


def sees_the_report_and_no_more(viewer: Page, house: House, report: str) -> None:
    viewer.goto(report)
    expect(viewer.get_by_text("Revenue fell by").first).to_be_visible()
    for path in ("Data", "Bridge", "Exports", "Connections"):
        viewer.goto(f"{house.ui}/{path}")
        settled(viewer)
        expect(viewer.get_by_text("Your role is viewer, which does not open this page.")).to_be_visible()
    viewer.goto(f"{house.ui}/Settings?section=people")
    settled(viewer)
    expect(viewer.get_by_text("Your account").first).to_be_visible()
    expect(viewer.get_by_text("Invite somebody")).to_have_count(0)


def end_session_of_viewer(house: House) -> None:
    headers = {"Authorization": f"Bearer {OWNER_TOKEN}"}
    with httpx.Client(base_url=house.api, headers=headers, timeout=60) as client:
        people = f"/api/v1/orgs/{client.get('/api/v1/me').json()['organization_id']}/people"
        (vera,) = [person for person in client.get(people).json()["results"] if person["email"] == VIEWER[0]]
        assert client.delete(f"{people}/{vera['id']}/sessions").status_code == 204


def sign_in_on_the_way(viewer: Page, report: str) -> None:
    """The report's own address asks for sign-in and then shows the report."""
    assert violations(viewer) == []
    viewer.get_by_label("E-mail").fill(VIEWER[0])
    viewer.get_by_label("Password").fill(VIEWER[1])
    viewer.get_by_role("button", name="Sign in").click()
    viewer.wait_for_url(report)
    expect(viewer.get_by_text("Revenue fell by").first).to_be_visible()
