"""What Slack says of blocks: its limits, each with the words it refuses them by."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

MOST_BLOCKS, MOST_LETTERS = 50, 13_200
"""Of one message; the letters are what people measured, Slack does not say."""
TYPES = ("header", "section", "image", "context", "actions", "divider", "markdown")
PICTURES = (".png", ".jpg", ".jpeg", ".gif")
RAW = re.compile(r"&(?!amp;|lt;|gt;)|<(?!https?://|mailto:|[@#!])")
"""Signs that stand for something in mrkdwn, unescaped."""
LOUD = re.compile(r"<!(?:channel|here|everyone)|<!subteam|<@")
KEYS: Mapping[str, frozenset[str]] = {
    "header": frozenset({"type", "text", "block_id"}),
    "section": frozenset({"type", "text", "fields", "accessory", "block_id", "expand"}),
    "image": frozenset({"type", "image_url", "slack_file", "alt_text", "title", "block_id"}),
    "context": frozenset({"type", "elements", "block_id"}),
    "actions": frozenset({"type", "elements", "block_id"}),
    "divider": frozenset({"type", "block_id"}),
    "markdown": frozenset({"type", "text", "block_id"}),
}


def letters(part: Any) -> int:
    """All text within blocks."""
    if isinstance(part, Mapping):
        own = len(part["text"]) if isinstance(part.get("text"), str) else 0
        rest = sum(letters(value) for name, value in part.items() if name != "text" or not isinstance(value, str))
        return own + len(str(part.get("alt_text", ""))) + rest
    return sum(map(letters, part)) if isinstance(part, list) else 0


def complaints(blocks: Any, files: Collection[str]) -> list[str]:
    """What is wrong with a message's blocks. files: ids of those that are ready to be shown."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return ["[ERROR] no array of objects [json-pointer:/blocks]"]
    found = [] if len(blocks) <= MOST_BLOCKS else [f"no more than {MOST_BLOCKS} items allowed [json-pointer:/blocks]"]
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    found += ["block_id already exists [json-pointer:/blocks]"] if len(ids) != len(set(ids)) else []
    for place, block in enumerate(blocks):
        found += [f"[ERROR] {text} [json-pointer:/blocks/{place}{where}]" for where, text in _block(block, files)]
    return found


def _block(block: Mapping[str, Any], files: Collection[str]) -> Iterator[tuple[str, str]]:
    kind = block.get("type")
    if kind not in TYPES:
        yield "/type", f"unsupported type: {kind}"
        return
    for extra in block.keys() - KEYS[kind]:
        yield f"/{extra}", f"no additional properties: {extra}"
    yield from _text(str(block.get("block_id", "x")), 255, "/block_id")
    match kind:
        case "header":
            yield from _plain(block.get("text"), 150, "/text")
        case "section":
            yield from _section(block)
        case "image":
            yield from _image(block, files)
        case "context":
            yield from _context(block)
        case "actions":
            yield from _actions(block)


def _section(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not ("text" in block or "fields" in block):
        yield "", "missing required field: text"
    if "text" in block:
        yield from _either(block["text"], 3_000, "/text")
    fields = block.get("fields", [])
    if len(fields) > 10:
        yield "/fields", "no more than 10 items allowed"
    for place, one in enumerate(fields):
        yield from _either(one, 2_000, f"/fields/{place}")
    if "accessory" in block:
        yield from _element(block["accessory"], "/accessory")


def _image(block: Mapping[str, Any], files: Collection[str]) -> Iterator[tuple[str, str]]:
    if ("image_url" in block) == ("slack_file" in block):
        yield "", "exactly one of image_url and slack_file"
    if not block.get("alt_text"):
        yield "/alt_text", "missing required field: alt_text"
    yield from _text(str(block.get("alt_text", "x")), 2_000, "/alt_text")
    if "title" in block:
        yield from _plain(block["title"], 2_000, "/title")
    if "image_url" in block:
        yield from _text(block["image_url"], 3_000, "/image_url")
        if not block["image_url"].startswith("https://"):
            yield "/image_url", "downloading image failed"
    if "slack_file" in block:
        own = block["slack_file"]
        if len(own) != 1 or not own.keys() <= {"id", "url"}:
            yield "/slack_file", "exactly one of id and url"
        elif "id" in own and own["id"] not in files:
            yield "/slack_file", "invalid slack file"


def _context(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 10:
        yield "/elements", "must have 1 to 10 items"
    for place, one in enumerate(elements):
        if one.get("type") != "image":
            yield from _either(one, 3_000, f"/elements/{place}")


def _actions(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 25:
        yield "/elements", "must have 1 to 25 items"
    ids = [one.get("action_id") for one in elements if one.get("action_id")]
    if len(ids) != len(set(ids)):
        yield "/elements", "action_id already exists"
    for place, one in enumerate(elements):
        yield from _element(one, f"/elements/{place}")


def _element(one: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    match one.get("type"):
        case "button":
            yield from _plain(one.get("text"), 75, f"{where}/text")
            yield from _text(one.get("url", "x"), 3_000, f"{where}/url")
            yield from _text(one.get("value", "x"), 2_000, f"{where}/value")
            if one.get("style", "primary") not in {"primary", "danger"}:
                yield f"{where}/style", "must be one of primary, danger"
        case "static_select":
            yield from _select(one, where)
        case other:
            yield f"{where}/type", f"unsupported type: {other}"


def _select(one: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    options = one.get("options") or []
    if not 1 <= len(options) <= 100:
        yield f"{where}/options", "must have 1 to 100 items"
    if "placeholder" in one:
        yield from _plain(one["placeholder"], 150, f"{where}/placeholder")
    for place, option in enumerate(options):
        yield from _plain(option.get("text"), 75, f"{where}/options/{place}/text")
        yield from _text(option.get("value"), 150, f"{where}/options/{place}/value")
    values = [option.get("value") for option in options]
    if len(values) != len(set(values)):
        yield f"{where}/options", "values must be unique"
    if "initial_option" in one and one["initial_option"] not in options:
        yield f"{where}/initial_option", "must be one of the options"


def _plain(text: Any, most: int, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(text, Mapping) or text.get("type") != "plain_text":
        yield where, "must be plain_text"
    else:
        yield from _text(text.get("text"), most, where)


def _either(text: Any, most: int, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(text, Mapping) or text.get("type") not in {"plain_text", "mrkdwn"}:
        yield where, "must be plain_text or mrkdwn"
        return
    yield from _text(text.get("text"), most, where)
    if text["type"] == "mrkdwn" and (sign := RAW.search(text["text"])):
        yield where, f"not escaped: {text['text'][sign.start() : sign.start() + 20]!r}"


def _text(text: Any, most: int, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(text, str) or not 1 <= len(text) <= most:
        yield where, f"must be 1 to {most} characters"
