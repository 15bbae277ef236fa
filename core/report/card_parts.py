"""Elements of Adaptive Cards, as our cards use them."""

from __future__ import annotations

from collections.abc import Sequence

from core.model.document import Line, Text, plain
from core.report.card_text import Element, bare, escaped, text_block


def toneless(line: Line) -> Line:
    """On a coloured ground red and green letters are hard to read: what has a tone is strong."""
    return tuple(Text(part.text, "plain" if part.tone == "plain" else "strong") for part in line)


def heading(line: Line, size: str) -> Element:
    """A title; programs that read aloud announce it as one."""
    return text_block(plain(line), style="heading", weight="Bolder", size=size)


def image(url: str, alt: str) -> Element:
    """As wide as the card; a press shows it larger."""
    return {
        "type": "Image",
        "url": url,
        "altText": bare(alt),
        "size": "Stretch",
        "msTeams": {"allowExpand": True},
    }


def fact(cells: Sequence[str]) -> Element:
    """A name and what is told of it."""
    return {"title": escaped(cells[0]), "value": escaped(" · ".join(filter(None, cells[1:])))}


def band(items: list[Element], style: str) -> Element:
    """Elements on a ground of their own."""
    return {"type": "Container", "style": style, "items": items}


def opening(label: str, link: str) -> Element:
    """A button that leads somewhere."""
    return {"type": "Action.OpenUrl", "title": label, "url": link}
