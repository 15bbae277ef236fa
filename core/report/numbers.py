"""Figures as people read them: by locale, with unit, compact, and rounded so that printed parts add up.

Minus is U+2212; before % stands a narrow no-break space (U+202F). Amounts of one bridge share one smallest printed step
(`Numbers`), so that base plus printed bars is the printed current total (docs/formulas.md, F3.9).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import floor, log10

from babel.numbers import format_decimal

from core.report.messages import text

MINUS, NARROW, FIXED = "\u2212", "\u202f", "\u00a0"
SCALES = (9, 6, 3, 0)
STARTS = {9: 1e9, 6: 1e6, 3: 1e4, 0: 0.0}
"""From which value on a scale is used: 9,999 is written out, 10,000 is 10.0k."""
SUFFIXES = {
    "en": {3: "k", 6: "M", 9: "bn"},
    "fr": {3: FIXED + "k", 6: FIXED + "M", 9: FIXED + "Md"},
    "de": {3: FIXED + "Tsd.", 6: FIXED + "Mio.", 9: FIXED + "Mrd."},
    "nb": {3: "k", 6: FIXED + "mill.", 9: FIXED + "mrd."},
}
MAX_DECIMALS = 6
BEYOND_READING = 1e18
MOST_PERCENT = 1e6


@lru_cache(maxsize=32)
def language(locale: str) -> str:
    """The catalogue's language of a locale: "en-GB" and "en_GB" are "en", "no" is "nb"; unknown ones are "en"."""
    short = locale.replace("_", "-").split("-")[0].lower()
    short = {"no": "nb", "nn": "nb"}.get(short, short)
    return short if short in SUFFIXES else "en"


def is_money(unit: str) -> bool:
    """Whether a unit is a currency: a currency sign, "kr", or three capital letters."""
    signs = any(unicodedata.category(letter) == "Sc" for letter in unit)
    return signs or unit == "kr" or (len(unit) == 3 and unit.isascii() and unit.isalpha() and unit.isupper())


def largest_remainder(values: Sequence[float], total: int) -> list[int]:
    """Round `values` to whole numbers that add up to `total`: down first, then up where most was cut off.

    total: at most one away from the sum of values for each value; beyond that the rest is spread evenly.
    """
    floors = [floor(value) for value in values]
    if not floors:
        return []
    rounds, extra = divmod(total - sum(floors), len(floors))
    order = sorted(range(len(floors)), key=lambda i: (floors[i] - values[i], i))
    raised = set(order[:extra])
    return [low + rounds + (i in raised) for i, low in enumerate(floors)]


def digits(value: Decimal | float, decimals: int, locale: str) -> str:
    """A number without sign, with the locale's marks and exactly `decimals` places."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals > 0 else "")
    size = value.copy_abs() if isinstance(value, Decimal) else abs(value)
    if size >= BEYOND_READING:
        return f"{float(size):.3g}"
    return format_decimal(size, format=pattern, locale=language(locale))


def with_unit(number: str, unit: str, locale: str, scale: int = 0) -> str:
    """A printed number with its scale (k, M, bn) and its unit where the locale puts them."""
    spoken = language(locale)
    scaled = number + SUFFIXES[spoken].get(scale, "")
    if not unit:
        return scaled
    if unit == "%":
        return scaled + NARROW + "%"
    if is_money(unit) and spoken == "en":
        return unit + (FIXED if unit.isalpha() else "") + scaled
    tight = spoken == "fr" and scale and is_money(unit) and not unit.isalpha()
    return scaled + ("" if tight else FIXED) + unit


def signed(printed: str, value: float) -> str:
    """The printed number with + or − in front; nothing before a zero."""
    return printed if value == 0 else (MINUS if value < 0 else "+") + printed


def percent(value: float | None, locale: str, *, decimals: int = 1, sign: bool = True) -> str:
    """A percentage such as −10.0 %; None is "n/a"."""
    if value is None:
        return text(language(locale), "not_available")
    rounded = round(value, decimals)
    if abs(rounded) >= MOST_PERCENT:
        printed = ">" + with_unit(digits(MOST_PERCENT, 0, locale), "%", locale)
    else:
        printed = with_unit(digits(rounded, decimals, locale), "%", locale)
    if sign:
        return signed(printed, rounded)
    return MINUS + printed if rounded < 0 else printed


def points(value: float | None, locale: str, *, decimals: int = 1) -> str:
    """A signed difference of two shares, 0 to 1, in percentage points."""
    if value is None:
        return text(language(locale), "not_available")
    rounded = round(value * 100, decimals)
    return signed(digits(rounded, decimals, locale) + FIXED + text(language(locale), "points_short"), rounded)


def pair(base: float | None, current: float | None, unit: str, locale: str) -> tuple[str, str]:
    """Two values of one step, printed alike, with as many places as it takes to tell them apart."""
    factor = 100.0 if unit == "%" else 1.0
    known = [value * factor for value in (base, current) if value is not None]
    scale, decimals = _rate_form(known, unit)
    while len(known) == 2 and known[0] != known[1] and decimals < MAX_DECIMALS and _alike(known, scale, decimals):
        scale, decimals = (scale - 3, 0) if scale and decimals >= 2 else (scale, decimals + 1)
    if scale == 0 and decimals == 1 and is_money(unit):
        decimals = 2
    none = text(language(locale), "not_available")
    first, second = (
        none if value is None else _printed(value * factor, unit, locale, scale, decimals) for value in (base, current)
    )
    return first, second


def _rate_form(known: Sequence[float], unit: str) -> tuple[int, int]:
    top = max((abs(value) for value in known), default=0.0)
    scale = _scale(top)
    shown = top / 10**scale
    if scale == 0 and unit != "%" and not is_money(unit) and all(value == int(value) for value in known):
        return 0, 0
    if scale == 0 and is_money(unit):
        return 0, 2 if shown < 1000 else 0
    if 0 < shown < 1:
        return scale, min(MAX_DECIMALS, 2 - floor(log10(shown)) - (1 if unit == "%" else 0))
    return scale, 2 if shown < 10 else 1 if shown < 100 else 0


def _alike(known: Sequence[float], scale: int, decimals: int) -> bool:
    first, second = (round(value / 10.0**scale, decimals) for value in known)
    return first == second


def _printed(value: float, unit: str, locale: str, scale: int, decimals: int) -> str:
    rounded = round(value / 10**scale, decimals)
    printed = with_unit(digits(rounded, decimals, locale), unit, locale, scale)
    return MINUS + printed if rounded < 0 else printed


def _scale(top: float) -> int:
    return next(scale for scale in SCALES if top >= STARTS[scale])


@dataclass(frozen=True)
class Numbers:
    """How the amounts of one bridge are printed.

    unit: the KPI's; "%" means a rate between 0 and 1, its changes are points.
    exponent: the smallest printed step is 10**exponent (in points for a rate); scale: 0, 3, 6 or 9.
    """

    locale: str
    unit: str
    exponent: int
    scale: int

    @classmethod
    def fitting(cls, locale: str, unit: str, totals: Iterable[float], contributions: Iterable[float]) -> Numbers:
        """The form in which the totals are short, and the largest contribution has two digits and is no mere 0.64k."""
        factor = 100.0 if unit == "%" else 1.0
        levels, parts = list(totals), list(contributions)
        top = max((abs(value) * factor for value in levels), default=0.0)
        largest = max((abs(value) * factor for value in parts), default=0.0)
        exponent = min(_total_exponent(top, unit), _part_exponent(largest, unit))
        if unit != "%" and all(float(value).is_integer() for value in levels + parts):
            exponent = max(exponent, 0)
        exponent = max(exponent, -MAX_DECIMALS, *([floor(log10(top)) - 14] if top else []))
        start = _scale(top) if unit != "%" else 0
        scale = next(s for s in SCALES if s <= start and (s == 0 or (s - exponent <= 2 and largest >= 10**s)))
        if scale == 0 and exponent == -1 and is_money(unit):
            exponent = -2
        return cls(locale, unit, min(exponent, scale), scale)

    @property
    def is_rate(self) -> bool:
        """Whether changes are printed in points."""
        return self.unit == "%"

    def units(self, value: float) -> float:
        """The value counted in smallest printed steps, not yet rounded."""
        amount = value * 100 if self.is_rate else value
        return amount * 10.0**-self.exponent if self.exponent < 0 else amount / 10.0**self.exponent

    def rounded(self, value: float) -> int:
        """The value in whole smallest printed steps, half away from zero."""
        counted = self.units(value)
        return floor(abs(counted) + 0.5) * (-1 if counted < 0 else 1)

    def level(self, units: int) -> str:
        """A total: "€412.6k", "3.4 %"."""
        printed = self._amount(units)
        return MINUS + printed if units < 0 else printed

    def amount(self, units: int) -> str:
        """The size of a change without its sign: "€41.3k", "0.6 points"."""
        if not self.is_rate:
            return self._amount(units)
        return self._digits(units) + FIXED + text(language(self.locale), "points")

    def change(self, units: int) -> str:
        """A change or contribution with its sign: "−€41.3k", "−0.6 pts"."""
        if not self.is_rate:
            return signed(self.amount(units), units)
        return signed(self._digits(units) + FIXED + text(language(self.locale), "points_short"), units)

    def percent(self, value: float | None) -> str:
        """A signed percentage, or "n/a"."""
        return percent(value, self.locale)

    def rough(self, value: float) -> str:
        """A level without needless places, for a note such as "axis starts at €325k"."""
        decimals = max(0, self.scale - self.exponent)
        amount = round((value * 100 if self.is_rate else value) / 10**self.scale, decimals)
        while decimals and amount == round(amount, decimals - 1):
            decimals -= 1
        printed = with_unit(digits(amount, decimals, self.locale), self.unit, self.locale, self.scale)
        return MINUS + printed if amount < 0 else printed

    def _amount(self, units: int) -> str:
        """With scale and unit; nothing is "€0", not "€0k"."""
        if units == 0 and not self.is_rate:
            return with_unit(digits(0, 0, self.locale), self.unit, self.locale)
        return with_unit(self._digits(units), self.unit, self.locale, self.scale)

    def _digits(self, units: int) -> str:
        shown = Decimal(abs(units)).scaleb(self.exponent - self.scale)
        return digits(shown, max(0, self.scale - self.exponent), self.locale)


def _total_exponent(top: float, unit: str) -> int:
    if unit == "%":
        return -1 if top >= 1 or top == 0 else floor(log10(top)) - 1
    if top == 0:
        return 0
    scale = _scale(top)
    shown = top / 10**scale
    if scale == 0:
        return 0 if shown >= 100 else -2 if shown >= 1 else floor(log10(shown)) - 2
    return scale - (2 if shown < 10 else 1)


def _part_exponent(largest: float, unit: str) -> int:
    if largest == 0 or (unit == "%" and largest >= 0.5):
        return -1 if unit == "%" else 12
    return floor(log10(largest)) - 1
