"""Report links that end, pause, ask for a password, are for some people or may be framed; over HTTP."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.access.sessions import COOKIE, Visitor
from core.access.tokens import caller_for
from core.store.audit import list_entries
from core.store.exports import renew_link
from tests.web.conftest import Site, serve

PASSWORD = "open, sesame"


@pytest.fixture(scope="module")
def site(new_house: Callable[[], Path]) -> Iterator[Site]:
    """A site of its own, where people sign in and time passes."""
    yield from serve(new_house())


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.base, timeout=60) as client:
        yield client


@pytest.fixture
def ann(site: Site) -> str:
    """The cookie of a viewer who has signed in."""
    return signed_in(site, "ann@example.org")


def signed_in(site: Site, email: str, role: str = "viewer") -> str:
    owner = caller_for(site.app.owner, frozenset())
    person = site.app.people.find(email) or site.app.people.add(owner, email, "", role)
    site.app.people.use_link(site.app.people.make_link(person.id, "invite"), "a long password")
    return f"{COOKIE}={site.app.sessions.open(person.id, Visitor())}"


def link_of(site: Site, slug: str, **settings: Any) -> tuple[str, str]:
    """Make a link; its path, and the API's address of it."""
    body = {
        "name": slug,
        "content": {"kind": "report", "analysis": "revenue"},
        "destinations": [{"kind": "link", "settings": {"slug": slug, "public": True, **settings}}],
    }
    answer = site.post("/exports", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    path = made["links"][0]["url"].removeprefix(site.app.settings.report_base_url)
    return path, f"/exports/{made['id']}/links/{made['links'][0]['id']}"


def test_a_paused_link_is_closed_like_any_other_and_opens_again(site: Site) -> None:
    path, api = link_of(site, "paused")
    seen = [site.anonymous(path).status_code]
    assert site.post(f"{api}/pause").json()["state"] == "paused"
    closed = site.anonymous(path)
    seen.append(closed.status_code)
    assert site.post(f"{api}/resume").json()["state"] == "open"
    seen.append(site.anonymous(path).status_code)
    assert seen == [200, 404, 200]
    assert closed.content == site.anonymous("/r/nowhere/x").content


def test_an_expired_link_is_closed_like_any_other_until_it_is_renewed(site: Site) -> None:
    path, api = link_of(site, "expired", expires_days=30)
    seen = [site.anonymous(path).status_code]
    export_id, link_id = api.split("/")[2], api.split("/")[4]
    with site.app.store.write() as session:
        renew_link(session, site.app.organisation.id, export_id, link_id, expires_at=site.app.clock())
    closed = site.anonymous(path)
    seen.append(closed.status_code)
    assert site.get(api.rpartition("/")[0]).json()["results"][0]["state"] == "expired"
    assert site.post(f"{api}/renew").json()["state"] == "open"
    seen.append(site.anonymous(path).status_code)
    assert seen == [200, 404, 200]
    assert closed.content == site.anonymous("/r/nowhere/x").content


def test_a_link_ends_at_its_moment_though_nobody_writes_to_the_store(site: Site) -> None:
    path, api = link_of(site, "ending")
    export_id, link_id = api.split("/")[2], api.split("/")[4]
    soon = site.app.clock() + timedelta(seconds=1)
    with site.app.store.write() as session:
        renew_link(session, site.app.organisation.id, export_id, link_id, expires_at=soon)
    deadline = time.monotonic() + 60
    while site.anonymous(path).status_code == 200:
        assert time.monotonic() < deadline, "the link did not end"
        time.sleep(0.1)
    assert site.app.clock() >= soon


def test_a_revoked_link_is_not_resumed(site: Site) -> None:
    path, api = link_of(site, "revoked")
    assert site.post(f"{api}/revoke").json()["state"] == "revoked"
    assert [site.post(f"{api}/{act}").status_code for act in ("resume", "renew")] == [409, 409]
    assert site.anonymous(path).status_code == 404
    assert site.post(f"{api}/rotate").json()["state"] == "open"


def test_a_public_link_says_until_when_it_opens(site: Site) -> None:
    path, api = link_of(site, "ends")
    assert re.search(r'class="badge public">Public link, until \d+ \w+ \d{4}', site.anonymous(path).text)
    assert site.get(api.rpartition("/")[0]).json()["results"][0]["expires_at"] is not None


def test_a_link_for_signed_in_people_says_so_and_does_not_end(site: Site, ann: str) -> None:
    path, api = link_of(site, "inside", public=False)
    assert 'class="badge">For signed-in people' in site.anonymous(path, Cookie=ann).text
    assert site.get(api.rpartition("/")[0]).json()["results"][0]["expires_at"] is None


def test_a_link_with_a_password_asks_for_it(site: Site, browser: httpx.Client) -> None:
    path, _ = link_of(site, "guarded", password=PASSWORD)
    asked = browser.get(path)
    assert (asked.status_code, asked.headers["cache-control"]) == (401, "no-store")
    assert 'type="password"' in asked.text
    assert "Revenue" not in asked.text
    assert browser.get(f"{path}.csv").status_code == 401
    wrong = browser.post(path, data={"password": "wrong"})
    assert (wrong.status_code, "This is not the password" in wrong.text) == (401, True)
    right = browser.post(path, data={"password": PASSWORD})
    assert (right.status_code, right.headers["location"]) == (303, path)
    assert {browser.get(path).status_code, browser.get(f"{path}.csv").status_code} == {200}


def test_a_password_opens_that_link_alone(site: Site, browser: httpx.Client) -> None:
    first, _ = link_of(site, "one-door", password=PASSWORD)
    second, _ = link_of(site, "two-doors", password=PASSWORD)
    cookie = browser.post(first, data={"password": PASSWORD}).headers["set-cookie"].partition(";")[0]
    value = cookie.partition("=")[2]
    assert "Path=/r/one-door" in browser.post(first, data={"password": PASSWORD}).headers["set-cookie"]
    assert site.anonymous(second, Cookie=cookie).status_code == 401
    other = next(e.links[0].id for e in site.app.exports.all() if e.spec.name == "two-doors")
    assert site.anonymous(second, Cookie=f"bridgecast_link_{other[:8]}={value}").status_code == 401


def test_a_new_password_shuts_out_who_knew_the_old_one(site: Site, browser: httpx.Client) -> None:
    path, api = link_of(site, "changed", password=PASSWORD)
    browser.post(path, data={"password": PASSWORD})
    settings = {"slug": "changed", "public": True, "password": "another one"}
    site.patch(api.partition("/links")[0], json={"destinations": [{"kind": "link", "settings": settings}]})
    assert browser.get(path).status_code == 401


def test_a_password_is_never_shown_again_and_stays_when_its_mark_is_sent_back(site: Site) -> None:
    path, api = link_of(site, "write-only", password=PASSWORD)
    export = api.partition("/links")[0]
    shown = site.get(export)
    assert PASSWORD not in shown.text
    assert shown.json()["destinations"][0]["settings"]["password"] == "***"
    kept = site.patch(
        export, json={"destinations": [{"kind": "link", "settings": shown.json()["destinations"][0]["settings"]}]}
    )
    assert kept.status_code == 200, kept.text
    assert site.anonymous(path).status_code == 401


def test_ten_wrong_passwords_from_one_address_are_enough(new_house: Callable[[], Path]) -> None:
    for lonely in serve(new_house()):
        # Of several links: one alone that is guessed at so often answers slowly.
        paths = [link_of(lonely, f"guessed-{number}", password=PASSWORD)[0] for number in range(4)]
        with httpx.Client(base_url=lonely.base, timeout=60) as client:
            tried = [client.post(paths[n % 4], data={"password": "wrong"}).status_code for n in range(10)]
            refused = client.post(paths[0], data={"password": PASSWORD})
        assert tried == [401] * 10
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0


def test_who_is_signed_in_needs_no_password(site: Site, ann: str) -> None:
    path, _ = link_of(site, "known", password=PASSWORD)
    assert site.anonymous(path, Cookie=ann).status_code == 200


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(site: Site, ann: str) -> None:
    path, _ = link_of(site, "members", public=False)
    answer = site.anonymous(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path.replace('/', '%2F')}")
    assert site.anonymous(f"{path}.json").status_code == 401
    assert [site.anonymous(each, Cookie=ann).status_code for each in (path, "/r/members")] == [200, 200]


def test_a_report_is_for_the_people_and_roles_it_names(site: Site, ann: str) -> None:
    bob, carl = signed_in(site, "bob@example.org"), signed_in(site, "carl@example.org", "analyst")
    path, _ = link_of(site, "few", public=False, people=["ann@example.org"], roles=["analyst"])
    seen = [site.anonymous(path, Cookie=cookie).status_code for cookie in (ann, bob, carl)]
    assert seen == [200, 403, 200]
    assert site.anonymous("/r/few", Cookie=bob).content == site.anonymous("/r/nowhere", Cookie=bob).content
    assert site.client.get(path).status_code == 200


def test_a_session_that_ended_opens_nothing(site: Site) -> None:
    cookie = signed_in(site, "dora@example.org")
    path, _ = link_of(site, "ended", public=False)
    before = site.anonymous(path, Cookie=cookie).status_code
    site.app.sessions.sign_out(cookie.partition("=")[2])
    assert (before, site.anonymous(path, Cookie=cookie).status_code) == (200, 303)


def test_only_named_hosts_may_frame_a_report(site: Site) -> None:
    alone, _ = link_of(site, "unframed")
    framed, _ = link_of(site, "framed", embed_hosts=["*.Example.org", "https://intranet.local:8443"])
    assert "frame-ancestors 'none'" in site.anonymous(alone).headers["content-security-policy"]
    policy = site.anonymous(framed).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors *.example.org https://intranet.local:8443")


@pytest.mark.parametrize("host", ["example.org; script-src *", "exam ple.org", "javascript:x", "*", "'self'", "a/b"])
def test_what_is_no_host_is_refused(site: Site, host: str) -> None:
    settings = {"slug": "wrong-host", "embed_hosts": [host]}
    body = {
        "name": "wrong host",
        "content": {"kind": "report", "analysis": "revenue"},
        "destinations": [{"kind": "link", "settings": settings}],
    }
    assert site.post("/exports", json=body).status_code == 422


@pytest.mark.parametrize("query", ["where=country", "country=DE", "view=waterfall&where[country]=DE"])
def test_a_reader_cannot_widen_locked_filters(site: Site, query: str) -> None:
    path = site.report(f"locked-{abs(hash(query))}", where={"country": ["FR"]})
    plain, asked = site.anonymous(f"{path}.json"), site.anonymous(f"{path}.json?{query}")
    assert asked.json()["total"] == plain.json()["total"]
    assert plain.json()["total"]["current"] == 1020


def test_hidden_filters_hold_and_are_not_told(site: Site) -> None:
    body = {
        "name": "hidden",
        "content": {"kind": "report", "analysis": "revenue", "where": {"country": ["FR"]}},
        "destinations": [
            {"kind": "link", "settings": {"slug": "hidden", "public": True, "hidden_filters": ["country"]}},
            {"kind": "link", "settings": {"slug": "told", "public": True}},
        ],
    }
    links = {link["slug"]: link["url"] for link in site.post("/exports", json=body).json()["links"]}
    pages = {slug: site.anonymous(url.removeprefix(site.app.settings.report_base_url)) for slug, url in links.items()}
    hidden = links["hidden"].removeprefix(site.app.settings.report_base_url)
    # As a word: the addresses of pictures are random letters, in which it may come about.
    assert [slug for slug, page in pages.items() if re.search(r"\bFR\b", page.text)] == ["told"]
    assert site.anonymous(f"{hidden}.json").json()["total"]["current"] == 1020
    assert site.anonymous(f"{hidden}.json?step=Visits&dimension=country").status_code == 404


def test_acts_on_links_are_in_the_audit(site: Site) -> None:
    _, api = link_of(site, "audited")
    for act in ("pause", "resume", "renew", "rotate", "revoke"):
        site.post(f"{api}/{act}")
    with site.app.store.read() as session:
        entries = list_entries(session, site.app.organisation.id, act="link")
    acts = [entry.act for entry in entries if entry.subject == "/r/audited"]
    assert acts == ["link.revoked", "link.rotated", "link.renewed", "link.resumed", "link.paused"]


def test_who_looks_at_what_is_not_public_is_remembered(site: Site, ann: str) -> None:
    path, _ = link_of(site, "watched", public=False)
    site.views.take_seen()
    site.anonymous(path, Cookie=ann)
    site.anonymous(path, "HEAD", Cookie=ann)
    site.anonymous(f"{path}.csv", Cookie=ann)
    site.anonymous(site.report("unwatched"), Cookie=ann)
    seen = [(view.slug, view.form, view.caller.email, view.address) for view in site.views.take_seen()]
    assert seen == [("watched", form, "ann@example.org", "127.0.0.1") for form in ("html", "csv")]


def test_what_is_not_public_is_kept_by_nobody_in_between_and_shown_on_nobody_else_s_page(site: Site, ann: str) -> None:
    private, _ = link_of(site, "kept-apart", public=False)
    public, _ = link_of(site, "shown-anywhere")
    headers = [site.anonymous(f"{path}.svg", Cookie=ann).headers for path in (private, public)]
    assert [each["cache-control"] for each in headers] == ["private, no-cache", "no-cache"]
    assert [each["cross-origin-resource-policy"] for each in headers] == ["same-origin", "cross-origin"]


def test_everything_that_is_public_is_listed(site: Site) -> None:
    link_of(site, "listed")
    link_of(site, "not-listed", public=False)
    _, revoked = link_of(site, "no-longer-listed")
    site.post(f"{revoked}/revoke")
    found = {link["slug"]: link for link in site.get("/links?limit=500").json()["results"]}
    assert {"listed", "not-listed", "no-longer-listed"} & found.keys() == {"listed"}
    assert (found["listed"]["export_name"], found["listed"]["public"]) == ("listed", True)
