"""Invited and forgetful people in Chromium: the links come by mail, over an encrypted line with a password."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OWNER_TOKEN, VISITOR, House, come, open_house, settled, violations
from tests.connectors.mailing import PASSWORD, USER, Post, mail_server
from tests.tls import Certificates, make_certificates

pytestmark = pytest.mark.browser

VERA = "vera@example.org"
FIRST, SECOND = "staple battery horse", "quite another horse"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
def post(certificates: Certificates) -> Iterator[Post]:
    with mail_server(starttls=certificates.serving, sign_in=True) as server:
        yield server


@pytest.fixture(scope="module")
def own_house(tmp_path_factory: pytest.TempPathFactory, post: Post, certificates: Certificates) -> Iterator[House]:
    """A house with an owner's password and a connection to the mail server."""
    settings = {
        "BRIDGECAST_OWNER_EMAIL": "olga@example.org",
        "BRIDGECAST_OWNER_PASSWORD": "correct horse battery",
        "BRIDGECAST_EGRESS_ALLOW": "localhost",
        "SSL_CERT_FILE": str(certificates.authority),
    }
    with open_house(tmp_path_factory.mktemp("mailing"), **settings) as opened:
        keep_mail_connection(opened, post)
        yield opened


def keep_mail_connection(house: House, post: Post) -> None:
    mailbox = {"host": "localhost", "port": post.port, "tls": "starttls", "user": USER, "from": "us@example.org"}
    body = {
        "kind": "email",
        "name": "Mail",
        "settings": {**mailbox, "is_default": True},
        "secrets": {"password": PASSWORD},
    }
    headers = {"Authorization": f"Bearer {OWNER_TOKEN}"}
    with httpx.Client(base_url=house.api, headers=headers, timeout=60) as client:
        organisation = client.get("/api/v1/me").json()["organization_id"]
        answer = client.post(f"/api/v1/orgs/{organisation}/connections", json=body)
    assert answer.status_code == 201, answer.text


@contextmanager
def visitor(browser: Browser) -> Iterator[Page]:
    context = come(browser, **VISITOR)
    page = context.new_page()
    yield page
    context.close()


def link_in(post: Post, number: int) -> str:
    """The link in Vera's mail of that number, once it has come."""
    deadline = time.monotonic() + 60
    while len(mails := [mail for mail in post.messages if mail["To"] == VERA]) < number:
        assert time.monotonic() < deadline, "the mail does not come"
        time.sleep(0.1)
    return url_in(mails[number - 1])


def url_in(mail: EmailMessage) -> str:
    (url,) = re.findall(r"https?://\S+", mail.get_content())
    return str(url)


def test_an_invitation_and_a_forgotten_password_come_by_mail(own_house: House, post: Post, browser: Browser) -> None:
    with visitor(browser) as owner:
        invite(owner, own_house)
    with visitor(browser) as vera, visitor(browser) as elsewhere:
        accept(vera, own_house, link_in(post, 1))
        forget(elsewhere, own_house)
        set_anew(elsewhere, own_house, link_in(post, 2))
        is_signed_out(vera, own_house)
        sign_in(vera, own_house, FIRST)
        expect(vera.get_by_text("E-mail or password is not right.")).to_be_visible()
        sign_in(vera, own_house, SECOND)
        vera.wait_for_url(f"{own_house.ui}/**")


def invite(owner: Page, house: House) -> None:
    owner.goto(f"{house.api}/login")
    owner.get_by_label("E-mail").fill("olga@example.org")
    owner.get_by_label("Password").fill("correct horse battery")
    owner.get_by_role("button", name="Sign in").click()
    owner.wait_for_url(f"{house.ui}/**")
    owner.goto(f"{house.ui}/Settings?section=people")
    settled(owner)
    owner.get_by_label("E-mail").fill(VERA)
    owner.get_by_label("Name").fill("Vera Viewer")
    owner.get_by_role("button", name="Invite", exact=True).click()
    expect(owner.get_by_text(VERA).first).to_be_visible()
    settled(owner)
    expect(owner.get_by_text("Send this link to")).to_have_count(0)


def accept(vera: Page, house: House, link: str) -> None:
    vera.goto(link)
    expect(vera.get_by_role("heading", name="Welcome, Vera Viewer")).to_be_visible()
    vera.get_by_label("New password").fill(FIRST)
    vera.get_by_role("button", name="Come in").click()
    vera.wait_for_url(f"{house.ui}/**")
    settled(vera)
    expect(vera.get_by_text("Vera Viewer · viewer")).to_be_visible()


def forget(page: Page, house: House) -> None:
    sign_in(page, house, "what was it")
    page.get_by_role("link", name="Forgot your password?").click()
    assert violations(page) == []
    page.get_by_label("E-mail").fill(VERA)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    assert violations(page) == []


def set_anew(page: Page, house: House, link: str) -> None:
    page.goto(link)
    expect(page.get_by_role("heading", name="A new password")).to_be_visible()
    page.get_by_label("New password").fill(SECOND)
    page.get_by_role("button", name="Set password").click()
    page.wait_for_url(f"{house.ui}/**")
    settled(page)
    expect(page.get_by_text("Vera Viewer · viewer")).to_be_visible()
    page.goto(link)
    expect(page.get_by_text("This link does not work")).to_be_visible()


def is_signed_out(vera: Page, house: House) -> None:
    vera.goto(f"{house.ui}/")
    settled(vera)
    expect(vera.get_by_text("Bridgecast shows its pages to people who are signed in.")).to_be_visible()


def sign_in(page: Page, house: House, password: str) -> None:
    page.goto(f"{house.api}/login")
    page.get_by_label("E-mail").fill(VERA)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
