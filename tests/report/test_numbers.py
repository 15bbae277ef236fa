"""Figures as people read them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.units import read_unit
from core.report.numbers import MINUS, Numbers, largest_remainder, pair, percent, points

AMOUNTS = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


def printed(locale: str, unit: str, totals: tuple[float, float], parts: tuple[float, ...]) -> list[str]:
    numbers = Numbers.fitting(locale, unit, totals, parts)
    levels = [numbers.level(numbers.rounded(total)) for total in totals]
    return levels + [numbers.change(numbers.rounded(part)) for part in parts]


def test_amounts_share_one_scale() -> None:
    assert printed("en", "€", (412_600, 371_300), (9_200, -61_800)) == ["€412.6k", "€371.3k", "+€9.2k", "−€61.8k"]


@pytest.mark.parametrize(
    ("locale", "total", "change"),
    [
        ("fr", "412,6\u00a0k€", "−61,8\u00a0k€"),
        ("de", "412,6\u00a0Tsd.\u00a0€", "−61,8\u00a0Tsd.\u00a0€"),
        ("nb", "412,6k\u00a0€", "−61,8k\u00a0€"),
        ("no", "412,6k\u00a0€", "−61,8k\u00a0€"),
        ("en-GB", "€412.6k", "−€61.8k"),
    ],
)
def test_each_locale_has_its_own_marks(locale: str, total: str, change: str) -> None:
    assert printed(locale, "€", (412_600, 371_300), (-61_800,))[::2] == [total, change]


def test_a_small_change_of_a_large_total_stays_visible() -> None:
    assert printed("en", "€", (412_600, 412_612), (12,)) == ["€412,600", "€412,612", "+€12"]


def test_a_change_below_the_scale_lowers_it() -> None:
    assert printed("en", "€", (24_441, 23_801), (-640,)) == ["€24,441", "€23,801", "−€640"]


def test_whole_numbers_have_no_places() -> None:
    assert printed("en", "", (5, 7), (2,)) == ["5", "7", "+2"]


def test_money_has_two_places_or_none() -> None:
    assert printed("en", "€", (12.5, 14.0), (1.5,)) == ["€12.50", "€14.00", "+€1.50"]


def test_rates_change_by_points() -> None:
    assert printed("en", "%", (0.038, 0.032), (-0.006,)) == ["3.8\u202f%", "3.2\u202f%", "−0.6\u00a0pts"]


def test_zero_has_no_sign() -> None:
    assert printed("en", "€", (0, 0), (0,)) == ["€0", "€0", "€0"]


def test_a_unit_without_currency_stands_behind() -> None:
    assert printed("en", "kg", (1_500, 1_200), (-300,)) == ["1,500\u00a0kg", "1,200\u00a0kg", "−300\u00a0kg"]


def test_a_currency_code_stands_in_front_in_english() -> None:
    assert printed("en", "CHF", (1_500, 1_200), (-300,))[0] == "CHF\u00a01,500"


def test_percent_uses_minus_and_a_narrow_space() -> None:
    assert percent(-10.01, "en") == "−10.0\u202f%"


def test_an_unknown_percentage_says_so() -> None:
    assert percent(None, "en") == "n/a"


def test_a_percentage_beyond_all_reason_is_cut() -> None:
    assert percent(3.7e9, "en") == "+>1,000,000\u202f%"


def test_points_have_a_sign() -> None:
    assert points(0.048, "en") == "+4.8\u00a0pts"


@pytest.mark.parametrize(
    ("base", "current", "unit", "wanted"),
    [
        (1.21e6, 1.24e6, "", ("1.21M", "1.24M")),
        (0.0341, 0.029, "%", ("3.41\u202f%", "2.90\u202f%")),
        (10, 10.33, "€", ("€10.00", "€10.33")),
        (740_000, 820_000, "", ("740k", "820k")),
        (0.02301, 0.02302, "%", ("2.301\u202f%", "2.302\u202f%")),
        (212_600.25, 212_600, "€", ("€212,600.25", "€212,600.00")),
        (None, 600, "€", ("n/a", "€600.00")),
        (7, 7, "", ("7", "7")),
    ],
)
def test_two_values_of_a_step_can_be_told_apart(
    base: float | None, current: float, unit: str, wanted: tuple[str, str]
) -> None:
    assert pair(base, current, unit, "en") == wanted


@given(st.lists(AMOUNTS, min_size=1, max_size=30))
def test_rounded_parts_add_up_to_the_rounded_whole(values: list[float]) -> None:
    assert sum(largest_remainder(values, round(sum(values)))) == round(sum(values))


@given(st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=30))
def test_no_part_is_rounded_further_than_to_a_neighbour(values: list[float]) -> None:
    parts = largest_remainder(values, round(sum(values)))
    assert all(abs(part - value) <= 1 + 1e-6 for part, value in zip(parts, values, strict=True))


def test_a_part_of_exactly_zero_stays_zero() -> None:
    assert largest_remainder([0.0, 0.5, 0.5, 0.0], 1) == [0, 1, 0, 0]


@given(AMOUNTS, AMOUNTS, st.lists(AMOUNTS, max_size=12), st.sampled_from(["€", "%", "", "kg"]))
def test_any_amount_can_be_printed(base: float, current: float, parts: list[float], unit: str) -> None:
    texts = printed("en", unit, (base, current), tuple(parts))
    assert all("e" not in text.replace("None", "") and "nan" not in text for text in texts)


def test_nothing_of_a_compact_amount_is_a_plain_zero() -> None:
    numbers = Numbers.fitting("en", "€", [412_600, 371_300], [-61_800])
    assert (numbers.change(0), numbers.level(0)) == ("€0", "€0")


def test_a_difference_too_small_to_see_is_no_negative_zero() -> None:
    assert points(-0.00001, "en") == "0.0\u00a0pts"


PATTERNS = ["€", "%", "", "kg", "CHF", "$.*M", "€.*", ".*k€", "USD .*bn", ".* Mio. €", ".*"]


def formed(unit: str, totals: tuple[float, float], parts: tuple[float, ...], decimals: int | None = None) -> list[str]:
    numbers = Numbers.fitting("en", unit, totals, parts, decimals=decimals)
    return [numbers.level(numbers.rounded(total)) for total in totals] + [
        numbers.change(numbers.rounded(part)) for part in parts
    ]


@pytest.mark.parametrize(
    ("unit", "decimals", "wanted"),
    [
        ("$.*M", None, ["$41.3M", "$37.1M", "−$4.1M"]),
        ("$.*M", 1, ["$41.3M", "$37.1M", "−$4.1M"]),
        ("$.*M", 0, ["$41M", "$37M", "−$4M"]),
        ("$.*", None, ["$41,260,000", "$37,130,000", "−$4,130,000"]),
        (".*k€", 0, ["41,260k€", "37,130k€", "−4,130k€"]),
        (".* Mio. €", 2, ["41.26 Mio. €", "37.13 Mio. €", "−4.13 Mio. €"]),
        ("€", 3, ["€41.260M", "€37.130M", "−€4.130M"]),
        ("€", 0, ["€41,260k", "€37,130k", "−€4,130k"]),
    ],
)
def test_a_pattern_prints_as_it_stands(unit: str, decimals: int | None, wanted: list[str]) -> None:
    assert formed(unit, (41_260_000, 37_130_000), (-4_130_000,), decimals) == wanted


def test_a_letter_behind_the_scale_makes_it_a_word() -> None:
    assert formed(".*km", (1_500, 1_200), (-300,)) == ["1,500km", "1,200km", "−300km"]


def test_forced_decimals_hold_for_small_and_for_nothing() -> None:
    assert formed("€", (5, 7), (2, 0), 2) == ["€5.00", "€7.00", "+€2.00", "€0.00"]


def test_forced_decimals_hold_for_points() -> None:
    assert formed("%", (0.038, 0.032), (-0.006,), 2) == ["3.80\u202f%", "3.20\u202f%", "−0.60\u00a0pts"]


def test_compact_numbers_with_few_decimals_still_show_the_change() -> None:
    assert formed("€", (412_600, 411_100), (-1_500,), 0) == ["€412,600", "€411,100", "−€1,500"]


def test_nothing_in_a_pattern_keeps_its_scale() -> None:
    assert formed("$.*M", (0, 5e6), (5e6,)) == ["$0M", "$5.00M", "+$5.00M"]


@pytest.mark.parametrize(
    ("unit", "decimals", "wanted"),
    [
        ("$.*M", None, ("$1.21M", "$1.24M")),
        ("$.*k", 0, ("$1,210k", "$1,240k")),
        ("€.*", None, ("€1,210,000", "€1,240,000")),
        ("", 0, ("1M", "1M")),
        ("€", 1, ("€1.2M", "€1.2M")),
    ],
)
def test_values_of_a_step_take_patterns_and_decimals(unit: str, decimals: int | None, wanted: tuple[str, str]) -> None:
    assert pair(1_210_000, 1_240_000, unit, "en", decimals=decimals) == wanted


@pytest.mark.parametrize(
    ("locale", "value", "wanted"),
    [
        ("fr", 0.016, "+1,6\u00a0pt"),
        ("fr", 0.024, "+2,4\u00a0pts"),
        ("en", 0.01, "+1.0\u00a0pts"),
        ("de", -0.016, "−1,6\u00a0PP"),
    ],
)
def test_points_are_counted_as_each_language_counts(locale: str, value: float, wanted: str) -> None:
    assert points(value, locale) == wanted


def value_of(printed: str, unit: str) -> Decimal:
    """What a printed English amount says, in the last digit's unit."""
    sign = -1 if printed.startswith(MINUS) else 1
    number = re.search(r"[\d,]+(\.\d+)?", printed.replace("\u00a0", " "))
    assert number is not None, printed
    scale = read_unit(unit).scale
    if scale is None:
        letters = printed[number.end() :]
        scale = next((power for word, power in (("k", 3), ("M", 6), ("bn", 9)) if letters.startswith(word)), 0)
        scale = 0 if unit == "kg" and letters.startswith("kg") else scale
    return sign * Decimal(number[0].replace(",", "")).scaleb(scale)


@given(
    st.lists(
        st.floats(min_value=-1e11, max_value=1e11).filter(lambda v: v == 0 or abs(v) > 1e-3), min_size=1, max_size=12
    ),
    st.floats(min_value=0, max_value=1e11),
    st.sampled_from(PATTERNS),
    st.none() | st.integers(min_value=0, max_value=6),
)
def test_printed_bars_add_up_to_the_printed_change(
    parts: list[float], base: float, unit: str, decimals: int | None
) -> None:
    current = base + sum(parts)
    numbers = Numbers.fitting("en", unit, (base, current), parts, decimals=decimals)
    first, last = numbers.rounded(base), numbers.rounded(current)
    units = largest_remainder([numbers.units(part) for part in parts], last - first)
    bars = [value_of(numbers.change(count), unit) for count in units]
    assert value_of(numbers.level(first), unit) + sum(bars) == value_of(numbers.level(last), unit)


def test_nothing_has_no_scale() -> None:
    assert pair(0.0, 24_100.0, "€", "en") == ("€0", "€24.1k")
    assert pair(0.0, 24_100.0, "", "de") == ("0", "24,1\u00a0Tsd.")
    assert pair(0.0, 2_400_000.0, "$.*M", "en") == ("$0M", "$2.40M")


def test_numbers_beyond_all_words_have_no_needless_places() -> None:
    assert printed("en", "€", (1.9547e16, 2.1e16), (1.453e15,)) == ["€19,547,000bn", "€21,000,000bn", "+€1,453,000bn"]


@pytest.mark.parametrize(
    ("unit", "base", "current", "printed"), [("$.*M", 1.23e6, 1.16e6, "−$0.07M"), ("€", 5.2, 4.9, "−€0.3")]
)
def test_no_decimals_hide_a_change_that_counts(unit: str, base: float, current: float, printed: str) -> None:
    numbers = Numbers.fitting("en", unit, [base, current], [current - base], decimals=0)
    assert numbers.change(numbers.rounded(current - base)) == printed
