"""Text as Adaptive Cards read it: the one place where what comes from data or people is escaped for them.

Runs of a RichTextBlock are taken as they are; TextBlocks and facts are Markdown, whose signs are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it.token import Token

from core.model.document import Line, Text
from core.report.own_words import SCHEMES, parsed

Element = dict[str, Any]
MARKS = re.compile(r"([\\`*_\[\]()~<&])")
STARTS = re.compile(r"^(\s*)([-+>#]|\d+(?=[.)]))")
NOT_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029 ]+")
JOINER = "\u2060"
"""Invisible; stands between two braces, which cards would take for a date to be laid out, and within addresses, of
which some programs make links by themselves."""
SIGNS = re.compile("([+−])")
MOST_LETTERS = 1_000
TONES: dict[str, Element] = {
    "plain": {},
    "strong": {"weight": "Bolder"},
    "good": {"color": "Good", "weight": "Bolder"},
    "bad": {"color": "Attention", "weight": "Bolder"},
    "muted": {"isSubtle": True},
}


def bare(text: str) -> str:
    """One line that means nothing but itself where no Markdown is read."""
    line = NOT_A_LINE.sub(" ", text).replace("{{", f"{{{JOINER}{{").replace("://", f":{JOINER}//")
    return line if len(line) <= MOST_LETTERS else f"{line[: MOST_LETTERS - 1]}…"


def escaped(text: str) -> str:
    """One line that means nothing but itself where Markdown is read: no link, no list, no emphasis."""
    return STARTS.sub(_start, MARKS.sub(r"\\\1", bare(text)))


def line_block(line: Line, **more: Any) -> Element:
    """A line with its tones."""
    return {"type": "RichTextBlock", "inlines": [_run(part) for part in line if part.text], **more}


def text_block(text: str, **more: Any) -> Element:
    """Words of ours, or of data, in one tone."""
    return {"type": "TextBlock", "text": escaped(text), "wrap": True, **more}


def words_blocks(markdown: str) -> list[Element]:
    """Own words of an author, Markdown, a block a paragraph; of links only those by https and mailto lead anywhere."""
    blocks: list[Element] = []
    points: list[int | None] = []
    weight: Element = {}
    for token in parsed(markdown):
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                points.append(None if token.type == "bullet_list_open" else 0)
            case "bullet_list_close" | "ordered_list_close":
                points.pop()
            case "list_item_open" if points[-1] is not None:
                points[-1] += 1
            case "heading_open" | "heading_close":
                weight = {"weight": "Bolder"} if token.type == "heading_open" else {}
            case "inline":
                blocks += _paragraphs(token.children or (), _point(points), weight)
            case "fence" | "code_block":
                blocks += [_words([_said(line, {"fontType": "Monospace"})]) for line in token.content.splitlines()]
    return [block for block in blocks if any(run["text"].strip() for run in block["inlines"])]


def _run(part: Text) -> Element:
    """Of an effect the sign stays at its figure when the line is broken."""
    is_effect = part.tone in {"good", "bad"}
    return _said(SIGNS.sub(rf"\1{JOINER}", part.text) if is_effect else part.text, TONES[part.tone])


def _said(text: str, style: Element) -> Element:
    return {"type": "TextRun", "text": bare(text), **style}


def _words(runs: Sequence[Element]) -> Element:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _start(found: re.Match[str]) -> str:
    """What would begin a list, a quote or a heading; behind a number it is the dot that would."""
    indent, mark = found.groups()
    return f"{indent}{mark}\\" if mark.isdigit() else f"{indent}\\{mark}"


def _point(points: Sequence[int | None]) -> str:
    if not points:
        return ""
    indent = "\u2003" * (len(points) - 1)
    return indent + ("• " if points[-1] is None else f"{points[-1]}. ")


def _paragraphs(children: Sequence[Token], point: str, weight: Element) -> Iterator[Element]:
    """The lines of a paragraph, a block each."""
    runs = [_said(point, {})] if point else []
    style: list[Element] = []
    for child in children:
        if child.type in {"softbreak", "hardbreak"}:
            yield _words(runs)
            runs = []
        elif child.type.endswith("_open"):
            style.append(_style(child))
        elif child.type.endswith("_close"):
            style.pop()
        elif child.content:
            own = {"fontType": "Monospace"} if child.type == "code_inline" else {}
            runs.append(_said(child.content, weight | own | {k: v for one in style for k, v in one.items()}))
    yield _words(runs)


def _style(opened: Token) -> Element:
    """How words inside of it are set."""
    match opened.type:
        case "strong_open":
            return {"weight": "Bolder"}
        case "em_open":
            return {"italic": True}
        case "s_open":
            return {"strikethrough": True}
        case "link_open":
            href = str(opened.attrGet("href") or "")
            is_sound = href.partition(":")[0] in SCHEMES
            return {"selectAction": {"type": "Action.OpenUrl", "url": href}} if is_sound else {}
        case _:
            return {}
