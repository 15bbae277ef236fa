"""What Microsoft's own renderer of Adaptive Cards makes of the cards for Teams, and the preview beside it."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from core.connectors.teams.cards import filled
from core.model.document import Report, Text
from core.report.card_html import card_page
from core.report.images import png
from core.report.teams_card import CardOptions, card_pictures, teams_message
from core.warehouse import Version
from tests.browser.conftest import picture, violations
from tests.report.conftest import version as version_fixture
from tests.report.test_mail import shop_report

pytestmark = pytest.mark.browser

version = version_fixture
PACKAGES = Path(__file__).parent / "node_modules"
SCRIPTS = (
    PACKAGES / "adaptivecards" / "dist" / "adaptivecards.min.js",
    PACKAGES / "markdown-it" / "dist" / "browser" / "markdown-it.umd.min.js",
)
LAYOUTS = ("slides", "list", "dropdown")
OPTIONS = CardOptions(
    export="Monday card",
    before="Good morning,\n\nhere is **November**. Ask [us](mailto:us@example.org).\n\n1. one\n2. two",
    link="https://reports.example.org/r/revenue/token",
    is_test=True,
)
# Near to Teams: its colours, sizes and limits.
COLOURS = {
    name: {"default": value, "subtle": f"#bf{value[1:]}"}
    for name, value in {"default": "#252424", "good": "#237b4b", "attention": "#c4314b", "warning": "#835c00"}.items()
}
STYLES = {"default": "#ffffff", "emphasis": "#f5f5f5", "good": "#ccffcc", "attention": "#ffc5b2", "warning": "#ffe2b2"}
HOST = {
    "fontFamily": "Segoe UI, Source Sans Pro, sans-serif",
    "fontSizes": {"small": 12, "default": 14, "medium": 16, "large": 18, "extraLarge": 24},
    "spacing": {"small": 8, "default": 12, "medium": 16, "large": 20, "extraLarge": 24, "padding": 16},
    "actions": {"maxActions": 6, "buttonSpacing": 8},
    "supportsInteractivity": True,
    "containerStyles": {
        name: {"backgroundColor": ground, "foregroundColors": COLOURS} for name, ground in STYLES.items()
    },
}
DRAW = """([card, host]) => {
    const kit = window.AdaptiveCards;
    kit.AdaptiveCard.onProcessMarkdown = (text, result) => {
        result.outputHtml = window.markdownit({linkify: true}).render(text);
        result.didProcess = true;
    };
    const drawn = new kit.AdaptiveCard();
    drawn.hostConfig = new kit.HostConfig(host);
    const context = new kit.SerializationContext();
    drawn.parse(card, context);
    const found = [];
    for (let at = 0; at < context.eventCount; at++) found.push(context.getEventAt(at).message);
    for (const event of drawn.validateProperties().validationEvents) found.push(event.message);
    document.body.style.cssText = "margin: 16px; background: #f5f5f5";
    const frame = document.createElement("div");
    frame.style.cssText = "max-width: 720px; margin: auto; border: 1px solid #e0e0e0; border-radius: 6px";
    frame.append(drawn.render());
    document.body.replaceChildren(frame);
    return found;
}"""


@pytest.fixture(scope="module", autouse=True)
def renderer() -> None:
    if not all(path.exists() for path in SCRIPTS):
        if os.environ.get("CI"):
            pytest.fail("The renderer of Adaptive Cards is not there: .ci/run installs it by npm.")
        pytest.skip("The renderer of Adaptive Cards is not there: npm install --prefix tests/browser, see .ci/run")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 760, "height": 900})
    yield page
    page.close()


def files_of(report: Report) -> dict[str, bytes]:
    return {each.file: png(dict(each.spec)) for each in card_pictures(report)}


def drawn(page: Page, report: Report, name: str = "pictured") -> list[str]:
    """Draw the card as it would be sent; what the renderer has against it."""
    message, files = teams_message(report, card_pictures(report), OPTIONS), files_of(report)
    inside = {one["content_id"]: b64encode(files[one["file"]]).decode() for one in message["pictures"]}
    card = filled(
        message["cards"][name], delivery_id="d", address=lambda key: f"data:image/png;base64,{inside.get(key)}"
    )
    page.goto("about:blank")
    for script in SCRIPTS:
        page.add_script_tag(path=script)
    found: list[str] = page.evaluate(DRAW, [card, HOST])
    return found


@pytest.mark.parametrize("name", ["pictured", "bare", "short"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_renderer_accepts_a_card(layout: str, name: str, version: Version, page: Page) -> None:
    assert drawn(page, shop_report(version, layout=layout), name) == []
    picture(page, f"card-{layout}-{name}", whole=True)
    page.wait_for_function("[...document.images].every(image => image.complete)")
    images: list[dict[str, Any]] = page.evaluate("[...document.images].map(i => ({wide: i.naturalWidth, alt: i.alt}))")
    assert all(image["wide"] and image["alt"] for image in images)
    assert bool(images) is (name == "pictured" and layout != "list")
    assert "\\" not in page.inner_text("body")
    assert "Revenue fell by €41.3k (−10.0\u202f%)" in page.inner_text("body").replace("\u00a0", " ")


def test_a_button_of_the_dropdown_shows_its_view_alone(version: Version, page: Page) -> None:
    drawn(page, shop_report(version, layout="dropdown"))
    for name, title in (("Visits", "Visits by device: mobile rose"), ("Basket", "Basket by device: desktop rose")):
        page.get_by_role("button", name=name).click()
        seen = [text.strip() for text in page.locator("[role=heading]:visible").all_inner_texts()]
        assert seen == [title]
    picture(page, "card-dropdown-chosen", whole=True)


def test_what_comes_from_data_is_shown_as_it_is(version: Version, page: Page) -> None:
    report = shop_report(version)
    name = "[x](https://evil.example) *all* _of_ 1) <b> & `it` #1"
    odd = replace(report, name=name, sections=(replace(report.sections[0], title=(Text(name),), subtitle=f"- {name}"),))
    assert drawn(page, odd) == []
    assert page.inner_text("body").replace("\u2060", "").count(name) == 4
    assert page.locator("a[href*=evil]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_preview_shows_the_same(layout: str, scheme: Any, version: Version, browser: Browser) -> None:
    report = shop_report(version, layout=layout)
    message = teams_message(report, card_pictures(report), OPTIONS)
    page = browser.new_page(viewport={"width": 760, "height": 900}, color_scheme=scheme)
    page.set_content(card_page(message, files_of(report), has_pictures=True))
    picture(page, f"card-preview-{layout}-{scheme}", whole=True)
    assert violations(page) == []
    if layout == "dropdown":
        page.get_by_role("button", name="Basket").click()
        assert page.locator("main h2:visible").all_inner_texts() == ["Basket by device: desktop rose"]
    page.close()
