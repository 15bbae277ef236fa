"""`POST /api/v1/me/password`: whoever knows the old one sets a new one, and is signed out everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from core.access.attempts import MOST_FAILURES
from core.access.sessions import COOKIE, Visitor
from core.access.tokens import hash_token
from core.store.people import keep_token
from tests.web.conftest import Site, serve

PATH = "/api/v1/me/password"
OLD, NEW = "correct horse", " staple battery "


@pytest.fixture
def own_site(new_house: Callable[[], Path]) -> Iterator[Site]:
    """A site whose failed attempts count from zero, and Ann in it."""
    for site in serve(new_house()):
        site.app.people.add(site.app.sessions.built_in_owner(), "ann@example.org", "Ann", "viewer", OLD)
        yield site


def signed_in(site: Site, password: str = OLD) -> str | None:
    """The secret of a new session of Ann, if that is her password."""
    return site.app.sessions.sign_in("ann@example.org", password, Visitor())


def token(site: Site, *scopes: str, who: str = "ann") -> dict[str, str]:
    """Headers with a token of Ann, or of somebody else."""
    person = site.app.people.find(f"{who}@example.org")
    assert person is not None
    with site.app.store.write() as session:
        keep_token(session, person.id, who, hash_token(f"token-of-{who}"), scopes, now=site.app.clock())
    return {"Authorization": f"Bearer token-of-{who}"}


def change(site: Site, headers: dict[str, str], old: str = OLD, new: str = NEW) -> httpx.Response:
    return httpx.post(site.base + PATH, json={"old": old, "new": new}, headers=headers, timeout=60)


def test_the_new_one_counts_as_it_was_written_and_the_old_one_no_longer(own_site: Site) -> None:
    assert change(own_site, token(own_site, "admin")).status_code == 204
    assert (signed_in(own_site) is None, signed_in(own_site, NEW) is None) == (True, False)
    assert signed_in(own_site, NEW.strip()) is None


def test_all_sessions_end(own_site: Site) -> None:
    secret = signed_in(own_site)
    change(own_site, token(own_site, "admin"))
    assert own_site.app.sessions.caller_of(secret) is None


def test_the_session_that_asks_goes_on_and_the_others_end(own_site: Site) -> None:
    asking, other = signed_in(own_site), signed_in(own_site)
    with httpx.Client(base_url=own_site.base, timeout=60, cookies={COOKIE: str(asking)}) as browser:
        page = browser.get("/logout").text
        mark = page.partition('name="csrf" value="')[2].partition('"')[0]
        headers = {"Origin": own_site.base, "X-CSRF-Token": mark}
        assert browser.post(PATH, json={"old": OLD, "new": NEW}, headers=headers).status_code == 204
    assert own_site.app.sessions.caller_of(asking) is not None
    assert own_site.app.sessions.caller_of(other) is None


def test_it_stands_in_the_audit_with_who_did_it(own_site: Site) -> None:
    change(own_site, token(own_site, "admin"))
    (entry,) = own_site.get("/audit", params={"act": "person.password_set"}).json()["results"][:1]
    assert (entry["person"], entry["subject"]) == ("Ann", "ann@example.org")


def test_a_wrong_old_one_changes_nothing(own_site: Site) -> None:
    answer = change(own_site, token(own_site, "admin"), old="wrong horse")
    assert (answer.status_code, "The present password is not right" in answer.text) == (403, True)
    assert signed_in(own_site) is not None


def test_a_new_one_that_will_not_do_is_said_at_its_field(own_site: Site) -> None:
    answer = change(own_site, token(own_site, "admin"), new="short")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "new")
    assert signed_in(own_site) is not None


def test_a_token_that_only_reads_may_not(own_site: Site) -> None:
    assert change(own_site, token(own_site, "read", "write")).status_code == 403
    assert signed_in(own_site) is not None


def test_only_wrong_old_ones_count(own_site: Site) -> None:
    headers = token(own_site, "admin")
    statuses = {change(own_site, headers, new="short").status_code for _ in range(MOST_FAILURES + 2)}
    assert statuses == {422}


def test_guessing_from_one_address_ends_in_429(own_site: Site) -> None:
    """Of several people: one who is guessed at so often is answered slowly."""
    for name in ("ben", "cleo", "dora"):
        own_site.app.people.add(own_site.app.sessions.built_in_owner(), f"{name}@example.org", name, "viewer", OLD)
    people = [token(own_site, "admin", who=name) for name in ("ann", "ben", "cleo", "dora")]
    statuses = [change(own_site, people[n % 4], old=f"guess {n}").status_code for n in range(MOST_FAILURES)]
    assert set(statuses) == {403}
    refused = change(own_site, people[0])
    assert (refused.status_code, 0 < int(refused.headers["retry-after"]) <= 900) == (429, True)
