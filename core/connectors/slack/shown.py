"""The blocks of a drawn message as they are sent: pictures in the form that the way takes, menus where they work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Block = Mapping[str, Any]
CHOOSE = "choose"
"""The block of a dropdown's menu; what is sent names its delivery behind it."""
MOST_BUTTONS, LONGEST_TEXT = 25, 3_000
SHORTER = 2
"""A message that is too long is cut to one of so many parts."""


def shown(blocks: Iterable[Block], picture: Callable[[str], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Blocks with their pictures. picture: of a file's name, what an image block says of it; nothing for its text."""
    return [each for block in blocks for each in _shown(block, picture)]


def _shown(block: Block, picture: Callable[[str], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    if block["type"] != "image":
        yield dict(block)
        return
    if found := picture(str(block["picture"])):
        yield {**{name: value for name, value in block.items() if name != "picture"}, **found}
    else:
        text = {"type": "plain_text", "text": str(block["alt_text"])[:LONGEST_TEXT], "emoji": False}
        yield {"type": "section", "text": text}


def menu_of(blocks: Sequence[Mapping[str, Any]], delivery_id: str) -> list[dict[str, Any]]:
    """The menu names its delivery, by which a choice finds its report."""
    return [{**block, "block_id": f"{CHOOSE}:{delivery_id}"} if _is_menu(block) else dict(block) for block in blocks]


def links_of(blocks: Sequence[Mapping[str, Any]], choices: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where nobody would answer a menu: buttons into the report, one a section, in rows. Without addresses, nothing."""
    by_link = {str(choice["link"]): str(choice["label"]) for choice in reversed(choices) if choice["link"]}
    buttons = [
        {"type": "button", "text": {"type": "plain_text", "text": label, "emoji": False}, "url": link}
        for link, label in reversed(by_link.items())
    ]
    begins = range(0, len(buttons), MOST_BUTTONS)
    rows = [{"type": "actions", "elements": buttons[at : at + MOST_BUTTONS]} for at in begins]
    return [each for block in blocks for each in (rows if _is_menu(block) else [dict(block)])]


def chosen(
    blocks: Sequence[Mapping[str, Any]], choices: Sequence[Mapping[str, Any]], value: str
) -> list[dict[str, Any]] | None:
    """A dropdown's message with another choice; None for one that it does not have.

    blocks: as drawn, with the first choice in it.
    """
    wanted = next((choice for choice in choices if choice["value"] == value), None)
    at = next((place for place, block in enumerate(blocks) if _is_menu(block)), None)
    if wanted is None or at is None:
        return None
    menu = dict(blocks[at]["elements"][0])
    menu["initial_option"] = next(option for option in menu["options"] if option["value"] == value)
    rest = blocks[at + 1 + len(choices[0]["blocks"]) :]
    return [*map(dict, blocks[:at]), {**blocks[at], "elements": [menu]}, *map(dict, wanted["blocks"]), *map(dict, rest)]


def shortened(blocks: Sequence[Mapping[str, Any]], note: str) -> list[dict[str, Any]]:
    """A message that was too long for Slack: its first blocks, what stands at its end, and a note that it was cut."""
    ending = list(blocks[-2:]) if [block["type"] for block in blocks[-2:]] == ["actions", "context"] else []
    body = blocks[: len(blocks) - len(ending)]
    room = _letters(blocks) // SHORTER - _letters(ending)
    kept: list[Mapping[str, Any]] = []
    for block in body:
        if _letters([*kept, block]) > room:
            break
        kept.append(block)
    said = {"type": "context", "elements": [{"type": "plain_text", "text": note, "emoji": False}]}
    return [*map(dict, kept), said, *map(dict, ending)]


def _is_menu(block: Block) -> bool:
    return block.get("block_id") == CHOOSE


def _letters(part: Any) -> int:
    if isinstance(part, Mapping):
        return sum(len(value) if isinstance(value, str) else _letters(value) for value in part.values())
    return sum(map(_letters, part)) if isinstance(part, list | tuple) else 0
