"""Names for addresses and files, made of what people call things."""

from __future__ import annotations

import re
from unicodedata import combining, normalize

LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe"})


def plain_name(name: str, *, longest: int, otherwise: str) -> str:
    """A name of lower-case letters, digits and hyphens: "Umsätze 2026" is "umsaetze-2026".

    otherwise: where nothing is left of it.
    """
    parts = normalize("NFKD", normalize("NFC", name.lower()).translate(LETTERS))
    bare = "".join(sign for sign in parts if not combining(sign))
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:longest].strip("-") or otherwise
