from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from core.connectors.email import UNSUBSCRIBE
from core.model.delivery import ReportContent
from core.model.document import Report, Section, Table, Text, plain
from core.report.document import build_report
from core.report.images import png
from core.report.mail import MOST_BYTES, MailOptions, fitting, mail_message, mail_pictures, mail_subject
from core.report.messages import CATALOGUES
from core.warehouse import Version
from tests.report.conftest import shop_bridge

LINK = "https://reports.example.org/r/revenue/token"
OPTIONS = MailOptions(export="Monday mail", link=LINK)
VOID = {"meta", "img", "br", "hr"}


@pytest.fixture
def report(version: Version) -> Report:
    return shop_report(version)


def shop_report(version: Version, **content: Any) -> Report:
    return build_report(
        shop_bridge(),
        ReportContent(analysis="shop", **content),
        name="Online shop",
        version=version,
        rendered_at=datetime(2026, 12, 1, 6, tzinfo=UTC),
        zone="Europe/Berlin",
    )


def message(report: Report, **options: Any) -> dict[str, Any]:
    return mail_message(report, mail_pictures(report), replace(OPTIONS, **options))


def long_report(report: Report, rows: int, sections: int = 1) -> Report:
    """Sections with a table of so many rows and a total each."""
    cells = [tuple(Text(f"{name} {row}") for name in ("segment", "from", "to", "impact")) for row in range(rows)]
    table = Table(
        ("Segment", "From", "To", "Impact"), ("left", "right", "right", "right"), tuple(cells), has_total=True
    )
    whole = [Section(f"step:{number}", (Text(f"Step {number}"),), table=table) for number in range(sections)]
    return replace(report, sections=tuple(whole))


class Reader(HTMLParser):
    """What a mail program finds: elements in order, and whether every one that is opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


def test_the_subject_is_the_headline_in_one_line(report: Report) -> None:
    torn = replace(report, headline=(Text("Revenue\r\nBcc: x@example.org"),))
    assert mail_subject(report, OPTIONS) == plain(report.headline)
    assert mail_subject(torn, OPTIONS) == "Revenue Bcc: x@example.org"


def test_an_author_may_write_the_subject(report: Report) -> None:
    own = replace(OPTIONS, subject="{name} on {day}: {headline} {else}")
    assert mail_subject(report, own) == f"Online shop on 30 Nov 2026: {plain(report.headline)} {{else}}"


def test_a_test_is_marked_as_one(report: Report) -> None:
    made = message(report, is_test=True)
    assert made["subject"].startswith("Test: ")
    assert "only you get this mail" in made["html"]
    assert made["text"].startswith("A test: only you get this mail.")


def test_html_is_whole_and_small(report: Report) -> None:
    html = message(report)["html"]
    assert Reader(html).open == []
    assert len(html.encode()) < 40_000


def test_every_element_is_dressed_where_it_stands(report: Report) -> None:
    read = Reader(message(report)["html"])
    assert all(cell.get("style") for tag in ("p", "h2", "th") for cell in read.all(tag))
    assert all(table.get("role") == "presentation" or "figures" in str(table["class"]) for table in read.all("table"))


def test_it_changes_for_phones_and_for_the_dark(report: Report) -> None:
    html = message(report)["html"]
    assert "@media (max-width: 639px)" in html
    assert "@media (prefers-color-scheme: dark)" in html


def test_nothing_is_fetched_from_elsewhere(report: Report) -> None:
    html = message(report)["html"]
    assert {str(image["src"])[:4] for image in Reader(html).all("img")} == {"cid:"}
    assert "url(" not in html
    assert "<script" not in html
    assert "<link" not in html


def test_alternative_texts_carry_the_numbers(report: Report) -> None:
    images = Reader(message(report)["html"]).all("img")
    assert all(image["alt"] for image in images)
    assert "Conversion −€63.5k (−15.4\u202f%)" in str(images[0]["alt"])


def test_each_picture_is_named_once_and_drawn(report: Report) -> None:
    pictures = mail_pictures(report)
    named = [str(image["src"]).removeprefix("cid:") for image in Reader(message(report)["html"]).all("img")]
    assert named == [picture.content_id for picture in pictures]
    assert named == ["chart-1", "chart-1-phone", "chart-2", "chart-2-phone"]
    assert png(dict(pictures[0].spec)).startswith(b"\x89PNG")


def test_a_chart_is_laid_out_for_the_mail_s_width(report: Report) -> None:
    assert [picture.spec["width"] for picture in mail_pictures(report)] == [552, 320, 552, 320]


def test_a_chart_of_fixed_width_is_seen_as_on_phones(version: Version) -> None:
    (picture,) = mail_pictures(shop_report(version, views=("funnel",)))
    assert (picture.spec["width"], picture.width, picture.seen) == (320, 400, "both")


def test_steps_stand_in_a_real_table(report: Report) -> None:
    html = message(report)["html"]
    assert re.search(r'scope="row"[^>]*>Conversion</th><td[^>]*>3.40', html)
    assert re.search(r'scope="col"[^>]*>Impact</th>', html)


@pytest.mark.parametrize(
    ("locale", "left_out"), [("en", ["% of base"]), ("de", ["Von", "% der Basis"])], ids=["English", "German"]
)
def test_a_phone_shows_as_many_columns_as_it_has_room_for_the_effect_among_them(
    version: Version, locale: str, left_out: list[str]
) -> None:
    html = message(shop_report(version, locale=locale, views=("waterfall",)))["html"]
    heads = re.findall(r'<th[^>]*class="head ([^"]+)"[^>]*>([^<]+)</th>', html)
    assert [head for classes, head in heads if "wide" in classes] == left_out


def test_names_from_the_data_are_text(version: Version) -> None:
    html = message(replace(shop_report(version), name='<b>Shop</b> & "more"'))["html"]
    assert "<b>" not in html
    assert "&lt;b&gt;Shop" in html


def test_own_words_surround_the_report(report: Report) -> None:
    made = message(report, before="Hello **you**", after="See [plan](https://example.org/plan)")
    assert "Hello <strong>you</strong>" in made["html"]
    assert 'href="https://example.org/plan"' in made["html"]
    assert made["text"].index("Hello **you**") < made["text"].index("Revenue fell") < made["text"].index("See [plan]")


def test_it_says_how_old_the_data_are_and_leads_to_the_report(report: Report) -> None:
    made = message(report)
    for form in ("html", "text"):
        assert "Data as of 1 Dec 2026, 06:02 Europe/Berlin, covers until 30 Nov 2026" in made[form]
        assert LINK in made[form]


def test_a_report_without_a_link_has_no_button(report: Report) -> None:
    assert "Open the report" not in message(report, link="")["html"]


def test_a_recipient_may_leave_where_there_is_an_address_for_it(report: Report) -> None:
    made = message(report, has_unsubscribe=True)
    assert made["html"].count(UNSUBSCRIBE) == made["text"].count(UNSUBSCRIBE) == 1
    assert UNSUBSCRIBE not in message(report)["html"]


def test_a_dropdown_shows_its_first_choice_and_links_to_the_others(version: Version) -> None:
    made = message(shop_report(version, layout="dropdown"))
    links = [str(link["href"]) for link in Reader(made["html"]).all("a")]
    assert f"{LINK}?view=step%3AConversion" in links
    assert [picture["content_id"] for picture in made["pictures"]] == ["chart-1", "chart-1-phone"]
    assert f"Conversion by device: mobile fell: {LINK}?view=step%3AConversion" in made["text"]


def test_a_list_stands_in_one_card(version: Version) -> None:
    def cards(layout: str) -> int:
        cells = Reader(message(shop_report(version, layout=layout))["html"]).all("td")
        return sum(cell.get("class") == "card" for cell in cells)

    assert (cards("slides"), cards("list")) == (2, 1)


def test_the_plain_text_holds_the_table_and_the_comment(report: Report) -> None:
    lines = message(report)["text"].splitlines()
    assert "- Revenue fell from €412.6k to €371.3k: −€41.3k (−10.0\u202f%)." in lines
    assert "Basket       €10.02   €10.35  +€12.6k     +3.1\u202f%" in lines


def test_what_does_not_fit_is_left_out_and_said(report: Report) -> None:
    files = (("a.csv", 10), ("big.pptx", 14_999_995), ("b.pdf", 20))
    assert fitting(files) == (("a.csv", "b.pdf"), ("big.pptx",))
    made = message(report, attachments=files)
    assert made["attachments"] == ["a.csv", "b.pdf"]
    for form in ("html", "text"):
        assert "Too large for a mail, and left out: big.pptx." in made[form]


def test_a_long_table_is_cut_and_says_how_much_is_missing(report: Report) -> None:
    html = message(long_report(report, 1_000))["html"]
    assert "960 more rows in the report" not in html
    assert "959 more rows in the report" in html
    assert "segment 999" in html


@pytest.mark.parametrize("sections", [30, 400])
def test_a_mail_stays_below_the_limit_of_gmail(report: Report, sections: int) -> None:
    assert len(message(long_report(report, 60, sections))["html"].encode()) <= MOST_BYTES


def test_what_is_left_out_of_a_mail_is_linked(report: Report) -> None:
    html = message(long_report(report, 60, 30))["html"]
    assert "Step 29" in html


@pytest.mark.parametrize("language", CATALOGUES)
def test_it_is_written_in_the_reader_s_language(version: Version, language: str) -> None:
    html = message(shop_report(version, locale=language), has_unsubscribe=True)["html"]
    assert f'<html lang="{language}"' in html
    assert CATALOGUES[language]["mail_open"].replace("’", "’") in html
    assert CATALOGUES[language]["mail_unsubscribe"] in html
