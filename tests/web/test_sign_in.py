"""Signing in and out, invitations, new passwords: as a browser does it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from core.access.attempts import MOST_FAILURES
from core.access.sessions import COOKIE
from core.model.access import Person
from core.settings import Settings
from core.web.sign_in import own_address
from tests.web.conftest import Site, serve

PASSWORD = "correct horse"


@pytest.fixture
def own_site(new_house: Callable[[], Path]) -> Iterator[Site]:
    """A site whose failed attempts count from zero."""
    yield from serve(new_house())


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.base, headers={"Origin": site.base}, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def ann(site: Site) -> Person:
    return person(site)


def person(site: Site, email: str = "ann@example.org") -> Person:
    made = site.app.people.add(site.app.sessions.built_in_owner(), email, "Ann", "viewer")
    site.app.people.set_password(made.id, PASSWORD)
    return made


def fill(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Open a page, fill in its form, send it where the form says."""
    page = client.get(path)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    (action,) = re.findall(r'<form method="post" action="([^"]+)">', page.text)
    return client.post(action, data=hidden | fields)


def sign_in(client: httpx.Client, password: str = PASSWORD, **more: str) -> httpx.Response:
    return fill(client, "/login", email="ann@example.org", password=password, **more)


def test_the_right_password_sets_a_cookie_that_scripts_cannot_read(browser: httpx.Client, ann: Person) -> None:
    answer = sign_in(browser)
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(COOKIE)]
    assert answer.status_code == 303
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))


def test_the_cookie_says_who_calls_the_api(browser: httpx.Client, ann: Person) -> None:
    assert browser.get("/api/v1/me").status_code == 401
    sign_in(browser)
    assert browser.get("/api/v1/me").json()["email"] == "ann@example.org"


def test_without_a_wish_it_leads_to_the_app(site: Site, browser: httpx.Client, ann: Person) -> None:
    assert sign_in(browser).headers["location"] == f"{site.app.settings.ui_base_url}/"


def test_it_leads_to_where_the_person_wanted_to_go(browser: httpx.Client, ann: Person) -> None:
    answer = fill(browser, "/login?next=/r/morning/x", email="ann@example.org", password=PASSWORD)
    assert answer.headers["location"] == "/r/morning/x"


def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(browser: httpx.Client, ann: Person) -> None:
    wrong = sign_in(browser, "wrong horse")
    unknown = fill(browser, "/login", email="ann@example.com", password="wrong horse")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.text.replace("ann@example.org", "ann@example.com") == unknown.text
    assert "E-mail or password is not right." in wrong.text


def test_a_form_without_its_token_is_refused(browser: httpx.Client, ann: Person) -> None:
    answer = browser.post("/login", data={"email": "ann@example.org", "password": PASSWORD})
    assert (answer.status_code, COOKIE in answer.cookies) == (403, False)


def test_a_form_from_elsewhere_is_refused(browser: httpx.Client, ann: Person) -> None:
    browser.headers["Origin"] = "https://evil.example"
    assert sign_in(browser).status_code == 403


def test_ten_failures_of_an_address_are_429_and_the_right_password_waits_too(own_site: Site) -> None:
    person(own_site)
    with httpx.Client(base_url=own_site.base, headers={"Origin": own_site.base}, timeout=60) as client:
        for number in range(MOST_FAILURES):
            answer = fill(client, "/login", email=f"{number}@example.org", password="wrong")
            assert answer.status_code == 401
        refused = sign_in(client)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert "Try again in 15 min" in refused.text


def test_many_at_once_are_not_more_than_ten(own_site: Site) -> None:
    person(own_site)

    def guess(number: int) -> int:
        with httpx.Client(base_url=own_site.base, headers={"Origin": own_site.base}, timeout=60) as client:
            return fill(client, "/login", email=f"{number}@example.org", password="wrong").status_code

    with ThreadPoolExecutor(2 * MOST_FAILURES) as at_once:
        answers = Counter(at_once.map(guess, range(2 * MOST_FAILURES)))
    assert answers == {401: MOST_FAILURES, 429: MOST_FAILURES}


def test_what_was_typed_comes_back_escaped(browser: httpx.Client, ann: Person) -> None:
    answer = fill(browser, "/login", email='"><script>alert(1)</script>', password="wrong horse")
    assert "<script" not in answer.text


def test_a_signed_in_person_is_led_on(browser: httpx.Client, ann: Person) -> None:
    sign_in(browser)
    answer = browser.get("/login?next=/r/morning")
    assert (answer.status_code, answer.headers["location"]) == (303, "/r/morning")


def test_signing_out_ends_the_session(site: Site, browser: httpx.Client, ann: Person) -> None:
    sign_in(browser)
    kept = browser.cookies[COOKIE]
    assert fill(browser, "/logout").headers["location"] == "/login"
    assert COOKIE not in browser.cookies
    assert site.anonymous("/api/v1/me", Cookie=f"{COOKIE}={kept}").status_code == 401


def test_signing_out_needs_the_form(browser: httpx.Client, ann: Person) -> None:
    sign_in(browser)
    assert browser.post("/logout").status_code == 403
    assert browser.get("/api/v1/me").status_code == 200


def test_an_invitation_sets_a_password_and_lets_in_once(site: Site, browser: httpx.Client, ann: Person) -> None:
    bob = site.app.people.add(site.app.sessions.built_in_owner(), "bob@example.org", "Bob", "analyst")
    path = f"/welcome/{site.app.people.make_link(bob.id, 'invite')}"
    assert "Welcome, Bob" in browser.get(path).text
    assert fill(browser, path, password="staple battery").status_code == 303
    assert browser.get("/api/v1/me").json()["email"] == "bob@example.org"
    assert browser.get(path).status_code == 404


def test_a_short_password_is_said_on_the_page(site: Site, browser: httpx.Client, ann: Person) -> None:
    path = f"/welcome/{site.app.people.make_link(ann.id, 'reset')}"
    answer = fill(browser, path, password="short")
    assert answer.status_code == 422
    assert "5 characters. Use at least 8" in answer.text


def test_the_first_owner_does_not_take_the_address_of_somebody_else(own_site: Site) -> None:
    person(own_site)
    path = f"/welcome/{own_site.app.people.make_link(own_site.app.owner.id, 'invite')}"
    with httpx.Client(base_url=own_site.base, headers={"Origin": own_site.base}, timeout=60) as client:
        answer = fill(client, path, name="Olga", email="Ann@example.org", password=PASSWORD)
        assert answer.status_code == 422
        assert "&#39;ann@example.org&#39; is somebody else&#39;s here" in answer.text
        assert fill(client, path, name="Olga", email="olga@example.org", password=PASSWORD).status_code == 303


def test_an_unknown_link_is_404(site: Site) -> None:
    assert site.anonymous("/welcome/unknown").status_code == 404


def test_pages_with_forms_are_not_kept_nor_framed(site: Site, ann: Person) -> None:
    headers = site.anonymous("/login").headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_on_this_computer_alone_nobody_needs_to_sign_in_before_somebody_has_a_password(own_site: Site) -> None:
    page = own_site.anonymous("/login")
    assert "Nobody can sign in yet" in page.text
    assert "<form" not in page.text


@pytest.mark.parametrize(
    "wanted", ["/r/morning", "http://localhost:8501/Bridge?analysis=a", "http://localhost:8502/r/x"]
)
def test_own_addresses_are_gone_to(wanted: str) -> None:
    assert own_address(wanted, Settings()) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "http://localhost:8501.evil.example/",
        "http://localhost:8501@evil.example/",
        "http://localhost:85011/",
        "javascript:alert(1)",
        "/r/x\r\nSet-Cookie: a=b",
        "/\t/evil.example",
        " //evil.example",
        "https://localhost:8501/",
    ],
)
def test_other_addresses_lead_to_the_app(wanted: str) -> None:
    assert own_address(wanted, Settings()) == "http://localhost:8501/"
