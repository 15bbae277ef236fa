"""What is public, on the Settings page."""

from __future__ import annotations

from core.app import App
from core.delivery.exports import SavedExport
from tests.pages.driving import Open, settled, texts
from tests.pages.test_exports import monday

PAGE = "pages/7_Settings.py"
__all__ = ["monday"]


def test_it_says_when_nothing_is_public(open_page: Open, app: App) -> None:
    assert "Nothing is public" in open_page(PAGE, section="public").info[0].value


def test_it_lists_what_is_public_and_pauses_it(open_page: Open, app: App, monday: SavedExport) -> None:
    page = open_page(PAGE, section="public")
    assert "Monday report" in texts(page)
    settled(page.button(key=f"settings_pause_{monday.links[0].id}").click().run())
    assert app.exports.get(monday.id).links[0].state == "paused"
