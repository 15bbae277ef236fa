from __future__ import annotations

from dataclasses import replace

import pytest

from core.model.document import Report, Section, Text
from core.report.card_html import card_page
from core.report.teams_card import CardOptions, card_pictures, teams_message
from core.warehouse import Version
from tests.report.test_mail import Reader, shop_report


@pytest.fixture
def report(version: Version) -> Report:
    return shop_report(version, layout="dropdown")


def page(report: Report, *, has_pictures: bool = True, before: str = "") -> str:
    options = CardOptions("Monday", before=before, link="https://reports.example.org/r/x/y")
    message = teams_message(report, card_pictures(report), options)
    return card_page(message, {one["file"]: b"\x89PNG" for one in message["pictures"]}, has_pictures=has_pictures)


def test_each_element_is_drawn(report: Report) -> None:
    read = Reader(page(report))
    assert not read.open
    assert [image["src"] for image in read.all("img")] == ["data:image/png;base64,iVBORw=="] * 4
    assert len([box for box in read.all("div") if "hidden" in box]) == 3
    assert [box.get("id") for box in read.all("div") if box.get("id")] == ["view-1", "view-2", "view-3", "view-4"]
    assert len(read.all("button")) == 4


def test_without_pictures_figures_stand_there(report: Report) -> None:
    read = Reader(page(report, has_pictures=False))
    assert not read.all("img")
    assert len(read.all("table")) == 4


def test_what_comes_from_data_is_shown_as_it_is_and_is_no_markup(report: Report) -> None:
    name = "<b>*all*</b> [x](y)"
    section = Section("waterfall", (Text(name),), subtitle=name, comment=((Text(name),),))
    drawn = page(replace(report, sections=(section,)), before="[go](https://a.example)")
    assert drawn.count("&lt;b&gt;*all*&lt;/b&gt; [x](y)") == 3
    assert "<b>" not in drawn
    assert 'href="https://a.example"' in drawn
