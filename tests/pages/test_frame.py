"""What every page has: one title, whatever stands below it."""

from __future__ import annotations

import pytest

from tests.pages.driving import Open

TITLES = [
    ("Home.py", {}, "Home"),
    ("pages/1_Data.py", {}, "Data"),
    ("pages/1_Data.py", {"new": "1"}, "Load new data"),
    ("pages/2_Bridge.py", {}, "Bridge"),
    ("pages/2_Bridge.py", {"analysis": "gone"}, "Bridge"),
    ("pages/3_Exports.py", {}, "Exports"),
    ("pages/6_Connections.py", {}, "Connections"),
    ("pages/6_Connections.py", {"new": "1"}, "New connection"),
    ("pages/7_Settings.py", {}, "Settings"),
]


@pytest.mark.parametrize(("page", "params", "title"), TITLES)
def test_an_empty_page_has_one_title(open_page: Open, page: str, params: dict[str, str], title: str) -> None:
    assert [found.value for found in open_page(page, **params).title] == [title]


@pytest.mark.usefixtures("demo")
def test_the_bridge_page_is_named_after_its_analysis(open_page: Open) -> None:
    page = open_page("pages/2_Bridge.py", analysis="shop-revenue")
    assert [found.value for found in page.title] == ["Shop revenue"]
