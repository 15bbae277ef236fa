"""Charts as pictures."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import vl_convert

from core.engine.bridge import Bridge
from core.report.chart import specification, step_detail, waterfall
from core.report.images import inline_svg, png, raw_svg, svg
from core.report.templating import TEMPLATES
from core.report.theme import FONT, LIGHT
from core.report.widths import text_width
from tests.report.conftest import sum_bridge

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawn(shop: Bridge) -> str:
    return inline_svg(specification(waterfall(shop)), alt='Revenue "fell" <b>', css_class="wide")


def test_a_picture_is_a_png(shop: Bridge) -> None:
    assert png(specification(waterfall(shop)), scale=1).startswith(b"\x89PNG")


def test_an_svg_says_what_it_shows(drawn: str) -> None:
    root = ElementTree.fromstring(drawn)
    assert (root.get("role"), root.get("aria-label")) == ("img", 'Revenue "fell" <b>')


def test_every_bar_has_a_tooltip(drawn: str) -> None:
    titles = [title.text for title in ElementTree.fromstring(drawn).iter(f"{SVG}title")]
    assert titles[2] == "Conversion: −€63.5k, −15.4\u202f% of the base total, 3.40 → 2.89\u202f%"
    assert len(titles) == 5


def test_an_svg_has_nothing_a_strict_policy_forbids(drawn: str) -> None:
    assert not re.search(r"<script|\sstyle=|\son\w+=|<style|href", drawn)


def test_an_svg_names_no_address_but_its_own_format(drawn: str) -> None:
    assert set(re.findall(r"https?://[^\"]+", drawn)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("mark", ["\x00", "\x08", "\x1f", "\ufffe"])
def test_characters_that_xml_cannot_hold_are_replaced(mark: str) -> None:
    """The converter would end the whole process."""
    bars = sum_bridge([1, 2], [3, 4], names=[f"a{mark}b", "c"], total=f"cost{mark}")
    spec = specification(waterfall(bars))
    drawn = svg(spec, alt=f"a{mark}b")
    assert "a\ufffdb" in drawn
    assert ElementTree.fromstring(drawn).get("aria-label") == "a\ufffdb"
    assert png(spec, scale=1).startswith(b"\x89PNG")


def test_ids_cannot_clash(drawn: str) -> None:
    assert " id=" not in drawn


def test_an_inline_svg_is_as_wide_as_its_place(drawn: str) -> None:
    root = ElementTree.fromstring(drawn)
    assert (root.get("width"), root.get("class")) == (None, "wide")
    assert root.get("viewBox", "").startswith("0 0 ")


def test_colours_are_classes_that_a_page_can_set(drawn: str) -> None:
    coloured = [
        e for e in ElementTree.fromstring(drawn).iter() if re.match("#", e.get("fill") or e.get("stroke") or "")
    ]
    assert coloured
    assert all(element.get("class") for element in coloured)


def test_a_picture_of_its_own_has_a_size_and_a_background(shop: Bridge) -> None:
    root = ElementTree.fromstring(svg(specification(waterfall(shop)), alt="x", background="#ffffff"))
    assert root.get("width")
    assert root[0].get("fill") == "#ffffff"


def test_hostile_names_stay_text() -> None:
    bridge = sum_bridge([1, 2], [3, 4], names=["<script>alert(1)</script>", "a\"'&b"])
    drawn = inline_svg(specification(waterfall(bridge)), alt="x", css_class="wide")
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


def test_remote_data_is_refused() -> None:
    spec = {"data": {"url": "https://example.org/x.csv"}, "mark": "bar", "encoding": {}}
    with pytest.raises(ValueError, match="not allowed"):
        raw_svg(spec)


def test_the_shipped_typeface_is_used(shop: Bridge) -> None:
    with_font = raw_svg(specification(waterfall(shop)))
    assert f'font-family="{FONT}"' in with_font


def test_text_is_as_wide_as_it_was_thought(shop: Bridge, width_of: Callable[[str], float]) -> None:
    for text in ("October 2026", "€412.6k", "share 61.2 → 66.1\u202f%", "Conversion by device"):
        assert 0.9 <= text_width(text, 13) / width_of(text) <= 1.25


@pytest.fixture
def width_of() -> Callable[[str], float]:
    """Width of a text in 13 px as vl-convert draws it: the width of a chart that holds nothing else."""

    def width(text: str) -> float:
        mark = {"type": "text", "font": FONT, "fontSize": 13, "align": "left", "baseline": "middle"}
        spec = {
            "data": {"values": [{}]},
            "mark": mark,
            "encoding": {"text": {"value": text}, "x": {"value": 0}, "y": {"value": 10}},
            "width": 1,
            "height": 20,
            "padding": 0,
            "config": {"view": {"stroke": None}},
        }
        drawn = vl_convert.vegalite_to_svg(spec, vl_version="6.4", allowed_base_urls=[])
        return float(ElementTree.fromstring(drawn).get("width", "0"))

    return width


def test_a_detail_can_be_drawn(shop: Bridge) -> None:
    assert "Performance: each device’s own conversion" in raw_svg(
        specification(step_detail(shop, "Conversion", "device"))
    )


def test_colours_of_the_page_are_those_of_the_theme() -> None:
    style = (TEMPLATES.parent / "static" / "report.css").read_text(encoding="utf-8")
    assert all(f"--{name}: {LIGHT.role(name)}" in style for name in ("total", "good", "bad", "rest", "line", "dots"))


def test_reports_are_made_without_pandas() -> None:
    code = (
        "import sys, core.report.html, core.report.document, core.report.tables; from core.report.images import png; "
        "from tests.report.conftest import shop_bridge; from core.report.chart import specification, waterfall; "
        "png(specification(waterfall(shop_bridge())), scale=1); "
        "print('pandas' in sys.modules, 'streamlit' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False False"
