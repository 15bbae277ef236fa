"""Sentences of reports, one module a language; every language has the same keys (a test compares them).

Placeholders stand in braces. `text` fills them into a string, `phrase` into a line that keeps the tones of its parts.
An organisation's own wording goes through `core.report.words`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.model.document import Line, Text
from core.report.messages import de, en, fr, nb

CATALOGUES: dict[str, dict[str, str]] = {"en": en.MESSAGES, "fr": fr.MESSAGES, "de": de.MESSAGES, "nb": nb.MESSAGES}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def text(language: str, key: str, **values: str) -> str:
    """The message with its placeholders filled; values are taken as they are."""
    return fill(CATALOGUES[language][key], values)


def phrase(language: str, key: str, **values: str | Text | Line) -> Line:
    """The message as a line: values given as Text or Line keep their tone, the rest is plain."""
    return fill_line(CATALOGUES[language][key], values)


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its placeholders filled."""
    return PLACEHOLDER.sub(lambda found: values[found[1]], template)


def fill_line(template: str, values: Mapping[str, str | Text | Line]) -> Line:
    """The template as a line, in which values keep their tone."""
    parts: list[Text] = []
    for index, piece in enumerate(PLACEHOLDER.split(template)):
        parts += _parts(values[piece]) if index % 2 else [Text(piece)] if piece else []
    return joined(parts)


def joined(parts: list[Text]) -> Line:
    """The parts with neighbours of one tone made one."""
    line: list[Text] = []
    for part in parts:
        if line and line[-1].tone == part.tone:
            line[-1] = Text(line[-1].text + part.text, part.tone)
        elif part.text:
            line.append(part)
    return tuple(line)


def _parts(value: str | Text | Line) -> list[Text]:
    if isinstance(value, str):
        return [Text(value)] if value else []
    return [value] if isinstance(value, Text) else list(value)
