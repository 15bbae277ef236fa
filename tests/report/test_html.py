"""The report page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from core.engine.bridge import Bridge
from core.model.delivery import ElementSpec
from core.report.assets import asset_name, assets
from core.report.html import Download, PageFrame, render_page
from core.warehouse import Version
from tests.report.conftest import SHOP_STEPS, shop_bridge, sum_bridge
from tests.report.test_chart import contrast
from tests.report.test_document import report_of

HOSTILE = "<script>alert('x')</script>\"onload=\"x"


class Page(HTMLParser):
    """Tags with their attributes, and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(bridge: Bridge, version: Version, frame: PageFrame | None = None, **content: Any) -> str:
    return render_page(report_of(bridge, version, **content), frame=frame or PageFrame(address="/r/shop/token"))


@pytest.fixture
def slides(shop: Bridge, version: Version) -> str:
    return page_of(shop, version)


def test_slides_are_sections(slides: str) -> None:
    cards = [tag for tag in Page(slides).all("section") if tag["class"] == "card"]
    assert [card["data-key"] for card in cards] == ["waterfall", "step_detail"]


def test_it_reads_without_any_script(slides: str) -> None:
    text = Page(slides).text
    assert "Revenue fell by €41.3k (−10.0\u202f%), driven by conversion" in text
    assert "Data as of 1 Dec 2026, 06:02 Europe/Paris, covers until 30 Nov" in text
    assert "Rendered at 1 Dec 2026, 09:00 · version 214" in text


def test_nothing_is_inline_and_nothing_is_remote(slides: str) -> None:
    page = Page(slides)
    assert [tag for tag in page.all("script") if not (tag.get("src") or "").startswith("/static/")] == []
    assert page.all("style") == []
    assert [a for _, tag in page.tags for a in tag if a == "style" or a.startswith("on")] == []
    addresses = [tag.get(name) or "" for _, tag in page.tags for name in ("src", "href", "action")]
    assert [address for address in addresses if "//" in address] == []


def test_no_vega_reaches_the_reader(slides: str) -> None:
    assert "vega" not in slides.lower()


def test_charts_come_wide_and_narrow(slides: str) -> None:
    assert [tag["class"] for tag in Page(slides).all("svg")] == ["wide", "narrow", "wide", "narrow"]


def test_names_are_escaped_everywhere(version: Version) -> None:
    bridge = sum_bridge([1, 2], [3, 4], names=[HOSTILE, "b"], total=HOSTILE)
    html = page_of(bridge, version, PageFrame(notice="stale", notice_detail=HOSTILE), where={HOSTILE: [HOSTILE]})
    tags = Page(html)
    assert len(tags.all("script")) == 1
    assert [tag for _, tag in tags.tags if "onload" in tag] == []


def test_a_public_page_is_marked(shop: Bridge, version: Version) -> None:
    html = page_of(shop, version, PageFrame(is_public=True, expires="20 Feb 2027"))
    assert re.search(r"Public link, until 20 Feb 2027", html)


def test_a_private_page_says_so(slides: str) -> None:
    assert "For signed-in people" in slides


@pytest.mark.parametrize(("good", "look"), [("up", "crossed loss"), ("down", "crossed gain")])
def test_an_alert_looks_as_what_moved_is_good_or_bad(version: Version, good: Any, look: str) -> None:
    assert f'<section class="band {look}"' in page_of(shop_bridge(good=good), version)


def test_an_alert_that_did_not_go_off_is_quiet(version: Version) -> None:
    assert '<section class="band"' in page_of(sum_bridge([100], [90], total_threshold_pct=20), version)


def test_a_dropdown_shows_one_section(shop: Bridge, version: Version) -> None:
    cards = [tag for tag in Page(page_of(shop, version, layout="dropdown")).all("section") if tag["class"] == "card"]
    assert ["hidden" in card for card in cards] == [False, True, True, True]


def test_a_dropdown_can_be_addressed(shop: Bridge, version: Version) -> None:
    html = page_of(shop, version, PageFrame(address="/r/s/t", view="step:Basket"), layout="dropdown")
    shown = [t["data-key"] for t in Page(html).all("section") if t["class"] == "card" and "hidden" not in t]
    assert shown == ["step:Basket"]


def test_a_dropdown_has_links_for_readers_without_script(shop: Bridge, version: Version) -> None:
    html = page_of(shop, version, PageFrame(address="/r/s/t"), layout="dropdown")
    links = [tag["href"] for tag in Page(html).all("a") if "view=" in (tag["href"] or "")]
    assert links == ["/r/s/t?view=waterfall", *(f"/r/s/t?view=step%3A{step.name}" for step in SHOP_STEPS)]


def test_an_unknown_view_shows_the_first_and_says_so(shop: Bridge, version: Version) -> None:
    html = page_of(shop, version, PageFrame(view="nonsense"), layout="dropdown")
    cards = [tag for tag in Page(html).all("section") if tag["class"] == "card"]
    assert "hidden" not in cards[0]
    assert "does not have the view that the address asks for" in html
    assert "nonsense" not in html


def test_a_known_view_and_no_view_are_not_remarked_on(shop: Bridge, version: Version) -> None:
    for view in ("", "step:Basket"):
        assert "does not have the view" not in page_of(shop, version, PageFrame(view=view), layout="dropdown")


@pytest.mark.parametrize(
    ("notice", "said"), [("loading", "Newer data is being loaded."), ("stale", "The source could not be read.")]
)
def test_notices_offer_a_reload(shop: Bridge, version: Version, notice: Any, said: str) -> None:
    html = page_of(shop, version, PageFrame(address="/r/s/t", notice=notice))
    assert said in html
    assert '<a href="/r/s/t">Reload</a>' in html


def test_downloads_are_linked(shop: Bridge, version: Version) -> None:
    html = page_of(shop, version, PageFrame(downloads=(Download("PNG", "/r/s/t.png"), Download("CSV", "/r/s/t.csv"))))
    assert {"/r/s/t.png", "/r/s/t.csv"} <= {tag["href"] for tag in Page(html).all("a")}


@pytest.mark.parametrize(("locale", "said"), [("fr", "Données du"), ("de", "Datenstand"), ("nb", "Data per")])
def test_the_whole_page_speaks_one_language(shop: Bridge, version: Version, locale: str, said: str) -> None:
    html = page_of(shop, version, locale=locale)
    assert f'<html lang="{locale}">' in html
    assert said in html


def test_assets_are_named_by_their_content() -> None:
    assert {asset.media_type.split(";")[0] for asset in assets().values()} == {
        "text/css",
        "text/javascript",
        "font/woff2",
    }
    style = assets()[asset_name("report.css")].content.decode()
    assert asset_name("SourceSansPro-Variable.woff2") in style


def test_the_style_sheet_names_no_other_host() -> None:
    assert "//" not in assets()[asset_name("report.css")].content.decode()


def test_every_text_can_be_read_on_every_ground_in_light_and_dark() -> None:
    style = assets()[asset_name("report.css")].content.decode()
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    for colours in (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks[:2]):
        for ground in ("page", "card", "alert", "gain", "notice"):
            for ink in ("ink", "muted", "good-text", "bad-text", "link"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_a_reload_keeps_the_view(shop: Bridge, version: Version) -> None:
    frame = PageFrame(address="/r/x/y", notice="loading", view="step:Basket & more")
    page = page_of(shop, version, frame, layout="dropdown")
    assert '<a href="/r/x/y?view=step%3ABasket%20%26%20more">' in page


def test_tables_are_tables_with_heads(slides: str) -> None:
    page = Page(slides)
    assert len(page.all("table")) == 2
    assert {tag.get("scope") for tag in page.all("th")} == {"col", "row"}


def test_numbers_behind_cells_are_there_to_sort_by(slides: str) -> None:
    page = Page(slides)
    assert len([tag for tag in page.all("table") if "data-sortable" in tag]) == 2
    assert "-63502.3" in str([tag.get("data-value") for tag in page.all("td")])


def test_a_choice_without_a_title_is_called_by_its_view(shop: Bridge, version: Version) -> None:
    elements = (ElementSpec(view="funnel", part="chart"), ElementSpec(view="tree", part="table"))
    html = page_of(shop, version, layout="dropdown", locale="de", elements=elements)
    assert ">Trichter: Diagramm</option>" in html
    assert ">Kennzahlenbaum: Tabelle</option>" in html
