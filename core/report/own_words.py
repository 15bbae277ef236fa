"""Own words around a report: Markdown of its author as HTML that holds nothing but text, lists and sound links."""

from __future__ import annotations

from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

TAGS = frozenset({"p", "br", "strong", "em", "s", "code", "ul", "ol", "li", "a", "blockquote", "h3", "hr"})
SCHEMES = frozenset({"https", "mailto"})
HEADINGS = {f"h{level}" for level in (1, 2, 4, 5, 6)}


def words_html(markdown: str) -> Markup:
    """The words as HTML; "" for none. HTML among them is shown as it was typed, pictures are left out, and of links
    only those by https and mailto lead anywhere.
    """
    tokens = parsed(markdown)
    for token in tokens:
        if token.tag in HEADINGS:
            token.tag = "h3"
    drawn: str = _parser().renderer.render(tokens, _parser().options, {})
    clean = nh3.clean(
        drawn,
        tags=set(TAGS),
        attributes={"a": {"href"}},
        url_schemes=set(SCHEMES),
        attribute_filter=_sound,
        link_rel=None,
    )
    return Markup(clean.strip())  # noqa: S704 - what is not on the list is gone


def parsed(markdown: str) -> list[Token]:
    """The words as what they are made of, for channels that have no HTML."""
    return _parser().parse(markdown.strip())


def _sound(_tag: str, _attribute: str, value: str) -> str | None:
    """An address that says where it leads; one without its scheme would lead elsewhere in every mail program."""
    return value if value.startswith(tuple(f"{scheme}:" for scheme in SCHEMES)) else None


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough").disable("image")
