"""How wide a text will be, near enough to keep labels apart, and how to shorten it.

Widths are shares of the type size, after the advance widths of the shipped typeface, rounded up.
"""

from __future__ import annotations

import unicodedata

NARROW = frozenset("iljtfrI.,:;'|!()[]/- \u00a0\u202f·’")
WIDE = frozenset("mwMW%@→—")
NARROWEST = 0.3
BOLD_FACTOR = 1.05


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimated width in pixels."""
    return sum(_share(letter) for letter in text) * size * (BOLD_FACTOR if bold else 1.0)


def shortened(text: str, size: float, room: float) -> str:
    """The text, or as much of its beginning as fits into `room` pixels with an ellipsis."""
    if text_width(text, size) <= room:
        return text
    kept = text[: int(room / (NARROWEST * size)) + 1]
    while len(kept) > 1 and text_width(kept + "…", size) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def wrapped(text: str, size: float, room: float) -> list[str]:
    """The text in lines of at most `room` pixels, broken between words; a longer word is shortened."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(shortened(word, size, room))
    return lines


def _share(letter: str) -> float:
    if letter in NARROW:
        return NARROWEST
    if letter in WIDE:
        return 0.85
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.62 if letter.isupper() else 0.52


def stands_beside(aspect: float, room: float, height: float) -> bool:
    """Whether a chart of that aspect (width by height) is larger beside its text than above it.

    room: the width of both; height: what is left above the text. Above it, it would fill less than half of the width.
    """
    return height * aspect < room / 2
