"""How text and blocks find room in Slack's messages: limits, and what is cut or goes on in the next one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from core.report.mrkdwn import escaped

Block = dict[str, Any]
MOST_BLOCKS, MOST_LETTERS = 50, 12_000
"""Of one message: Slack's own limit, and what surely passes its unwritten one."""
LONGEST_SECTION = 3_000
LONGEST_TEXT = 300
"""What a notification shows of a message."""


def sections_of(lines: Iterable[str]) -> Iterator[Block]:
    """Lines as sections, as many in each as have room; a longer line goes on in the next one."""
    held = ""
    for line in chain.from_iterable(map(_pieces, lines)):
        if held and len(held) + 1 + len(line) > LONGEST_SECTION:
            yield section_of(held)
            held = line
        else:
            held = f"{held}\n{line}" if held else line
    if held.strip():
        yield section_of(held)


def _pieces(line: str) -> Iterator[str]:
    """A line in pieces that a section has room for, broken between words and never within what stands for a sign."""
    while len(line) > LONGEST_SECTION:
        at = line.rfind(" ", 0, LONGEST_SECTION)
        at = at if at > 0 else (line.rfind("&", LONGEST_SECTION - 6, LONGEST_SECTION) + 1 or LONGEST_SECTION + 1) - 1
        yield line[:at]
        line = line[at:].lstrip()
    if line:
        yield line


def section_of(said: str) -> Block:
    """verbatim: Slack makes no links or names of what merely looks like them."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": said, "verbatim": True}}


def context_of(notes: Sequence[str]) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": note, "verbatim": True} for note in notes[:10]]}


def packed(groups: Iterable[Sequence[Block]], *, room: int, places: int) -> list[list[Block]]:
    """Groups of blocks in as few messages as hold them, in their order; a group is torn apart only when it has to be.

    room, places: letters and blocks that the first message needs besides.
    """
    posts: list[list[Block]] = [[]]
    letters, blocks = MOST_LETTERS - room, MOST_BLOCKS - places
    for group in groups:
        parts = [group] if size_of(group) <= letters and len(group) <= blocks else [[block] for block in group]
        for part in parts:
            if posts[-1] and (size_of(posts[-1]) + size_of(part) > letters or len(posts[-1]) + len(part) > blocks):
                posts.append([])
            posts[-1].extend(part)
    return posts


def within(blocks: Sequence[Block], letters: int, most: int) -> list[Block]:
    """The first blocks that have room."""
    kept: list[Block] = []
    for block in blocks[:most]:
        if size_of([*kept, block]) > letters:
            break
        kept.append(block)
    return kept


def size_of(part: Any) -> int:
    """Letters within blocks."""
    if isinstance(part, dict):
        return sum(len(v) if isinstance(v, str) else size_of(v) for k, v in part.items() if k != "type")
    return sum(map(size_of, part)) if isinstance(part, list | tuple) else 0


def first_words(post: Sequence[Block]) -> str:
    """What a notification shows of a message in the thread: its first words. A header's are not escaped yet."""
    for block in post:
        if block["type"] in {"header", "section"}:
            said = str(block["text"]["text"])
            return cut(escaped(said) if block["type"] == "header" else said, LONGEST_TEXT)
    return "…"


def cut(said: str, most: int) -> str:
    """At most so many letters; never half of what stands for a sign."""
    if len(said) <= most:
        return said
    kept = said[: most - 1]
    at = kept.rfind("&", max(0, len(kept) - 5))
    return f"{kept if at < 0 or ';' in kept[at:] else kept[:at]}…"
