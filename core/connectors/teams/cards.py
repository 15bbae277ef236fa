"""What Teams is handed: a card that was drawn before, with its pictures' addresses and the delivery's id put in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Card = Mapping[str, Any]
CARD_TYPE = "application/vnd.microsoft.card.adaptive"
PICTURE = "cid:"
"""What a picture's address begins with until its real one is known; the picture's content id follows."""
DELIVERY = "00000000-0000-0000-0000-000000000000"
"""Stands for the id of the delivery in the element of the same id, as long as the real one."""
DELIVERY_ELEMENT = "delivery"
MOST_TAKEN = 28_000
"""Bytes that Teams takes of a message, everything included; it says so only after it has taken it over."""
MOST_BYTES = 26_000
"""Of a card when it is drawn: its pictures' addresses are guessed."""
PICTURE_ROOM = 300
"""Bytes that a picture's address may need."""


def filled(card: Card, *, delivery_id: str, address: Callable[[str], str]) -> dict[str, Any]:
    """The card as it is sent. address: of a picture, by its content id."""

    def fill(part: Any) -> Any:
        if isinstance(part, Mapping):
            return {name: fill_named(part, name, value) for name, value in part.items()}
        return [fill(value) for value in part] if isinstance(part, list) else part

    def fill_named(element: Mapping[str, Any], name: str, value: Any) -> Any:
        if element.get("type") == "Image" and name == "url":
            return address(str(value).removeprefix(PICTURE))
        if element.get("id") == DELIVERY_ELEMENT and name == "text":
            return str(value).replace(DELIVERY, delivery_id)
        return fill(value)

    return {name: fill(value) for name, value in card.items()}


def workflow_body(card: Card) -> bytes:
    """What a Workflows address takes."""
    attachment = {"contentType": CARD_TYPE, "contentUrl": None, "content": card}
    return as_json({"type": "message", "attachments": [attachment]})


def graph_message(card: Card, attachment_id: str) -> dict[str, Any]:
    """A channel's message for Graph, which wants the card as text."""
    content = as_json(card).decode("utf-8")
    return {
        "body": {"contentType": "html", "content": f'<attachment id="{attachment_id}"></attachment>'},
        "attachments": [
            {"id": attachment_id, "contentType": CARD_TYPE, "contentUrl": None, "content": content},
        ],
    }


def size_of(card: Card) -> int:
    """Bytes that the card takes in a message, in the larger of the two ways; pictures' addresses are guessed."""
    pictures = as_json(card).count(b'"type":"Image"')
    return len(as_json(graph_message(card, DELIVERY))) + pictures * PICTURE_ROOM


def as_json(message: Mapping[str, Any]) -> bytes:
    """The same bytes at every try."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
