from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import pytest
from sqlmodel import col, func, select
from standardwebhooks import Webhook as Signer

from core.app import App
from core.model.delivery import ExportSpec
from core.model.runs import Run
from core.web import create_web
from core.web.frame import _shown
from core.web.triggers import A_MINUTE, BODY_LIMIT
from tests.conftest import export_spec
from tests.web.conftest import Site, answering

NUMBERS = count()
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"


@dataclass
class Url:
    """A trigger URL of an export of its own."""

    site: Site
    client: httpx.Client
    export: dict[str, Any]

    @property
    def path(self) -> str:
        url = next(trigger["url"] for trigger in self.export["triggers"] if trigger["url"])
        return str(url).removeprefix(self.site.app.settings.report_base_url)

    def get(self, **headers: str) -> httpx.Response:
        return self.client.get(self.path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, **more: Any) -> httpx.Response:
        return self.client.post(self.path, **more)

    def runs(self) -> int:
        with self.site.app.store.read() as session:
            query = select(func.count()).where(col(Run.subject_id) == self.export["id"], Run.state == "planned")
            return session.exec(query).one()


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.base, timeout=60, headers={"User-Agent": "curl/8.5.0"}) as client:
        yield client


def made(site: Site, client: httpx.Client, **trigger: Any) -> Url:
    slug = f"triggered-{next(NUMBERS)}"
    body = {
        "name": slug,
        "content": {"kind": "report", "analysis": "revenue"},
        "triggers": [{"kind": "url", "parameters": {"country": {"column": "country"}}, **trigger}],
        "destinations": [{"kind": "link", "settings": {"slug": slug}}],
    }
    answer = site.post("/exports", json=body)
    assert answer.status_code == 201, answer.text
    return Url(site, client, answer.json())


@pytest.fixture
def url(site: Site, client: httpx.Client) -> Url:
    return made(site, client)


def test_a_get_starts_a_run_and_says_which(url: Url) -> None:
    answer = url.get()
    said = answer.json()
    assert answer.status_code == 202
    assert (said["duplicate"], answer.headers["location"]) == (False, said["status_url"])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert url.runs() == 1


def test_the_second_call_hears_of_the_first_one_s_run(url: Url) -> None:
    first, second = url.get().json(), url.get().json()
    assert (second["run_id"], second["duplicate"]) == (first["run_id"], True)
    assert url.runs() == 1


def test_its_state_is_read_without_a_login(site: Site, url: Url) -> None:
    said = url.get().json()
    path = said["status_url"].removeprefix(site.app.settings.report_base_url)
    answer = site.anonymous(path)
    assert (answer.status_code, answer.json()["run_id"], answer.json()["state"]) == (200, said["run_id"], "planned")
    assert site.anonymous(path[:-1]).status_code == 404


def test_a_post_takes_parameters(site: Site, url: Url) -> None:
    said = url.post(json={"country": "FR"}).json()
    with site.app.store.read() as session:
        assert session.get_one(Run, said["run_id"]).where == {"country": ["FR"]}


def test_a_json_body_counts_whatever_it_calls_itself(url: Url) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert url.post(content=b'{"country": "FR"}', headers=form).status_code == 202


def test_a_key_makes_repeats_the_same_run_and_other_parameters_an_error(url: Url) -> None:
    key = {"Idempotency-Key": "night-17"}
    first = url.post(json={"country": "FR"}, headers=key).json()
    again = url.post(json={"country": "FR"}, headers=key).json()
    other = url.post(json={"country": "DE"}, headers=key)
    assert (again["run_id"], again["duplicate"]) == (first["run_id"], True)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"contry": "FR"}', "application/json", 422),
        (b'["FR"]', "application/json", 422),
        (b'{"country": "FR"', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"country": {"a": {"b": {"c": 1}}}}', "application/json", 422),
        (b"country=FR", "application/x-www-form-urlencoded", 415),
        (b"\xff\xfe\x00", "application/json", 400),
        (b'{"country": "' + b"x" * BODY_LIMIT + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_taken_starts_nothing(url: Url, content: bytes, kind: str, status: int) -> None:
    assert url.post(content=content, headers={"Content-Type": kind}).status_code == status
    assert url.runs() == 0


def test_a_parameter_in_the_address_is_not_passed_over(url: Url) -> None:
    answer = url.client.get(f"{url.path}?country=FR")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "country")
    assert url.client.get(f"{url.path}?t=123").status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
        {"User-Agent": "Mozilla/5.0 (compatible; MicrosoftPreview/2.0; +https://aka.ms/MicrosoftPreview)"},
        {"User-Agent": "WhatsApp/2.23"},
        {"Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender", "User-Agent": CHROME},
        {"Sec-Fetch-Mode": "navigate"},
        {"User-Agent": CHROME, "Accept": "text/html,application/xhtml+xml"},
    ],
)
def test_looking_at_the_address_starts_nothing(url: Url, headers: dict[str, str]) -> None:
    answer = url.client.get(url.path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert '<form method="post">' in answer.text
    assert url.runs() == 0


def test_head_starts_nothing(url: Url) -> None:
    answer = url.client.head(url.path)
    assert (answer.status_code, answer.content, url.runs()) == (200, b"", 0)


@pytest.mark.parametrize("agent", ["curl/8.5.0", "python-requests/2.34.2", "", "Airflow/2.9", "Wget/1.21"])
def test_programs_that_mean_it_do_start_it(site: Site, client: httpx.Client, agent: str) -> None:
    url = made(site, client)
    assert url.get(User_Agent=agent).status_code == 202


def test_the_button_of_the_page_starts_it_and_a_page_says_so(url: Url) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Mode": "navigate"}
    answer = url.post(content=b"", headers=form)
    assert (answer.status_code, answer.headers["content-type"]) == (202, "text/html; charset=utf-8")
    assert "has been started" in answer.text
    assert url.runs() == 1


def test_the_name_of_an_export_is_text_on_the_page(site: Site, client: httpx.Client) -> None:
    url = made(site, client)
    site.patch(f"/exports/{url.export['id']}", json={"name": "<script>alert(1)</script>"})
    assert "<script>alert" not in url.get(Sec_Fetch_Mode="navigate").text


def test_the_token_may_come_as_a_header_and_stay_out_of_the_address(url: Url) -> None:
    start, _, token = url.path.rpartition("/")
    assert url.client.post(start, headers={"Authorization": f"Bearer {token}"}).status_code == 202


def test_wrong_addresses_answer_alike(site: Site, url: Url, client: httpx.Client) -> None:
    public_id, token = url.path.split("/")[2:]
    wrong = [f"/t/{public_id}/{'A' * 43}", f"/t/AAAAAAAAAAAA/{token}", f"/t/{public_id}", "/t/", f"{url.path}/x"]
    answers = [client.request(method, path) for path in wrong for method in ("GET", "POST")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
    assert url.runs() == 0


def test_other_methods_are_not_taken(url: Url) -> None:
    answer = url.client.put(url.path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_post_only_means_that(site: Site, client: httpx.Client) -> None:
    url = made(site, client, post_only=True)
    answer = url.get()
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert url.get(Sec_Fetch_Mode="navigate").status_code == 200
    assert url.post().status_code == 202


def test_a_trigger_is_called_so_often_a_minute_and_no_more(url: Url, one_moment: None) -> None:
    answers = [url.post(headers={"Idempotency-Key": str(number)}) for number in range(A_MINUTE + 1)]
    assert [answer.status_code for answer in answers] == [202] * A_MINUTE + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 6


def test_guessing_is_slowed_down_and_the_right_token_is_not(site: Site, url: Url, one_moment: None) -> None:
    guesses = {site.anonymous(f"/t/AAAAAAAAAAAA/{number}").status_code for number in range(80)}
    assert guesses == {404, 429}
    assert url.get().status_code == 202


def test_switched_off_it_starts_nothing_and_says_why(site: Site, url: Url) -> None:
    site.patch(f"/exports/{url.export['id']}", json={"is_active": False})
    answer = url.get()
    assert (answer.status_code, "is switched off" in answer.json()["detail"]) == (409, True)


def test_workers_are_woken_at_once(sales_app: App) -> None:
    triggers = [{"kind": "url"}]
    spec = ExportSpec.model_validate(export_spec().model_dump(mode="json") | {"triggers": triggers})
    made = sales_app.exports.create(spec, by=sales_app.owner.id)
    path = str(made.triggers[0].url).removeprefix(sales_app.settings.report_base_url)
    heard: list[str] = []
    web = create_web(sales_app, wake=lambda: heard.append("woken"))
    with socket.create_server(("127.0.0.1", 0)) as listener, answering(sales_app, web, listener):
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        httpx.head(base + path, timeout=60)
        assert heard == []
        httpx.get(base + path, timeout=60)
    assert heard == ["woken"]


@pytest.mark.parametrize("path", ["/t/AbCdEf012345/secret", "/t/AbCdEf012345/secret/more", "/t/status/secret"])
def test_no_token_is_written_to_the_log(path: str) -> None:
    assert "secret" not in _shown(path)


def signed(url: Url, body: bytes = b"", message_id: str = "m1", secret: str = "") -> httpx.Response:
    """A call as a program with the public library makes it."""
    own = next(trigger["signing_secret"] for trigger in url.export["triggers"])
    at = datetime.now(UTC)
    signature = Signer(secret or own).sign(message_id, at, body.decode())
    stamp = str(int(at.timestamp()))
    sent = {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signature}
    return url.post(content=body, headers=sent)


def test_a_signed_trigger_takes_signed_calls_alone(site: Site, client: httpx.Client) -> None:
    url = made(site, client, is_signed=True)
    assert [url.get().status_code, url.post().status_code, url.runs()] == [405, 401, 0]
    refused = signed(url, secret="whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
    assert (refused.status_code, "does not fit" in refused.text) == (401, True)
    assert signed(url, b'{"country": "FR"}').status_code == 202
    assert url.runs() == 1


def test_a_signed_call_that_comes_again_starts_nothing(site: Site, client: httpx.Client) -> None:
    url = made(site, client, is_signed=True)
    first, again, other = signed(url), signed(url), signed(url, message_id="m2")
    assert first.json()["run_id"] == again.json()["run_id"] != other.json()["run_id"]
    assert again.json()["duplicate"]


def test_the_secret_is_told_with_a_new_address_alone(site: Site, client: httpx.Client) -> None:
    url = made(site, client, is_signed=True)
    (trigger,) = url.export["triggers"]
    path = f"/exports/{url.export['id']}/triggers"
    assert site.get(path).json()["results"][0]["signing_secret"] is None
    rotated = site.post(f"{path}/{trigger['id']}/rotate").json()
    assert rotated["signing_secret"].startswith("whsec_")
    assert rotated["signing_secret"] != trigger["signing_secret"]
    assert signed(url).status_code == 202


def test_a_trigger_without_signatures_has_no_secret(url: Url) -> None:
    assert url.export["triggers"][0]["signing_secret"] is None


def test_a_browser_is_told_that_a_signed_trigger_takes_no_click(site: Site, client: httpx.Client) -> None:
    page = made(site, client, is_signed=True).get(User_Agent=CHROME, Accept="text/html", Sec_Fetch_Mode="navigate")
    assert (page.status_code, "<button" in page.text) == (200, False)


def test_a_body_of_any_depth_is_refused_calmly(url: Url) -> None:
    deep = b'{"country": ' + b"[" * 90_000 + b"]" * 90_000 + b"}"
    assert url.post(content=deep).status_code in {400, 422}
    assert url.post(content=b'{"country": [[["FR"]]]}').status_code == 422
    assert url.runs() == 0
