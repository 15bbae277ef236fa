from __future__ import annotations

from html.parser import HTMLParser

from core.connectors.slack.shown import shown
from core.report.slack_html import slack_page
from tests.connectors.slack_parcels import message_of
from tests.report.test_mail import Reader


def page(layout: str = "slides") -> str:
    posts = message_of(layout)["posts"]
    return slack_page([{**post, "blocks": shown(post["blocks"], _picture)} for post in posts])


def _picture(name: str) -> dict[str, str]:
    return {"image_url": f"data:image/png;base64,{name}"}


def section(text: str) -> str:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    drawn = slack_page([{"blocks": blocks}])
    return drawn.partition("<p>")[2].partition("</p>")[0]


def test_every_element_that_is_sent_is_drawn() -> None:
    slides, menu = Reader(page()), Reader(page("dropdown"))
    assert slides.open == menu.open == []
    assert next(one["alt"] for one in slides.all("img")).startswith("Bridge of revenue: October 2026")
    assert [one["href"] for one in slides.all("a")] == ["https://reports.example.org/r/revenue/token"]
    assert len(menu.all("select")) == 1
    assert len(menu.all("option")) == 8


def test_a_thread_stands_below_its_first_message() -> None:
    posts = [{"blocks": [{"type": "divider"}]}] * 3
    assert "2 replies" in slack_page(posts)


def test_marks_become_what_slack_shows_and_nothing_else_does() -> None:
    assert section("*bold* and _soft_, ~gone~ `x` a*b*c snake_case_name") == (
        "<b>bold</b> and <i>soft</i>, <s>gone</s> <code>x</code> a*b*c snake_case_name"
    )
    assert section("&lt;b&gt; &amp;amp; <https://e.org/?a=1&amp;b=2|a *b*> (*5*)") == (
        '&lt;b&gt; &amp;amp; <a href="https://e.org/?a=1&amp;b=2">a <b>b</b></a> (<b>5</b>)'
    )


def test_nothing_of_the_data_becomes_html() -> None:
    class Scripts(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            assert tag not in {"script", "iframe"}

    text = {"type": "plain_text", "text": "<script>alert(1)</script>"}
    name = '"><script>'
    blocks = [
        {"type": "header", "text": text},
        {"type": "section", "text": {"type": "mrkdwn", "text": "<script>alert(1)</script>"}},
        {"type": "image", "image_url": name, "alt_text": name},
        {"type": "actions", "elements": [{"type": "button", "text": text, "url": name}]},
    ]
    Scripts().feed(slack_page([{"blocks": blocks}], name=name))
