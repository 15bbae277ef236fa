"""How a number's unit is written: a suffix or currency ("€", "kg", "%"), or a pattern in which ".*" is the number.

A pattern is printed as it stands: "$.*M" is "$12.4M". A scale right behind the number (`PATTERN_SCALES`) says what the
value is divided by; without one the number is written out in full. A plain unit leaves the scale to the value's size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator

from core.model.base import is_one_line

NUMBER, RATE = ".*", "%"
PATTERN_SCALES = {
    "k": 3,
    "M": 6,
    "bn": 9,
    "Tsd.": 3,
    "Mio.": 6,
    "Mrd.": 9,
    "Md": 9,
    "mill.": 6,
    "mrd.": 9,
}
SCALED = re.compile(r"\s?(" + "|".join(re.escape(word) for word in PATTERN_SCALES) + r")(?![^\W\d_])")
MOST_LETTERS = 30


@dataclass(frozen=True)
class Unit:
    """A unit taken apart. before, after: what a pattern prints around the number; scale: power of ten it divides by.

    suffix: of a plain unit, which has no pattern; its place and scale are chosen by locale and size.
    """

    suffix: str = ""
    before: str = ""
    after: str = ""
    scale: int | None = None

    @property
    def is_pattern(self) -> bool:
        """Whether it is printed as it stands."""
        return self.scale is not None

    @property
    def is_rate(self) -> bool:
        """Whether values are shares of 1, printed in percent; their changes are points."""
        return self.suffix == RATE


@lru_cache(maxsize=256)
def read_unit(text: str) -> Unit:
    """The unit that the text stands for. A text that `checked_unit` refuses is a suffix."""
    before, found, after = text.partition(NUMBER)
    if not found:
        return Unit(suffix=text)
    scaled = SCALED.match(after)
    return Unit(before=before, after=after, scale=PATTERN_SCALES[scaled[1]] if scaled else 0)


def checked_unit(text: str) -> str:
    """The unit as it is kept. Raises ValueError with a sentence for what cannot be printed."""
    if len(text) > MOST_LETTERS or not is_one_line(text):
        raise ValueError(f"a unit is one short line of at most {MOST_LETTERS} characters")
    bare = text.replace(NUMBER, "", 1)
    if "*" in bare:
        raise ValueError(
            f"'{text}' cannot be read: in a pattern '.*' stands for the number, once, as in '$.*M' or '.* pcs'"
        )
    if NUMBER in text and RATE in text:
        if bare.strip() == RATE:
            return RATE
        raise ValueError(f"'{text}' mixes a pattern with %: write '%' alone for a rate between 0 and 1")
    return text


UnitText = Annotated[str, AfterValidator(checked_unit)]
