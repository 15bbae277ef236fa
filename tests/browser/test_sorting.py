"""Tables of a report are sorted by a click or by the keyboard, without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from core.model.data import Calendar
from core.model.delivery import ReportContent
from core.report.document import build_report
from core.report.html import PageFrame, render_page
from core.ui.exports_preview import STATIC, self_contained
from core.warehouse import Version
from tests.report.conftest import shop_bridge

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


def opened(page: Page) -> Locator:
    """The table of the main step."""
    version = Version(
        dataset="shop",
        number=1,
        rows=9,
        bytes=9,
        columns=(),
        calendar=Calendar(),
        as_of=NOW,
        published_at=NOW,
        newest=None,
        oldest=None,
        newest_is_full=True,
        facts=Path("1.parquet"),
    )
    content = ReportContent(analysis="revenue", views=("step_detail",))
    report = build_report(shop_bridge(), content, name="Shop", version=version, rendered_at=NOW, zone="UTC")
    page.set_content(self_contained(render_page(report, frame=PageFrame(static_path=STATIC))))
    return page.locator("table")


def names(table: Locator) -> list[str]:
    return table.locator("tbody th").all_text_contents()


def test_a_click_sorts_by_the_numbers_and_the_total_stays_last(page: Page) -> None:
    table = opened(page)
    as_written = names(table)
    mix = table.get_by_role("button", name="Mix")
    mix.click()
    expect(table.locator("thead th").nth(4)).to_have_attribute("aria-sort", "descending")
    assert names(table) == ["tablet", "mobile", "desktop", "All"]
    mix.click()
    assert names(table) == ["desktop", "mobile", "tablet", "All"]
    mix.click()
    assert names(table) == as_written


def test_the_keyboard_sorts_by_names(page: Page) -> None:
    table = opened(page)
    table.get_by_role("button", name="Device").focus()
    page.keyboard.press("Enter")
    expect(table.locator("thead th").first).to_have_attribute("aria-sort", "ascending")
    assert names(table) == ["desktop", "mobile", "tablet", "All"]
