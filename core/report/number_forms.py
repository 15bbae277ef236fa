"""How fine and at which scale numbers are printed, by their size and unit.

A scale is 0, 3, 6 or 9: the power of ten that the printed number is divided by. A form is a scale with decimals.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from math import floor, log10

from core.model.units import RATE, read_unit

SCALES = (9, 6, 3, 0)
STARTS = {9: 1e9, 6: 1e6, 3: 1e4, 0: 0.0}
"""From which value on a scale is used: 9,999 is written out, 10,000 is 10.0k."""
MAX_DECIMALS = 6


@lru_cache(maxsize=256)
def is_money(unit: str) -> bool:
    """Whether a unit is a currency: a currency sign, "kr", or three capital letters; or a pattern with one of them."""
    read = read_unit(unit)
    return any(_is_currency(part.strip()) for part in (read.suffix, read.before, read.after) if part)


def _is_currency(word: str) -> bool:
    signs = any(unicodedata.category(letter) == "Sc" for letter in word)
    return signs or word == "kr" or (len(word) == 3 and word.isascii() and word.isalpha() and word.isupper())


def scale_of(top: float) -> int:
    """The scale at which a number of this size is short."""
    return next(scale for scale in SCALES if top >= STARTS[scale])


def telling_form(known: Sequence[float], unit: str, scale: int, places: int) -> tuple[int, int]:
    """Scale and places with which two different values look different."""
    is_free = not read_unit(unit).is_pattern
    while len(known) == 2 and known[0] != known[1] and places < MAX_DECIMALS and _alike(known, scale, places):
        scale, places = (scale - 3, 0) if scale and is_free and places >= 2 else (scale, places + 1)
    if scale == 0 and places == 1 and is_money(unit):
        places = 2
    return scale, places


def value_form(known: Sequence[float], unit: str) -> tuple[int, int]:
    """Scale and places in which the values of a step, in percent for a rate, show three digits or so."""
    top, fixed = largest_of(known), read_unit(unit).scale
    scale = scale_of(top) if fixed is None else fixed
    shown = top / 10**scale
    if scale == 0 and unit != RATE and not is_money(unit) and all(value == int(value) for value in known):
        return 0, 0
    if scale == 0 and is_money(unit):
        return 0, 2 if shown < 1000 else 0
    if 0 < shown < 1:
        return scale, min(MAX_DECIMALS, 2 - floor(log10(shown)) - (1 if unit == RATE else 0))
    return scale, 2 if shown < 10 else 1 if shown < 100 else 0


def _alike(known: Sequence[float], scale: int, decimals: int) -> bool:
    first, second = (round(value / 10.0**scale, decimals) for value in known)
    return first == second


def largest_of(values: Sequence[float]) -> float:
    """The largest size among values."""
    return max((abs(value) for value in values), default=0.0)


def finest(top: float) -> int:
    """The exponent below which a number of this size holds no more digits."""
    return floor(log10(top)) - 14 if top else -MAX_DECIMALS - max(SCALES)


def free_exponent(unit: str, levels: Sequence[float], parts: Sequence[float]) -> int:
    """The smallest printed step that suits the amounts."""
    top = largest_of(levels)
    exponent = min(_total_exponent(top, unit), _part_exponent(largest_of(parts), unit))
    if unit != RATE and all(float(value).is_integer() for value in (*levels, *parts)):
        exponent = max(exponent, 0)
    return max(exponent, -MAX_DECIMALS, finest(top))


def free_scale(top: float, largest: float, exponent: int, decimals: int | None) -> int:
    """The scale at which at most two places, or those asked for, still show the largest contribution in two digits."""
    for scale in SCALES[:-1]:
        is_seen = scale - exponent <= 2 if decimals is None else largest >= 10.0 ** (scale - decimals + 1)
        if scale <= scale_of(top) and largest >= 10**scale and is_seen:
            return scale
    return 0


def _total_exponent(top: float, unit: str) -> int:
    if unit == RATE:
        return -1 if top >= 1 or top == 0 else floor(log10(top)) - 1
    if top == 0:
        return 0
    scale = scale_of(top)
    shown = top / 10**scale
    if scale == 0:
        return 0 if shown >= 100 else -2 if shown >= 1 else floor(log10(shown)) - 2
    if shown >= 10_000:
        return scale
    return scale - (2 if shown < 10 else 1)


def _part_exponent(largest: float, unit: str) -> int:
    if largest == 0 or (unit == RATE and largest >= 0.5):
        return -1 if unit == RATE else 12
    return floor(log10(largest)) - 1
