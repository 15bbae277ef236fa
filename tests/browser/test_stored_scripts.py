"""Scripts and markup in every name that people give: shown as text, on every page and in every report."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OWNER_TOKEN, House, Tab, open_house, picture, settled, strangers

pytestmark = pytest.mark.browser

PLANT = (
    '"><img src=x onerror=planted()><script>planted()</script>[a](javascript:planted())![i](//planted.example/i.png)'
    '<a href="javascript:planted()">b</a>'
)
COLUMN = "<img src=x onerror=planted()>![i](//planted.example/c.png)"
ANALYSIS, EXPORT = "planted", "planted"
PAGES = (
    "",
    "Data",
    "Data?dataset=planted",
    f"Bridge?analysis={ANALYSIS}",
    f"Bridge?analysis={ANALYSIS}&step={quote(PLANT)}",
    "Bridge",
    "Exports",
    "Exports?new=1",
    "Runs",
    "Connections",
    "Settings",
)
FORGED = """() => [...document.querySelectorAll('*')].filter(e =>
    [...e.attributes].some(a => /^on/i.test(a.name) && /planted/.test(a.value))
    || /^javascript:/i.test(e.getAttribute('href') || '')
    || /planted\\.example/.test(e.getAttribute('src') || '')
    || (e.tagName === 'IMG' && e.getAttribute('src') === 'x')
    || (e.tagName === 'SCRIPT' && /planted/.test(e.textContent) && !e.src && e.type !== 'application/json')
  ).map(e => e.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which everything that has a name is called by the plant."""
    with open_house(tmp_path_factory.mktemp("planted"), BRIDGECAST_DEMO="0") as house:
        with httpx.Client(base_url=house.api, headers={"Authorization": f"Bearer {OWNER_TOKEN}"}, timeout=60) as client:
            prefix = f"/api/v1/orgs/{client.get('/api/v1/me').json()['organization_id']}"
            plant_all(client, prefix)
        yield house


def plant_all(client: httpx.Client, prefix: str) -> None:
    def send(method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = client.request(method, prefix + path, **more)
        assert answer.status_code in {200, 201, 202}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    fields = {"slug": "planted", "name": PLANT, "description": PLANT}
    send("POST", "/datasets", data=fields, files={"file": (f"{PLANT}.csv", rows().encode())})
    labels = [{"name": COLUMN, "display_name": PLANT, "description": PLANT, "unit": PLANT}]
    send("PATCH", "/datasets/planted", json={"columns": labels})
    equation = {
        "total": PLANT,
        "unit": "<b>x",
        "steps": [{"formula": "visits", "name": PLANT}, {"formula": "orders / visits", "name": "<script>planted()"}],
    }
    comparison = {"by": "day", "base": ["2026-01-01", "2026-01-31"], "current": ["2026-02-01", "2026-02-28"]}
    body = {"slug": ANALYSIS, "name": PLANT, "dataset": "planted", "equation": equation, "comparison": comparison}
    send("POST", "/analyses", json=body)
    send("PUT", "/templates/en/headline_fell", json={"text": f"{PLANT} {{kpi}}"})
    send("PUT", "/templates/en/headline_rose", json={"text": f"{PLANT} {{kpi}}"})
    for layout in ("slides", "list", "dropdown"):
        link = {"kind": "link", "settings": {"slug": f"{EXPORT}-{layout}", "public": True}}
        content = {"kind": "report", "analysis": ANALYSIS, "layout": layout, "locale": "en"}
        export = {"name": PLANT, "description": PLANT, "content": content, "destinations": [link]}
        made = send("POST", "/exports", json=export)
        ADDRESSES[layout] = made["links"][0]["url"]
        send("POST", f"/exports/{made['id']}/run")
    settings = {"host": "smtp.example.org", "from": "reports@example.org"}
    send("POST", "/people", json={"email": "planted@example.org", "name": PLANT[:100], "role": "analyst"})
    send("POST", "/connections", json={"kind": "email", "name": PLANT[:100], "settings": settings, "secrets": {}})


ADDRESSES: dict[str, str] = {}


def rows() -> str:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(["day", COLUMN, "visits", "orders"])
    for month, visits in (("01", 100), ("02", 140)):
        for segment, factor in ((PLANT, 1), ("=HYPERLINK(1)", 2), ("<svg onload=planted()>", 3)):
            writer.writerow([f"2026-{month}-05", segment, visits * factor, 5 * factor + (3 if month == "02" else 0)])
    return out.getvalue()


@dataclass(frozen=True)
class Watch:
    """A page, and what it is not to do: open dialogs, run what was planted, ask other machines."""

    page: Page
    dialogs: list[str] = field(default_factory=list)
    ran: list[bool] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def watch(tab: Tab) -> Watch:
    page = tab("light")
    watch = Watch(page)
    page.on("dialog", lambda dialog: (watch.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda sent: watch.asked.append(sent.url))
    page.expose_function("planted", lambda: watch.ran.append(True))
    return watch


@pytest.fixture
def watched(watch: Watch, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, and afterwards what it has done."""
    yield watch.page
    picture(watch.page, request.node.name)
    assert (watch.dialogs, watch.ran, strangers(watch.asked)) == ([], [], [])


@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_what_was_planted_as_text(watched: Page, planted: House, path: str) -> None:
    watched.goto(f"{planted.ui}/{path}")
    settled(watched)
    expect(watched.locator("[data-testid=stSkeleton]")).to_have_count(0)
    assert watched.evaluate(FORGED) == []


@pytest.mark.parametrize("layout", ["slides", "list", "dropdown"])
def test_a_report_shows_what_was_planted_as_text(watched: Page, planted: House, layout: str) -> None:
    assert planted.api in ADDRESSES[layout]
    watched.goto(ADDRESSES[layout])
    expect(watched.get_by_text("onerror=planted()").first).to_be_attached()
    assert watched.evaluate(FORGED) == []


@pytest.mark.parametrize("form", ["svg", "csv", "json"])
def test_a_file_of_a_report_runs_nothing(watched: Page, planted: House, form: str) -> None:
    answer = httpx.get(f"{ADDRESSES['list']}.{form}")
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    if form == "svg":
        watched.goto(f"{ADDRESSES['list']}.svg")
        assert watched.evaluate(FORGED) == []
    if form == "csv":
        assert not [cell for row in csv.reader(StringIO(answer.text)) for cell in row if cell.startswith(("=", "@"))]
