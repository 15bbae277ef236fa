"""Makes shop.parquet: two years of an invented online shop, the same table at every run.

    python data/samples/make_shop.py

What it contains and which causes are planted in it: README.md beside this file.
"""

from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

TARGET = Path(__file__).with_name("shop.parquet")
SEED = 20261031
FIRST, LAST = date(2024, 11, 1), date(2026, 10, 31)
DAYS = (LAST - FIRST).days + 1
VISITS_A_DAY = 42_000
GROWTH_A_YEAR = 1.06

POLAND_OPENS = date(2026, 10, 5)
AFFILIATES_END = date(2026, 6, 30)
CHECKOUT_BREAKS = date(2026, 10, 6)
ADS_SHRINK = date(2026, 10, 12)
HOME_PRICES_RISE = date(2026, 10, 1)

# share of visits; conversion against the average; basket against the average
COUNTRIES = {
    "DE": (0.35, 1.05, 1.00),
    "FR": (0.29, 1.02, 0.97),
    "NL": (0.10, 1.00, 1.08),
    "ES": (0.08, 0.88, 0.90),
    "IT": (0.08, 0.85, 0.94),
    "AT": (0.06, 1.02, 1.04),
    "BE": (0.04, 0.98, 1.02),
    "PL": (0.015, 0.80, 0.85),
}
DEVICES = {"desktop": (0.27, 1.25, 1.08), "mobile": (0.66, 0.96, 0.97), "tablet": (0.07, 1.05, 1.02)}
CHANNELS = {
    "Direct": (0.24, 1.15, 1.03),
    "Search": (0.33, 1.00, 1.00),
    "Ads": (0.23, 0.92, 0.98),
    "Email": (0.12, 1.20, 1.02),
    "Affiliate": (0.08, 0.85, 0.96),
}
CATEGORIES = {
    "Fashion": (0.27, 1.05, 0.95),
    "Shoes": (0.18, 1.00, 1.15),
    "Home": (0.18, 0.90, 1.25),
    "Beauty": (0.14, 1.30, 0.55),
    "Sports": (0.13, 0.95, 1.05),
    "Toys": (0.10, 1.05, 0.70),
}
AVERAGE_CONVERSION = 0.031
AVERAGE_BASKET = 64.0
GOODS_SHARE = {"Fashion": 0.48, "Shoes": 0.52, "Home": 0.56, "Beauty": 0.42, "Sports": 0.55, "Toys": 0.58}
COST_A_VISIT = {"Direct": 0.02, "Search": 0.04, "Ads": 0.42, "Email": 0.05, "Affiliate": 0.30}
WEEKDAYS = np.array([1.06, 1.02, 0.99, 0.98, 0.93, 0.95, 1.07])
SEASON_PEAK = {"Fashion": 290, "Shoes": 280, "Home": 315, "Beauty": 345, "Sports": 150, "Toys": 345}
SEASON_SIZE = {"Fashion": 0.08, "Shoes": 0.06, "Home": 0.08, "Beauty": 0.08, "Sports": 0.15, "Toys": 0.15}

Floats = NDArray[np.float64]
KEYS = list(product(COUNTRIES, DEVICES, CHANNELS, CATEGORIES))


@dataclass(frozen=True)
class Cells:
    """One column per combination of country, device, channel and category, in the order of KEYS."""

    country: NDArray[np.str_]
    device: NDArray[np.str_]
    channel: NDArray[np.str_]
    category: NDArray[np.str_]

    def product_of(self, place: int) -> Floats:
        """Product of the four tables' numbers at a place (0 share, 1 conversion, 2 basket)."""
        tables = (COUNTRIES, DEVICES, CHANNELS, CATEGORIES)
        rows = [[table[key][place] for table, key in zip(tables, keys, strict=True)] for keys in KEYS]
        return np.prod(np.array(rows), axis=1)


def make_shop() -> pl.DataFrame:
    """One row per day and combination that had a visit, sorted by all dimensions."""
    random = np.random.default_rng(SEED)
    cells = Cells(*np.array(KEYS).T)
    visits = random.poisson(_expected_visits(cells, random))
    orders = random.binomial(visits, _expected_conversion(cells, random))
    revenue = _revenue(orders, _expected_basket(cells), random)
    cost = _cost(visits, revenue, cells, random)
    return _table(cells, visits, orders, revenue, cost)


def _day(moment: date) -> int:
    return (moment - FIRST).days


def _expected_visits(cells: Cells, random: np.random.Generator) -> Floats:
    """Days x cells: level, growth, week, year, common noise of a day, and the planted causes."""
    day = np.arange(DAYS)
    level = VISITS_A_DAY * GROWTH_A_YEAR ** (day / 365.25) * WEEKDAYS[(day + FIRST.weekday()) % 7]
    level *= _peaks() * random.normal(1, 0.025, DAYS)
    visits = level[:, None] * cells.product_of(0)[None, :] * _season(cells)
    visits[: _day(POLAND_OPENS), cells.country == "PL"] = 0
    visits[_day(AFFILIATES_END) + 1 :, cells.channel == "Affiliate"] = 0
    visits[_day(ADS_SHRINK) :, cells.channel == "Ads"] *= 0.72
    return visits


def _season(cells: Cells) -> Floats:
    """Days x cells: a category's yearly wave around 1."""
    day_of_year = np.arange(DAYS) + FIRST.timetuple().tm_yday
    peak = np.array([SEASON_PEAK[name] for name in cells.category])
    size = np.array([SEASON_SIZE[name] for name in cells.category])
    return 1 + size * np.cos(2 * np.pi * (day_of_year[:, None] - peak) / 365.25)


def _peaks() -> Floats:
    """Days: the weeks before Christmas, the days around Black Friday, the summer holidays."""
    peaks = np.ones(DAYS)
    for year in (2024, 2025):
        _raise(peaks, date(year, 11, 20), date(year, 12, 18), 1.25)
        _raise(peaks, date(year, 11, 27), date(year, 12, 1), 1.45)
        _raise(peaks, date(year, 12, 24), date(year, 12, 26), 0.60)
    for year in (2025, 2026):
        _raise(peaks, date(year, 7, 10), date(year, 8, 20), 0.90)
    return peaks


def _raise(days: Floats, first: date, last: date, factor: float) -> None:
    days[max(_day(first), 0) : _day(last) + 1] *= factor


def _expected_conversion(cells: Cells, random: np.random.Generator) -> Floats:
    """Days x cells: share of visits that order; the checkout fault is planted here."""
    daily = AVERAGE_CONVERSION * _peaks() ** 0.4 * random.normal(1, 0.015, DAYS)
    conversion = daily[:, None] * cells.product_of(1)[None, :]
    broken = (cells.device == "mobile") & np.isin(cells.country, ["DE", "FR"])
    conversion[_day(CHECKOUT_BREAKS) :, broken] *= 0.6
    return conversion


def _expected_basket(cells: Cells) -> Floats:
    """Days x cells: revenue of an average order; prices rise by 3 % a year."""
    prices = AVERAGE_BASKET * 1.03 ** (np.arange(DAYS) / 365.25)
    basket = prices[:, None] * cells.product_of(2)[None, :]
    basket[_day(HOME_PRICES_RISE) :, cells.category == "Home"] *= 1.10
    return basket


def _revenue(orders: NDArray[np.int64], basket: Floats, random: np.random.Generator) -> Floats:
    """Days x cells: the sum of that many baskets, each spread by some 60 % around its mean."""
    spread = 3.0
    sums = random.standard_gamma(np.maximum(orders, 1) * spread) / spread
    return np.where(orders > 0, sums * basket, 0).round(2)


def _cost(visits: NDArray[np.int64], revenue: Floats, cells: Cells, random: np.random.Generator) -> Floats:
    """Days x cells: goods and shipping as a share of revenue, and what the channel charges a visit."""
    goods = np.array([GOODS_SHARE[name] for name in cells.category])
    a_visit = np.array([COST_A_VISIT[name] for name in cells.channel]) * random.normal(1, 0.03, DAYS)[:, None]
    return (revenue * goods + visits * a_visit).round(2)


def _table(
    cells: Cells, visits: NDArray[np.int64], orders: NDArray[np.int64], revenue: Floats, cost: Floats
) -> pl.DataFrame:
    names = {name: np.tile(getattr(cells, name), DAYS) for name in ("country", "device", "channel", "category")}
    days = pl.date_range(FIRST, LAST, eager=True)
    numbers = {"visits": visits.ravel(), "orders": orders.ravel()}
    money = {"revenue": revenue.ravel(), "cost": cost.ravel()}
    table = pl.DataFrame({"day": days.gather(np.repeat(np.arange(DAYS), len(KEYS))), **names, **numbers, **money})
    kept = table.filter(pl.col("visits") > 0)
    return kept.with_columns(
        pl.col("visits", "orders").cast(pl.Int32), pl.col("revenue", "cost").cast(pl.Decimal(12, 2))
    ).sort("day", "country", "device", "channel", "category")


if __name__ == "__main__":
    make_shop().write_parquet(TARGET, compression="zstd", compression_level=19)
