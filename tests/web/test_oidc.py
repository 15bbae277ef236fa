"""Sign-in by an OpenID provider: a real one on loopback, which lets anybody in as whom they like."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core.access.sessions import COOKIE
from core.app import App, open_app
from core.settings import Settings
from core.web import create_web
from tests.web.conftest import answering
from tests.web.providers import CLIENT_ID, CLIENT_SECRET, oidc_provider

CLIENT = {"oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The issuer's address."""
    with oidc_provider() as issuer:
        yield issuer


@contextmanager
def house(new_folder: Path, issuer: str | None, **settings: Any) -> Iterator[tuple[App, httpx.Client]]:
    """An installation that knows the provider, and somebody's browser."""
    given = {"oidc_issuer": issuer, "egress_allow": "localhost", "owner_email": "olga@example.org", **CLIENT}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        app = open_app(Settings(data_dir=new_folder, demo=False, api_port=port, **(given | settings)))
        base = app.settings.report_base_url.replace("localhost", "127.0.0.1")
        with answering(app, create_web(app), listener), httpx.Client(base_url=base, timeout=60) as browser:
            yield app, browser


def come_as(
    browser: httpx.Client, issuer: str, subject: str, claims: dict[str, Any], wanted: str = ""
) -> httpx.Response:
    """Go to the provider, be somebody there, come back."""
    httpx.put(f"{issuer}/users/{subject}", json=claims, timeout=60).raise_for_status()
    return browser.get(back_from(browser.get("/login/oidc", params={"next": wanted}), subject))


def back_from(leaving: httpx.Response, subject: str) -> str:
    """Where the provider sends somebody back to."""
    assert leaving.status_code == 303, leaving.text
    address = urlsplit(httpx.post(leaving.headers["location"], data={"sub": subject}, timeout=60).headers["location"])
    return f"{address.path}?{address.query}"


def claims_of(email: str, **more: Any) -> dict[str, Any]:
    return {"email": email, "email_verified": True, "name": "Ann Other", **more}


def test_the_owner_comes_in_by_the_address_that_the_settings_name(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider) as (_, browser):
        answer = come_as(browser, provider, "olga", claims_of("Olga@example.org"), "/r/morning")
        assert (answer.status_code, answer.headers["location"]) == (303, "/r/morning")
        me = browser.get("/api/v1/me").json()
    assert (me["email"], me["role"]) == ("olga@example.org", "owner")


def test_the_way_out_asks_with_state_nonce_and_pkce(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider) as (_, browser):
        leaving = browser.get("/login/oidc")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(leaving.headers["location"]).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32
    assert asked["redirect_uri"].endswith("/login/oidc/callback")
    assert {"HttpOnly", "Path=/login/oidc", "SameSite=lax"} <= set(leaving.headers["set-cookie"].split("; "))


def test_somebody_unknown_stays_out_unless_their_domain_may_join(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider) as (app, browser):
        answer = come_as(browser, provider, "eve", claims_of("eve@example.org"))
        assert (answer.status_code, COOKIE in answer.cookies) == (403, False)
        assert "not known here" in answer.text
        assert app.people.find("eve@example.org") is None


def test_somebody_of_an_allowed_domain_joins_as_viewer(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider, oidc_domains="example.org, example.net") as (app, browser):
        assert come_as(browser, provider, "ann", claims_of("ann@example.net")).status_code == 303
        person = app.people.find("ann@example.net")
    assert person is not None
    assert (person.name, person.role) == ("Ann Other", "viewer")


@pytest.mark.parametrize("email", ["olga@example.com", "olga@example.org.example.com", "olga@sub.example.org"])
def test_another_domain_stays_out(new_folder: Path, provider: str, email: str) -> None:
    with house(new_folder, provider, oidc_domains="example.org") as (_, browser):
        assert "may not sign in here this way" in come_as(browser, provider, "eve", claims_of(email)).text


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "olga@example.org", "email_verified": False},
        {"email": "olga@example.org", "email_verified": "false"},
        {"email": "olga@example.org", "email_verified": None},
        {"email": "olga@example.org"},
        {"name": "Olga"},
    ],
)
def test_an_address_that_the_provider_does_not_vouch_for_is_none(
    new_folder: Path, provider: str, claims: dict[str, Any]
) -> None:
    with house(new_folder, provider) as (_, browser):
        answer = come_as(browser, provider, "eve", claims)
    assert "does not vouch for your e-mail address" in answer.text


def test_a_provider_that_is_silent_may_be_trusted_by_a_setting(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider, oidc_trust_email=True) as (_, browser):
        assert come_as(browser, provider, "silent", {"email": "olga@example.org"}).status_code == 303


@pytest.mark.parametrize("told", [False, "false"])
def test_a_provider_that_says_no_is_believed_whatever_the_setting(
    new_folder: Path, provider: str, told: object
) -> None:
    with house(new_folder, provider, oidc_trust_email=True) as (_, browser):
        claims = {"email": "olga@example.org", "email_verified": told}
        assert come_as(browser, provider, "refused", claims).status_code == 403


def test_the_claim_s_highest_role_counts_at_every_sign_in(new_folder: Path, provider: str) -> None:
    roles = {"oidc_role_claim": "access.roles", "oidc_roles": "staff=analyst, it=admin", "oidc_domains": "example.org"}
    with house(new_folder, provider, **roles) as (app, browser):
        found = []
        for values in (["staff", "it"], ["staff"], ["guests"]):
            come_as(browser, provider, "ann", claims_of("ann@example.org", access={"roles": values}))
            person = app.people.find("ann@example.org")
            found.append(person.role if person else None)
    assert found == ["admin", "analyst", "analyst"]


def test_a_claim_never_unmakes_an_owner(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider, oidc_role_claim="groups", oidc_roles="staff=viewer") as (app, browser):
        come_as(browser, provider, "olga", claims_of("olga@example.org", groups=["staff"]))
        assert app.sessions.built_in_owner().email == "olga@example.org"


def test_a_way_that_another_browser_began_leads_nowhere(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider) as (_, browser):
        httpx.put(f"{provider}/users/olga", json=claims_of("olga@example.org"), timeout=60)
        address = back_from(browser.get("/login/oidc"), "olga")
        browser.get("/login/oidc")
        crossed = browser.get(address)
        browser.cookies.clear()
        stolen = browser.get(address)
    assert [answer.status_code for answer in (crossed, stolen)] == [403, 403]
    assert "begun too long ago, or in another browser" in stolen.text


def test_a_code_works_once(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider) as (_, browser):
        httpx.put(f"{provider}/users/olga", json=claims_of("olga@example.org"), timeout=60)
        address = back_from(browser.get("/login/oidc"), "olga")
        kept = dict(browser.cookies)
        assert browser.get(address).status_code == 303
        browser.cookies.clear()
        browser.cookies.update(kept)
        assert browser.get(address).status_code == 403


def test_it_leads_on_to_own_addresses_alone(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider) as (_, browser):
        answer = come_as(browser, provider, "olga", claims_of("olga@example.org"), "https://evil.example/")
    assert answer.headers["location"] == "http://localhost:8501/"


def test_who_was_refused_there_is_told_so(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider) as (_, browser):
        state = parse_qs(urlsplit(browser.get("/login/oidc").headers["location"]).query)["state"][0]
        answer = browser.get("/login/oidc/callback", params={"error": "access_denied", "state": state})
    assert (answer.status_code, "did not let you in" in answer.text) == (403, True)


def test_a_provider_on_a_private_address_needs_the_operator_s_word(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider, egress_allow="") as (_, browser):
        answer = browser.get("/login/oidc")
    assert (answer.status_code, "could not be asked" in answer.text) == (502, True)


def test_the_sign_in_page_offers_it(new_folder: Path, provider: str) -> None:
    with house(new_folder, provider) as (_, browser):
        page = browser.get("/login?next=/r/morning").text
    assert 'href="/login/oidc?next=%2Fr%2Fmorning"' in page


def test_without_a_provider_there_is_no_such_way(new_folder: Path) -> None:
    with house(new_folder, None) as (_, browser):
        assert browser.get("/login/oidc").status_code == 404
        assert "oidc" not in browser.get("/login").text
