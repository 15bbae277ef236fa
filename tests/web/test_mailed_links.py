"""Invitations and resets by mail: a real mail server gets the mail, and the link in it is followed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from core.access.sessions import COOKIE
from tests.connectors.mailing import Post, mail_server
from tests.web.conftest import Site, serve
from tests.web.test_sign_in import fill

FIRST, SECOND = "correct horse", "staple battery"


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def site(new_house: Callable[[], Path], post: Post) -> Iterator[Site]:
    """A site that sends its mail to that server."""
    for site in serve(new_house(), egress_allow="127.0.0.1"):
        mailbox = {"host": "127.0.0.1", "port": post.port, "tls": "none", "from": "Bridgecast <us@example.org>"}
        body = {"kind": "email", "name": "Mail", "settings": {**mailbox, "is_default": True}}
        assert site.post("/connections", json=body).status_code == 201
        yield site


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.base, headers={"Origin": site.base}, timeout=60) as client:
        yield client


def mails_to(post: Post, address: str, *, at_least: int = 1) -> list[EmailMessage]:
    """The mails to somebody, the newest last, once there are so many."""
    deadline = time.monotonic() + 60
    while len(found := [mail for mail in post.messages if mail["To"] == address]) < at_least:
        assert time.monotonic() < deadline, "the mail does not come"
        time.sleep(0.05)
    return found


def path_in(mail: EmailMessage) -> str:
    """The path of the one link in a mail."""
    (url,) = re.findall(r"https?://\S+", mail.get_content())
    return urlsplit(url).path


def invited(site: Site, post: Post, name: str) -> str:
    """Invite somebody by the API; the path of the mailed link."""
    address = f"{name}@example.org"
    answer = site.post("/people", json={"email": address, "name": name.title(), "role": "viewer"})
    assert answer.json()["invitation"] == {"url": None, "is_mailed": True, "problem": None}
    return path_in(mails_to(post, address)[-1])


def ask_for_reset(browser: httpx.Client, address: str) -> str:
    answer = fill(browser, "/forgot", email=address)
    assert "Look into your mail" in answer.text
    return answer.text


def test_an_invited_person_comes_in_by_the_link_in_the_mail_once(site: Site, post: Post, browser: httpx.Client) -> None:
    path = invited(site, post, "ann")
    mail = mails_to(post, "ann@example.org")[-1]
    assert (mail["From"], mail["Subject"]) == ("Bridgecast <us@example.org>", "You are invited to Bridgecast")
    assert "Hello Ann" in mail.get_content()
    assert fill(browser, path, password=FIRST).status_code == 303
    assert browser.get("/api/v1/me").json()["email"] == "ann@example.org"
    assert browser.get(path).status_code == 404


def test_a_forgotten_password_is_set_anew_by_the_link_in_the_mail(
    site: Site, post: Post, browser: httpx.Client
) -> None:
    fill(browser, invited(site, post, "bob"), password=FIRST)
    before = browser.cookies[COOKIE]
    browser.cookies.clear()
    ask_for_reset(browser, "Bob@example.org")
    mail = mails_to(post, "bob@example.org", at_least=2)[-1]
    assert mail["Subject"] == "Your new Bridgecast password"
    assert fill(browser, path_in(mail), password=SECOND).status_code == 303
    assert site.anonymous("/api/v1/me", Cookie=f"{COOKIE}={before}").status_code == 401
    browser.cookies.clear()
    assert sign_in_as(browser, "bob@example.org", FIRST).status_code == 401
    assert sign_in_as(browser, "bob@example.org", SECOND).status_code == 303


def test_a_newer_link_voids_the_older(site: Site, post: Post, browser: httpx.Client) -> None:
    older = invited(site, post, "cy")
    ask_for_reset(browser, "cy@example.org")
    newer = path_in(mails_to(post, "cy@example.org", at_least=2)[-1])
    assert [browser.get(path).status_code for path in (older, newer)] == [404, 200]


def test_somebody_unknown_reads_the_same_and_gets_no_mail(site: Site, post: Post, browser: httpx.Client) -> None:
    invited(site, post, "dan")
    unknown = ask_for_reset(browser, "nobody@example.org")
    known = ask_for_reset(browser, "dan@example.org")
    assert unknown == known
    mails_to(post, "dan@example.org", at_least=2)
    assert [mail for mail in post.messages if "nobody" in mail["To"]] == []


def test_a_link_never_stands_in_the_audit(site: Site, post: Post) -> None:
    token = invited(site, post, "eva").rpartition("/")[2]
    entries = site.get("/audit").text
    assert "person.invite_link_made" in entries
    assert token not in entries


def sign_in_as(browser: httpx.Client, email: str, password: str) -> httpx.Response:
    return fill(browser, "/login", email=email, password=password)
