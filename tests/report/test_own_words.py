from __future__ import annotations

import pytest

from core.report.own_words import words_html


def test_markdown_becomes_html() -> None:
    drawn = words_html("# Hello\n\nsee **this**, *that* and\nthe [plan](https://example.org/a?b=1&c=2)\n\n- one\n- two")
    assert drawn == (
        "<h3>Hello</h3>\n<p>see <strong>this</strong>, <em>that</em> and<br>\nthe "
        '<a href="https://example.org/a?b=1&amp;c=2">plan</a></p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>'
    )


def test_a_mail_address_may_be_linked() -> None:
    assert words_html("[us](mailto:us@example.org)") == '<p><a href="mailto:us@example.org">us</a></p>'


def test_no_words_are_no_html() -> None:
    assert words_html(" \n ") == ""


@pytest.mark.parametrize(
    "typed",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](http://example.org)",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](//example.org)",
        "[x](/r/other)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        '[x](https://example.org "a\\" onmouseover=\\"alert(1)")',
    ],
)
def test_what_could_do_harm_is_text_at_most(typed: str) -> None:
    drawn = words_html(typed)
    assert "<script" not in drawn
    assert "<img" not in drawn
    assert 'href="javascript' not in drawn
    assert 'href="http:' not in drawn
    assert 'href="data' not in drawn
    assert 'href="/' not in drawn
    assert " onmouseover=" not in drawn.replace("&quot;", '"').partition(">")[0]


def test_a_picture_from_elsewhere_is_not_shown() -> None:
    assert "<img" not in words_html("![pixel](https://example.org/p.gif)")


def test_deep_nesting_ends() -> None:
    assert words_html("> " * 2_000 + "x").count("<blockquote>") < 200
