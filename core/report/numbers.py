"""Figures as people read them: by locale, with unit, compact, and rounded so that printed parts add up.

Minus is U+2212; before % stands a narrow no-break space (U+202F). Amounts of one bridge share one smallest printed step
(`Numbers`), so that base plus printed bars is the printed current total (docs/formulas.md, F3.9). A unit may be a
pattern (core/model/units.py), and its places may be forced; docs/reports.md says what is then printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import floor

from babel.numbers import format_decimal

from core.model.units import RATE, read_unit
from core.report.messages import text
from core.report.number_forms import (
    MAX_DECIMALS,
    finest,
    free_exponent,
    free_scale,
    is_money,
    largest_of,
    telling_form,
    value_form,
)

MINUS, NARROW, FIXED = "\u2212", "\u202f", "\u00a0"
SUFFIXES = {
    "en": {3: "k", 6: "M", 9: "bn"},
    "fr": {3: FIXED + "k", 6: FIXED + "M", 9: FIXED + "Md"},
    "de": {3: FIXED + "Tsd.", 6: FIXED + "Mio.", 9: FIXED + "Mrd."},
    "nb": {3: "k", 6: FIXED + "mill.", 9: FIXED + "mrd."},
}
BEYOND_READING = 1e18
MOST_PERCENT = 1e6
LEAST_CHANGE = 0.001
"""A change of a smaller part of the total may print as nothing."""


@lru_cache(maxsize=32)
def language(locale: str) -> str:
    """The catalogue's language of a locale: "en-GB" and "en_GB" are "en", "no" is "nb"; unknown ones are "en"."""
    short = locale.replace("_", "-").split("-")[0].lower()
    short = {"no": "nb", "nn": "nb"}.get(short, short)
    return short if short in SUFFIXES else "en"


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
    """A printed number with its scale (k, M, bn) and its unit where the locale puts them; a pattern as it stands."""
    read, spoken = read_unit(unit), language(locale)
    if read.is_pattern:
        return read.before + number + read.after
    scaled = number + SUFFIXES[spoken].get(scale, "")
    if not unit:
        return scaled
    if unit == RATE:
        return scaled + NARROW + "%"
    if is_money(unit) and spoken == "en":
        return unit + (FIXED if unit.isalpha() else "") + scaled
    tight = spoken == "fr" and scale and is_money(unit) and not unit.isalpha()
    return scaled + ("" if tight else FIXED) + unit


def signed(printed: str, value: float) -> str:
    """The printed number with + or − in front; nothing before a zero."""
    return printed if value == 0 else (MINUS if value < 0 else "+") + printed


def unsigned(printed: str) -> str:
    """A printed change without its sign."""
    return printed.lstrip(MINUS + "+")


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
    return signed(_with_points(digits(rounded, decimals, locale), rounded, locale, is_short=True), rounded)


def _with_points(number: str, size: float, locale: str, *, is_short: bool) -> str:
    """A number of percentage points: one point, in French everything below two."""
    one, many = ("point_short", "points_short") if is_short else ("point", "points")
    is_one = abs(size) < 2 if language(locale) == "fr" else number == "1"
    return number + FIXED + text(language(locale), one if is_one else many)


def pair(
    base: float | None, current: float | None, unit: str, locale: str, *, decimals: int | None = None
) -> tuple[str, str]:
    """Two values of one step, printed alike, with as many places as it takes to tell them apart, or with `decimals`."""
    factor = 100.0 if unit == RATE else 1.0
    known = [value * factor for value in (base, current) if value is not None]
    scale, places = value_form(known, unit)
    if decimals is None:
        scale, places = telling_form(known, unit, scale, places)
    else:
        places = decimals
    none = text(language(locale), "not_available")
    first, second = (
        none if value is None else _printed(value * factor, unit, locale, scale, places, decimals)
        for value in (base, current)
    )
    return first, second


def _printed(value: float, unit: str, locale: str, scale: int, places: int, decimals: int | None) -> str:
    """With scale and unit; nothing has no scale: "€0", not "€0.0k"."""
    if value == 0 and scale:
        return with_unit(digits(0, decimals or 0, locale), unit, locale)
    rounded = round(value / 10**scale, places)
    printed = with_unit(digits(rounded, places, locale), unit, locale, scale)
    return MINUS + printed if rounded < 0 else printed


@dataclass(frozen=True)
class Numbers:
    """How the amounts of one bridge are printed.

    unit: the KPI's; "%" means a rate between 0 and 1, its changes are points.
    exponent: the smallest printed step is 10**exponent (in points for a rate); scale: 0, 3, 6 or 9.
    decimals: places that were asked for; None prints as many as the smallest step has.
    """

    locale: str
    unit: str
    exponent: int
    scale: int
    decimals: int | None = None

    @classmethod
    def fitting(
        cls,
        locale: str,
        unit: str,
        totals: Iterable[float],
        contributions: Iterable[float],
        *,
        decimals: int | None = None,
    ) -> Numbers:
        """The form in which the totals are short, and the largest contribution has two digits and is no mere 0.64k.

        A pattern's scale and forced `decimals` are kept, unless a change that counts would print as nothing.
        """
        factor = 100.0 if unit == RATE else 1.0
        levels, parts = [value * factor for value in totals], [value * factor for value in contributions]
        top, largest = largest_of(levels), largest_of(parts)
        exponent = free_exponent(unit, levels, parts)
        fixed = 0 if unit == RATE else read_unit(unit).scale
        scale = free_scale(top, largest, exponent, decimals) if fixed is None else fixed
        if decimals is not None:
            decimals = _seen(decimals, scale, top, [largest, max(levels, default=0.0) - min(levels, default=0.0)])
            exponent = max(scale - decimals, finest(top))
        elif scale == 0 and exponent == -1 and is_money(unit):
            exponent = -2
        return cls(locale, unit, max(min(exponent, scale), scale - MAX_DECIMALS), scale, decimals)

    @property
    def is_rate(self) -> bool:
        """Whether changes are printed in points."""
        return self.unit == RATE

    @property
    def places(self) -> int:
        """Decimals of what is printed."""
        return max(0, self.scale - self.exponent) if self.decimals is None else self.decimals

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
        return _with_points(self._digits(units), float(self._shown(units)), self.locale, is_short=False)

    def change(self, units: int) -> str:
        """A change or contribution with its sign: "−€41.3k", "−0.6 pts"."""
        if not self.is_rate:
            return signed(self.amount(units), units)
        return signed(_with_points(self._digits(units), float(self._shown(units)), self.locale, is_short=True), units)

    def percent(self, value: float | None) -> str:
        """A signed percentage, or "n/a"."""
        return percent(value, self.locale)

    def rough(self, value: float) -> str:
        """A level without needless places, for a note such as "axis starts at €325k"."""
        decimals = self.places
        amount = round((value * 100 if self.is_rate else value) / 10**self.scale, decimals)
        while decimals and amount == round(amount, decimals - 1):
            decimals -= 1
        printed = with_unit(digits(amount, decimals, self.locale), self.unit, self.locale, self.scale)
        return MINUS + printed if amount < 0 else printed

    def _amount(self, units: int) -> str:
        """With scale and unit; nothing is "€0", not "€0k"."""
        if units == 0 and not self.is_rate:
            return with_unit(digits(0, self.decimals or 0, self.locale), self.unit, self.locale)
        return with_unit(self._digits(units), self.unit, self.locale, self.scale)

    def _digits(self, units: int) -> str:
        return digits(self._shown(units), self.places, self.locale)

    def _shown(self, units: int) -> Decimal:
        """The size as it is printed."""
        return Decimal(abs(units)).scaleb(self.exponent - self.scale)


def _seen(decimals: int, scale: int, top: float, changes: Sequence[float]) -> int:
    """The decimals asked for, or as many as it takes until no change worth a word prints as 0."""
    least = min((change for change in changes if change > LEAST_CHANGE * top), default=0.0)
    while least and decimals < MAX_DECIMALS and least < 10.0 ** (scale - decimals):
        decimals += 1
    return decimals
