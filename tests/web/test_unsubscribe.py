from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest

from core.access.leave_tokens import sign_leave_token
from core.access.sessions import COOKIE, Visitor
from core.audit_log import Filter
from core.delivery.subscribers import Subscribers
from tests.web.conftest import MORNING, Site

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def export_id(site: Site) -> str:
    slug = f"left-{uuid4()}"
    body = {**MORNING, "name": "Left & right", "destinations": [{"kind": "link", "settings": {"slug": slug}}]}
    return str(site.post("/exports", json=body).json()["id"])


@pytest.fixture
def subscribers(site: Site) -> Subscribers:
    return site.app.subscribers


@pytest.fixture
def path(site: Site, subscribers: Subscribers, export_id: str) -> str:
    """Where Anna leaves."""
    return subscribers.link(export_id, "Anna <Anna@example.org>").removeprefix(site.app.settings.report_base_url)


def post(site: Site, path: str, body: dict[str, str] | None = None) -> httpx.Response:
    with httpx.Client(base_url=site.base, timeout=60) as client:
        return client.post(path, data=body or {})


def test_a_look_at_the_address_changes_nothing(site: Site, path: str, subscribers: Subscribers, export_id: str) -> None:
    page = site.anonymous(path)
    assert page.status_code == 200
    assert "“Left &amp; right” is sent to anna@example.org." in page.text
    site.anonymous(path, "HEAD")
    assert subscribers.staying(export_id, ["anna@example.org"]) == ("anna@example.org",)


@pytest.mark.parametrize("body", [ONE_CLICK, {}], ids=["mail program", "page"])
def test_a_post_acts_without_sign_in(
    body: dict[str, str], site: Site, path: str, subscribers: Subscribers, export_id: str
) -> None:
    assert "You get no more of these mails" in post(site, path, body).text
    left = subscribers.staying(export_id, ["ANNA@example.org", "Ben <ben@example.org>"])
    assert left == ("Ben <ben@example.org>",)


def test_leaving_twice_is_leaving_once(site: Site, path: str) -> None:
    assert [post(site, path, ONE_CLICK).status_code for _ in range(2)] == [200, 200]


def test_who_left_may_come_back(site: Site, path: str, subscribers: Subscribers, export_id: str) -> None:
    page = post(site, path).text
    (back,) = re.findall(r'action="([^"]+)"', page)
    assert "Get no more of these mails?" in post(site, back).text
    assert subscribers.staying(export_id, ["anna@example.org"]) == ("anna@example.org",)


def test_leaving_one_export_is_not_leaving_another(site: Site, path: str, subscribers: Subscribers) -> None:
    post(site, path)
    assert subscribers.staying(str(uuid4()), ["anna@example.org"]) == ("anna@example.org",)


def test_it_is_noted(site: Site, path: str, export_id: str) -> None:
    for _ in range(2):
        post(site, path)
    found = [entry for entry in site.app.audit.entries(Filter(act="mail")) if entry.subject_id == export_id]
    assert [(entry.act, entry.detail) for entry in found] == [("mail.left", {"address": "anna@example.org"})]


def test_somebody_signed_in_leaves_by_the_page_s_button(
    site: Site, path: str, subscribers: Subscribers, export_id: str
) -> None:
    secret = site.app.sessions.open(site.app.owner.id, Visitor())
    with httpx.Client(base_url=site.base, cookies={COOKIE: secret}, timeout=60) as browser:
        (token,) = re.findall(r'name="csrf" value="([^"]+)"', browser.get(path).text)
        answer = browser.post(path, data={"csrf": token}, headers={"Origin": site.base})
    assert answer.status_code == 200
    assert subscribers.staying(export_id, ["anna@example.org"]) == ()


@pytest.mark.parametrize("change", ["cut", "forged", "other export", "nothing"])
def test_an_address_that_was_not_made_here_is_unknown(change: str, site: Site, path: str) -> None:
    wrong = {
        "cut": path[:-3],
        "forged": path.replace("/u/", "/u/A"),
        "other export": f"/u/{sign_leave_token(site.app.keys, str(uuid4()), 'anna@example.org')}",
        "nothing": "/u/x",
    }[change]
    assert site.anonymous(wrong).status_code == 404
    assert post(site, wrong).status_code == 404
