from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.model.document import Report, Section, Table, Text, plain
from core.report.images import png
from core.report.mrkdwn import JOINER, bold, escaped, line_text, words_text
from core.report.slack_blocks import CHOOSE, SlackOptions, slack_message, slack_pictures
from core.warehouse import Version
from tests.connectors.slack_rules import LOUD, complaints, letters
from tests.report.test_mail import LINK, shop_report

OPTIONS = SlackOptions(export="Monday", link=LINK)
LOUD_NAME = "<!channel> & <@U1> @here *x* <https://evil.example|click>"


@pytest.fixture
def report(version: Version) -> Report:
    return shop_report(version)


def message(report: Report, **options: Any) -> dict[str, Any]:
    return slack_message(report, slack_pictures(report), replace(OPTIONS, **options))


def sound(post: dict[str, Any]) -> list[dict[str, Any]]:
    """The blocks of a message with its pictures uploaded, which a strict Slack takes."""
    shown = [
        {"slack_file": {"id": "F1"}, **{name: value for name, value in block.items() if name != "picture"}}
        if block["type"] == "image"
        else block
        for block in post["blocks"]
    ]
    assert complaints(shown, {"F1"}) == []
    assert letters(shown) <= 12_000
    assert 1 <= len(post["text"]) <= 4_000
    return shown


def types(post: dict[str, Any]) -> list[str]:
    return [block["type"] for block in post["blocks"]]


def words(post: dict[str, Any]) -> str:
    return "\n".join(block["text"]["text"] for block in post["blocks"] if block["type"] in {"section", "header"})


def long_report(report: Report, sections: int, letters_each: int = 400) -> Report:
    line = (Text("word " * (letters_each // 5)),)
    whole = [Section(f"step:{n}", (Text(f"Step {n}"),), comment=(line,)) for n in range(sections)]
    return replace(report, sections=tuple(whole))


def test_a_slide_is_header_picture_and_what_is_said(report: Report) -> None:
    (post,) = message(report)["posts"]
    sound(post)
    slide = ["header", "context", "image", "section"]
    assert types(post) == ["section", *slide, "context", *slide, "actions", "context"]
    first = post["blocks"][1]["text"]["text"]
    assert first == plain(report.sections[0].title)


def test_pictures_carry_their_numbers_and_can_be_drawn(report: Report) -> None:
    made, pictures = message(report), slack_pictures(report)
    shown = [block for block in made["posts"][0]["blocks"] if block["type"] == "image"]
    assert [block["picture"] for block in shown] == [picture["file"] for picture in made["pictures"]]
    assert "€412.6k" in shown[0]["alt_text"]
    assert png(dict(pictures[0].spec)).startswith(b"\x89PNG")


def test_a_list_shows_tables_as_lines(version: Version) -> None:
    (post,) = message(shop_report(version, layout="list"))["posts"]
    sound(post)
    assert "*Conversion* · " in words(post)
    assert "header" not in types(post)


def test_a_list_shows_the_elements_that_were_ticked_alone(version: Version) -> None:
    only = [{"view": "waterfall", "part": "title"}, {"view": "step", "step": "Conversion", "part": "comment"}]
    (post,) = message(shop_report(version, layout="list", elements=only))["posts"]
    sound(post)
    assert "image" not in types(post)
    assert "*mobile* fell from" in words(post)


def test_a_list_of_several_analyses_has_a_heading_for_each(version: Version) -> None:
    report = shop_report(version, layout="list")
    headings = [Section(key, (Text(name),), part=name) for key, name in (("part", "Shop"), ("part.2", "Other"))]
    (post,) = message(replace(report, sections=(headings[0], *report.sections, headings[1])))["posts"]
    sound(post)
    assert [block["text"]["text"] for block in post["blocks"] if block["type"] == "header"] == ["Shop", "Other"]


def test_a_dropdown_offers_every_chart_and_every_comment(version: Version) -> None:
    report = shop_report(version, layout="dropdown")
    made = message(report)
    (post,) = made["posts"]
    sound(post)
    (menu,) = (block["elements"][0] for block in post["blocks"] if block.get("block_id") == CHOOSE)
    assert [option["value"] for option in menu["options"]] == [one["value"] for one in made["choices"]]
    assert len(made["choices"]) == 2 * len(report.sections)
    assert menu["options"][0]["text"]["text"].endswith(" (chart)")
    assert made["choices"][0]["link"] == f"{LINK}?view=waterfall"
    for choice in made["choices"]:
        sound({"text": "x", "blocks": choice["blocks"]})
    assert [block["picture"] for block in post["blocks"] if block["type"] == "image"] == ["slack-1.png"]


def test_a_dropdown_of_a_huge_report_stays_within_its_limits_and_says_that_it_was_cut(version: Version) -> None:
    made = message(long_report(shop_report(version, layout="dropdown"), 150, 20_000))
    (post,) = made["posts"]
    sound(post)
    assert "Shortened here" in str(post["blocks"])


def test_a_long_report_goes_on_in_a_thread_and_nothing_is_lost(report: Report) -> None:
    posts = message(long_report(report, 60))["posts"]
    assert len(posts) > 1
    for post in posts:
        sound(post)
    titles = [block["text"]["text"] for post in posts for block in post["blocks"] if block["type"] == "header"]
    assert titles == [f"Step {n}" for n in range(60)]
    assert "Read on in the thread" in str(posts[0]["blocks"])
    assert "Shortened" not in str(posts)


def test_a_comment_beyond_any_limit_is_broken_between_words(report: Report) -> None:
    posts = message(long_report(report, 1, 40_000))["posts"]
    for post in posts:
        sound(post)
    assert sum(words(post).count("word") for post in posts) == 8_000


def test_what_has_no_room_in_the_longest_thread_is_said(report: Report) -> None:
    posts = message(long_report(report, 100, 11_000))["posts"]
    for post in posts:
        sound(post)
    assert "Shortened here" in str(posts[-1]["blocks"])


def test_a_title_too_long_for_a_header_is_told_whole(report: Report) -> None:
    long = replace(report.sections[0], title=(Text("Title " * 60),))
    (post,) = message(replace(report, sections=(long,)))["posts"]
    sound(post)
    assert ("Title " * 60).strip() in words(post)


def test_names_from_data_call_nobody_and_link_nowhere(report: Report) -> None:
    table = Table((LOUD_NAME, "From"), ("left", "right"), ((Text(LOUD_NAME), Text("<1")),))
    loud = Section("x", (Text(LOUD_NAME),), LOUD_NAME, comment=((Text(LOUD_NAME, "strong"),),), table=table)
    torn = replace(report, sections=(loud,), name=LOUD_NAME, alert=(Text(LOUD_NAME, "bad"),), layout="list")
    made = message(torn, export=LOUD_NAME, before="@channel <!here>")
    for post in made["posts"]:
        said = [block["text"]["text"] for block in sound(post) if block.get("text", {}).get("type") == "mrkdwn"] + [
            post["text"]
        ]
        assert not any(LOUD.search(text) or "<https://evil" in text or "@here" in text for text in said)


def test_a_title_from_data_calls_nobody_in_the_notification_of_a_reply(report: Report) -> None:
    loud = Section("x", (Text(LOUD_NAME),), comment=((Text("word " * 2_000),),))
    replies = message(replace(report, sections=(loud,) * 3))["posts"][1:]
    assert any(post["text"].startswith("&lt;!channel&gt;") for post in replies)
    assert not any(LOUD.search(post["text"]) for post in replies)


@pytest.mark.parametrize("rows", [40, 60])
def test_a_long_table_tells_how_many_rows_it_leaves_out_and_keeps_its_total(rows: int, report: Report) -> None:
    cells = [(Text(f"segment {number}"), Text(str(number))) for number in range(rows)]
    table = Table(("segment", "impact"), ("left", "right"), (*cells, (Text("All"), Text("4711"))), has_total=True)
    (post,) = message(replace(report, sections=(Section("tree", (Text("Tree"),), table=table),)))["posts"]
    assert "*segment 39*" in words(post)
    assert "*segment 40*" not in words(post)
    assert "*All* · impact 4711" in words(post)
    assert ("20 more rows" in words(post)) is (rows == 60)


def test_own_words_behind_a_dropdown_leave_it_within_its_limits(version: Version) -> None:
    (post,) = message(
        long_report(shop_report(version, layout="dropdown"), 5, 20_000), before="word " * 700, after="word " * 700
    )["posts"]
    sound(post)
    assert "word word" in str(post["blocks"][-3])


def test_a_test_says_so(report: Report) -> None:
    made = message(report, is_test=True)
    assert made["text"].startswith("Test: ")
    assert "A test: only you see this message." in str(made["posts"][0]["blocks"][0])


def test_without_an_address_there_is_no_button(report: Report) -> None:
    assert "actions" not in types(message(report, link="")["posts"][0])
    (found,) = [block for block in message(report)["posts"][0]["blocks"] if block["type"] == "actions"]
    assert found["elements"][0]["url"] == LINK


@pytest.mark.parametrize("locale", ["fr", "de", "nb"])
def test_it_speaks_the_reader_s_language(locale: str, version: Version) -> None:
    made = message(shop_report(version, locale=locale), is_test=True)
    assert "A test" not in str(made)
    sound(made["posts"][0])


def test_own_words_become_what_slack_shows() -> None:
    lines = words_text(
        "# Hello *you*\n\n**Bold** and _soft_ and ~~gone~~ and `code` & <b>\n\n- one\n- two\n  1. inner\n\n"
        "[a|b](https://example.org/a?b=1&c=2) [no](javascript:x) @channel <!here>"
    )
    assert lines == [
        "*Hello you*",
        "*Bold* and _soft_ and ~gone~ and `code` &amp; &lt;b&gt;",
        "• one",
        "• two",
        "    1. inner",
        f"<https://example.org/a?b=1&amp;c=2|a¦b> [no](javascript:x) @{JOINER}channel &lt;!here&gt;",
    ]


def test_bold_begins_and_ends_at_a_letter() -> None:
    assert line_text((Text("Now "), Text(" 5 * 3 ", "strong"), Text("<"))) == "Now  *5  3* &lt;"
    assert bold("***") == "***"
    assert escaped("a@b.c @anna") == f"a@b.c @{JOINER}anna"
