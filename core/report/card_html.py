"""An Adaptive Card of ours in plain HTML: the elements that our cards hold, near to what Teams makes of them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment

from core.connectors.teams import PICTURE
from core.report.templating import TEMPLATES, environment

ESCAPED = re.compile(r"\\([^\w\s])")


def card_page(message: Mapping[str, Any], files: Mapping[str, bytes], *, has_pictures: bool) -> str:
    """A page that needs no other file. message, files: as they are kept of a run; its buttons work as in Teams.

    has_pictures: whether Teams will show pictures; else the card of figures.
    """
    pictures = {f"{PICTURE}{one['content_id']}": _inside(files[one["file"]]) for one in message["pictures"]}
    card = message["cards"]["pictured" if has_pictures else "bare"]
    return _environment().get_template("card.html").render(card=_parts(card), title=message["title"], pictures=pictures)


class _Part(dict[str, Any]):
    """An element whose properties that are not said are empty."""

    def __missing__(self, name: str) -> str:
        return ""


def _parts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _Part({name: _parts(inner) for name, inner in value.items()})
    return [_parts(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _unescaped(text: str) -> str:
    """What a reader sees of a text whose Markdown signs are all escaped."""
    return ESCAPED.sub(r"\1", text)


def _inside(content: bytes) -> str:
    return f"data:image/png;base64,{b64encode(content).decode('ascii')}"


@cache
def _environment() -> Environment:
    return environment(TEMPLATES / "teams", unescaped=_unescaped)
