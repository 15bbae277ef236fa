"""The Runs page in a real browser: what AppTest cannot tell, since it draws more than a click in a fragment does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from tests.browser.conftest import OWNER_TOKEN, House, Tab, open_house, picture, settled
from tests.polling import wait_for

pytestmark = pytest.mark.browser

SEEN_WITHIN_MS = 10_000


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    """Not the one that is shared: every page of it would tell of the failure."""
    with open_house(tmp_path) as opened:
        yield opened


def test_a_ticked_run_opens_is_tried_again_and_leads_back(own_house: House, tab: Tab) -> None:
    run_id = failed_run(own_house)
    page = tab("light")
    page.goto(f"{own_house.ui}/Runs")
    settled(page)
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible()
    button = page.locator(".st-key-runs_open button")

    def is_ticked() -> bool:
        table.click(position={"x": 18, "y": 52})
        with suppress(PlaywrightTimeout):  # The table tells the page of a tick a moment later.
            button.wait_for(timeout=SEEN_WITHIN_MS)
            return True
        return False

    wait_for(is_ticked, what="button to open the run")
    button.click()
    heading = page.get_by_role("heading", name=re.compile("Nowhere"))
    expect(heading).to_contain_text("Failed")
    assert run_id in page.url
    picture(page, "runs-opened", whole=True)
    page.locator(".st-key-runs_retry button").click()
    expect(page.get_by_text("The run is tried again.")).to_be_visible()
    page.locator(".st-key-runs_back button").click()
    expect(page.get_by_text("Tick one to open it")).to_be_visible()
    assert run_id not in page.url


def failed_run(house: House) -> str:
    """A run of an export whose webhook is an address that may not be called."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {OWNER_TOKEN}"
    organisation = session.get(f"{house.api}/api/v1/me", timeout=60).json()["organization_id"]
    base = f"{house.api}/api/v1/orgs/{organisation}"
    hook = {"kind": "webhook", "name": "Inside", "settings": {"url": "http://10.0.0.1/"}}
    connection = session.post(f"{base}/connections", json=hook, timeout=60)
    assert connection.status_code == 201, connection.text
    export = {
        "name": "Nowhere",
        "content": {"kind": "report", "analysis": "shop-revenue"},
        "triggers": [{"kind": "url"}],
        "destinations": [{"kind": "webhook", "connection": connection.json()["id"]}],
    }
    made = session.post(f"{base}/exports", json=export, timeout=60)
    assert made.status_code == 201, made.text
    asked = session.post(f"{base}/exports/{made.json()['id']}/run", json={}, timeout=60)
    assert asked.status_code in {200, 201, 202}, asked.text
    run_id = str(asked.json()["run_id"])
    wait_for(
        lambda: session.get(f"{base}/runs/{run_id}", timeout=60).json()["state"] == "failed", what="failure of the run"
    )
    return run_id
