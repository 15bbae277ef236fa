"""Sentences of reports, one module a language; every language has the same keys (a test compares them).

Placeholders stand in braces. `text` fills them into a string, `phrase` into a line that keeps the tones of its parts.
An organisation's own wording goes through `core.report.words`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from unicodedata import normalize

from core.model.document import Line, Text, plain
from core.report.messages import de, en, fr, nb

CATALOGUES: dict[str, dict[str, str]] = {"en": en.MESSAGES, "fr": fr.MESSAGES, "de": de.MESSAGES, "nb": nb.MESSAGES}
PLACEHOLDER = re.compile(r"\{(\w+)\}")
ELIDING = re.compile(r"\b(d|D|qu)e $")


def text(language: str, key: str, **values: str) -> str:
    """The message with its placeholders filled; values are taken as they are."""
    return plain(fill(language, CATALOGUES[language][key], values))


def phrase(language: str, key: str, **values: str | Text | Line) -> Line:
    """The message as a line: values given as Text or Line keep their tone, the rest is plain."""
    return fill(language, CATALOGUES[language][key], values)


def fill(language: str, template: str, values: Mapping[str, str | Text | Line]) -> Line:
    """The template as a line, in which values keep their tone; French elides before a vowel: "part d’Europe"."""
    parts: list[Text] = []
    pieces = PLACEHOLDER.split(template)
    for index, piece in enumerate(pieces):
        if index % 2:
            parts += _parts(values[piece])
        elif piece:
            follows = _parts(values[pieces[index + 1]]) if index + 1 < len(pieces) else []
            parts.append(Text(_elided(piece, follows) if language == "fr" else piece))
    return joined(parts)


def _elided(piece: str, follows: list[Text]) -> str:
    first = normalize("NFD", follows[0].text[:1]).lower()[:1] if follows else ""
    return ELIDING.sub(r"\1’", piece) if first and first in "aeiouyœæ" else piece


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
