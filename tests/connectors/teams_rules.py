"""What Teams asks of cards and messages, as far as Microsoft says it; each complaint is a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft6Validator

from core.report.card_schema import SCHEMA

MOST_BYTES = 28_000
MOST_PRIMARY = 6
CARD_TYPE = "application/vnd.microsoft.card.adaptive"
ELEMENTS = {
    "ActionSet", "Column", "ColumnSet", "Container", "FactSet", "Image", "ImageSet", "RichTextBlock", "Table",
    "TextBlock",
}  # fmt: skip
ACTIONS = {"Action.OpenUrl", "Action.ToggleVisibility", "Action.ShowCard"}
"""A webhook's card has nobody who would take a submit."""
VALIDATOR = Draft6Validator(json.loads(SCHEMA.read_text("utf-8")))


def parts(part: Any) -> Iterator[dict[str, Any]]:
    """Every object of a card, whatever holds it."""
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from parts(value)
    elif isinstance(part, list):
        for value in part:
            yield from parts(value)


def of_type(card: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Elements of a kind."""
    return [part for part in parts(card) if part.get("type") == name]


def card_complaints(card: dict[str, Any], picture: str) -> Iterator[str]:
    """What is wrong with a card. picture: a pattern that every picture's address has to match."""
    yield from (error.message[:200] for error in VALIDATOR.iter_errors(_official(card)))
    if card.get("version") not in {"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"}:
        yield f"version {card.get('version')} is not drawn"
    for part in parts(card):
        kind = part.get("type", "")
        if kind.startswith("Action.") and kind not in ACTIONS:
            yield f"{kind} has no receiver"
        if "items" in part and "type" in part and kind not in ELEMENTS:
            yield f"{kind} is unknown"
    for image in of_type(card, "Image"):
        if not re.fullmatch(picture, image["url"]):
            yield f"picture {image['url'][:60]} is not shown"
        if not image.get("altText"):
            yield "a picture has no words"
    yield from (f"a text does not wrap: {text['text'][:40]}" for text in of_type(card, "TextBlock") if not text["wrap"])
    yield from _toggles(card)


def _toggles(card: dict[str, Any]) -> Iterator[str]:
    ids = [part["id"] for part in parts(card) if "id" in part]
    if len(ids) != len(set(ids)):
        yield "an id is there twice"
    for row in of_type(card, "ActionSet"):
        if sum(action.get("mode", "primary") == "primary" for action in row["actions"]) > MOST_PRIMARY:
            yield f"more than {MOST_PRIMARY} buttons in a row"
    for action in of_type(card, "Action.ToggleVisibility"):
        for target in action["targetElements"]:
            if "isVisible" not in target or target["elementId"] not in ids:
                yield f"a button shows what is not there: {target}"


def _official(part: Any) -> Any:
    """The card without what Teams adds to the schema."""
    if isinstance(part, dict):
        return {name: _official(value) for name, value in part.items() if name.lower() != "msteams"}
    return [_official(value) for value in part] if isinstance(part, list) else part
