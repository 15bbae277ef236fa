"""Text as Slack reads it (mrkdwn): the one place where what comes from data or people is escaped for it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markdown_it.token import Token

from core.model.document import Line, Text, plain
from core.report.own_words import SCHEMES, parsed

JOINER = "\u2060"
"""Invisible, and breaks what Slack would take for somebody's name."""
CALLS = re.compile(r"(?<!\w)@(?=\w)")
MARKS = {"strong": "*", "em": "_", "s": "~"}
BOLD = ("strong", "good", "bad")


def escaped(text: str) -> str:
    """Text that means nothing but itself: no link, and nobody is called by it."""
    for sign, stands_for in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, stands_for)
    return CALLS.sub(f"@{JOINER}", text)


def line_text(line: Line) -> str:
    """A line with its strong parts in bold; Slack has no colours."""
    return "".join(_stretch(part) for part in line)


def bold(text: str) -> str:
    """Text in bold; what would end the bold within it is left out."""
    bare = text.replace("*", "").strip()
    return f"*{escaped(bare)}*" if bare else escaped(text)


def link_text(url: str, label: str) -> str:
    """A link. The address is one of ours, or was checked."""
    return f"<{escaped(url).replace('|', '%7C')}|{escaped(label).replace('|', '¦')}>"


def bullets(lines: Iterable[Line]) -> list[str]:
    """Lines as points of a list; a single one needs no point."""
    found = [line_text(line) for line in lines if plain(line).strip()]
    return found if len(found) == 1 else [f"• {line}" for line in found]


def words_text(markdown: str) -> list[str]:
    """Own words of an author, Markdown, as lines of mrkdwn; of links only those by https and mailto lead anywhere."""
    lines: list[str] = []
    numbers: list[int | None] = []
    is_heading = False
    for token in parsed(markdown):
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            numbers.append(0 if token.type == "ordered_list_open" else None)
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            numbers.pop()
        elif token.type == "list_item_open" and numbers[-1] is not None:
            numbers[-1] += 1
        elif token.type in {"heading_open", "heading_close"}:
            is_heading = token.type == "heading_open"
        elif token.type == "inline":
            lines.append(_point(numbers) + (bold(_bare(token)) if is_heading else _inline(token)))
        elif token.type in {"fence", "code_block"}:
            lines.append(f"```{escaped(token.content.strip())}```")
    return [line for line in lines if line.strip()]


def _stretch(part: Text) -> str:
    """Bold has to begin and end at a letter: spaces around stay outside."""
    bare = part.text.strip()
    if part.tone not in BOLD or not bare:
        return escaped(part.text)
    before, _, after = part.text.partition(bare)
    return f"{before}{bold(bare)}{after}"


def _point(numbers: list[int | None]) -> str:
    if not numbers:
        return ""
    indent = "    " * (len(numbers) - 1)
    return indent + ("• " if numbers[-1] is None else f"{numbers[-1]}. ")


def _bare(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


def _inline(token: Token) -> str:
    """Words with bold, italics, code and links."""
    said, open_links = "", list[bool]()
    for child in token.children or ():
        name = child.type.removesuffix("_open").removesuffix("_close")
        if name in MARKS:
            said += MARKS[name]
        elif child.type == "link_open":
            href = str(child.attrGet("href") or "")
            open_links.append(href.partition(":")[0] in SCHEMES)
            said += f"<{escaped(href).replace('|', '%7C')}|" if open_links[-1] else ""
        elif child.type == "link_close":
            said += ">" if open_links.pop() else ""
        elif child.type == "code_inline":
            said += f"`{escaped(child.content)}`"
        elif child.type in {"softbreak", "hardbreak"}:
            said += "\n"
        else:
            text = escaped(child.content)
            said += text.replace("|", "¦") if any(open_links) else text
    return said
