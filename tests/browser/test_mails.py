"""What a report's mail looks like: wide, on a phone, in the dark, with pictures blocked. Pictures to look at."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core.report.images import png
from core.report.mail import MailOptions, mail_message, mail_pictures
from core.warehouse import Version
from tests.browser.conftest import picture, violations
from tests.report.conftest import version as version_fixture
from tests.report.test_mail import shop_report

pytestmark = pytest.mark.browser

version = version_fixture
LINK = "https://reports.example.org/r/revenue/token"
OPTIONS = MailOptions(
    export="Monday mail",
    before="Good morning,\n\nhere is **November**. Ask [us](mailto:us@example.org).",
    link=LINK,
    attachments=(("deck.pptx", 20_000_000),),
    has_unsubscribe=True,
)


@pytest.fixture(params=["slides", "list", "dropdown"])
def mails(request: pytest.FixtureRequest, version: Version, tmp_path: Path) -> tuple[Path, Path]:
    """A mail as a page, with its pictures and with those blocked."""
    report = shop_report(version, layout=request.param)
    pictures = mail_pictures(report)
    html = mail_message(report, pictures, OPTIONS)["html"]
    whole, blocked = tmp_path / f"{request.param}.html", tmp_path / f"{request.param}-blocked.html"
    blocked.write_text(html, encoding="utf-8")
    for drawn in pictures:
        inside = b64encode(png(dict(drawn.spec))).decode("ascii")
        html = html.replace(f'cid:{drawn.content_id}"', f'data:image/png;base64,{inside}"')
    whole.write_text(html, encoding="utf-8")
    return whole, blocked


@pytest.fixture(params=[("wide", 760, "light"), ("phone", 360, "light"), ("dark", 760, "dark")], ids=lambda it: it[0])
def habit(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[str, Page]]:
    name, width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield name, context.new_page()
    context.close()


def test_a_mail_reads_well(mails: tuple[Path, Path], habit: tuple[str, Page]) -> None:
    (whole, _), (name, page) = mails, habit
    page.goto(whole.as_uri())
    picture(page, f"mail-{whole.stem}-{name}", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    seen = page.locator("img.chart:visible")
    assert [image.get_attribute("src") is not None for image in seen.all()]
    is_phone = name == "phone"
    assert all((int(image.get_attribute("width") or 0) <= 400) == is_phone for image in seen.all())


def test_with_pictures_blocked_their_numbers_are_read(mails: tuple[Path, Path], browser: Browser) -> None:
    _, blocked = mails
    page = browser.new_page(viewport={"width": 760, "height": 900})
    page.goto(blocked.as_uri())
    picture(page, f"mail-{blocked.stem}", whole=True)
    first = page.locator("img.chart:visible").first
    assert "Conversion −€63.5k" in str(first.get_attribute("alt"))
    box = first.bounding_box()
    assert box is not None
    assert box["height"] > 20
    page.close()
