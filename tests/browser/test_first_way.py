"""The first way through the whole house, as a newcomer goes it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.conftest import House, picture, settled
from tests.polling import wait_for

pytestmark = pytest.mark.browser

SEEN_WITHIN_MS = 10_000

HEADER = "day,store,country,visits,orders,revenue\n"
JANUARY = [("FR", 1000, 50, 4000), ("DE", 800, 40, 3600)]
FEBRUARY = [("FR", 1100, 33, 2640), ("DE", 800, 40, 3600)]
FEBRUARY_CORRECTED = [("FR", 1100, 66, 5280), ("DE", 800, 40, 3600)]


def rows_of(month: str, last_day: str, countries: list[tuple[str, int, int, int]]) -> str:
    """Two stores a country, on the first and the last day of a month."""
    lines = []
    for number, (country, visits, orders, revenue) in enumerate(countries):
        for store, day in ((2 * number + 1, "01"), (2 * number + 2, last_day)):
            lines.append(f"{month}-{day},{store},{country},{visits // 2},{orders // 2},{revenue // 2}\n")
    return "".join(lines)


def write(folder: Path, name: str, february: list[tuple[str, int, int, int]]) -> Path:
    path = folder / name
    path.write_text(HEADER + rows_of("2026-01", "31", JANUARY) + rows_of("2026-02", "28", february))
    return path


def by_key(page: Page, key: str) -> Locator:
    """The element of a widget's key."""
    return page.locator(f".st-key-{key}")


def press(page: Page, key: str) -> None:
    by_key(page, key).locator("button").first.click()
    settled(page)


def open_app(page: Page, house: House, path: str = "") -> None:
    page.goto(f"{house.ui}/{path}")
    settled(page)


def test_home_shows_two_sample_bridges(page: Page, house: House) -> None:
    open_app(page, house)
    expect(page.get_by_text("Revenue fell by")).to_be_visible()
    expect(page.get_by_text("Revenue rose by")).to_be_visible()
    expect(page.locator("[data-testid=stVegaLiteChart] svg")).to_have_count(2)
    expect(page.get_by_text("Sidecar alive")).to_be_visible()


def test_from_an_own_file_to_a_report_that_follows_newer_data(page: Page, house: House, tmp_path: Path) -> None:
    load(page, house, write(tmp_path, "stores.csv", FEBRUARY))
    build(page, house)
    look_into_conversion(page)
    save(page)
    url = make_link(page)
    assert "Revenue fell by 1,360" in read_report(page, url)
    load_newer(page, house, write(tmp_path, "stores-corrected.csv", FEBRUARY_CORRECTED))
    assert "Revenue rose by 1,280" in read_report(page, url)


def load(page: Page, house: House, file: Path) -> None:
    """Upload the file; `store` is a number there, and becomes a dimension."""
    open_app(page, house, "Data?new=1")
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("What the columns are for")).to_be_visible()
    settled(page)
    correct_role(page, "store", "dimension")
    picture(page, "data-new-columns")
    press(page, "data_new_load")
    expect(page.get_by_text("'stores' is at version 1 with 8 rows.")).to_be_visible()


def correct_role(page: Page, column: str, role: str) -> None:
    """Choose the role of a column in the table, by keyboard as far as the canvas lets us."""
    grid = page.locator("[data-testid=stDataFrame]").first
    grid.locator("#glide-cell-0-0").wait_for(state="attached")
    names = [cell.text_content() for cell in grid.locator("td[aria-colindex='1']").all()]
    row = names.index(column)
    cell = grid.locator(f"#glide-cell-3-{row}")

    def is_chosen() -> bool:
        """Clicked where the row is now: what stands above may have moved it."""
        box = grid.locator("canvas").first.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 30, box["y"] + box["height"] / (len(names) + 1) * (row + 1.5))
        with suppress(PlaywrightTimeout):
            grid.locator(f"#glide-cell-0-{row}[aria-selected=true]").wait_for(state="attached", timeout=SEEN_WITHIN_MS)
            return True
        return False

    wait_for(is_chosen, what=f"cell of '{column}'")
    for position in range(1, 4):
        page.keyboard.press("ArrowRight")
        expect(grid.locator(f"#glide-cell-{position}-{row}")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    option = page.locator("#portal").get_by_text(role, exact=True)
    expect(option).to_be_visible()
    option.click()
    expect(cell).to_have_text(role)
    settled(page)


def build(page: Page, house: House) -> None:
    """A three-step chain, last full month against the one before."""
    open_app(page, house, "Bridge?dataset=stores")
    for metric in ("visits", "orders", "revenue"):
        by_key(page, "bridge_metrics").locator("input").fill(metric)
        page.keyboard.press("Enter")
        settled(page)
    press(page, "bridge_chain")
    expect(page.get_by_text("Revenue fell by")).to_be_visible()
    picture(page, "bridge-new")


def look_into_conversion(page: Page) -> None:
    """Click the bar that fell; its segments stand below, the store that fell among them."""
    page.locator("[class*=st-key-bridge_chart] [aria-label^='orders / visits:']").click()
    expect(page).to_have_url(re.compile("step=orders"))
    settled(page)
    card = by_key(page, "bridge_step_card")
    expect(card.locator("[data-testid=stVegaLiteChart] svg").first).to_be_visible()
    card.get_by_role("radio", name="Table").or_(card.get_by_role("button", name="Table")).first.click()
    expect(card.locator("[data-testid=stDataFrame]")).to_be_visible()
    picture(page, "bridge-step", whole=True)


def save(page: Page) -> None:
    press(page, "bridge_save")
    by_key(page, "bridge_name").locator("input").fill("Stores")
    page.keyboard.press("Tab")
    press(page, "bridge_save_now")
    expect(page.get_by_text("Saved as 'Stores', revision 1.")).to_be_visible()


def make_link(page: Page) -> str:
    press(page, "bridge_export")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Public").first.click()
    settled(page)
    press(page, "bridge_share_now")
    address = dialog.get_by_text(re.compile(r"http://localhost:\d+/r/")).first
    expect(address).to_be_visible()
    picture(page, "bridge-link")
    return address.inner_text().strip()


def load_newer(page: Page, house: House, file: Path) -> None:
    open_app(page, house, "Data?dataset=stores")
    page.get_by_role("tab", name="Source").click()
    uploader = by_key(page, "data_newer_file")
    uploader.locator("input[type=file]").set_input_files(file)
    # Taken up in its own time; from then on the button waits by itself.
    expect(uploader.get_by_text(file.name)).to_be_visible()
    press(page, "data_newer_load")
    expect(page.get_by_text("Data version 2")).to_be_visible()


def read_report(page: Page, url: str) -> str:
    page.goto(url)
    return page.locator("main").inner_text()
