"""The samples are what data/samples/README.md says."""

import runpy
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
SEPTEMBER = pl.col("day").is_between(date(2026, 9, 1), date(2026, 9, 30))
OCTOBER = pl.col("day").is_between(date(2026, 10, 1), date(2026, 10, 31))
BROKEN = {"DE", "FR"}
# the source's own row TotalUS, summed over all weeks; it is not in our file
TOTAL_US = {"conventional": 5_701_221_586.36, "organic": 163_518_595.44}


@pytest.fixture(scope="module")
def shop() -> pl.DataFrame:
    return pl.read_parquet(SAMPLES / "shop.parquet")


@pytest.fixture(scope="module")
def avocados() -> pl.DataFrame:
    return pl.read_parquet(SAMPLES / "avocados.parquet")


def change(table: pl.DataFrame, metric: str, per: str | None = None, by: str | None = None) -> dict[str, float]:
    """Relative change from September to October of a metric, or of metric / per, by segment; "" is the whole."""

    def figure(period: pl.Expr) -> pl.Expr:
        return pl.col(metric).filter(period).sum() / (pl.col(per).filter(period).sum() if per else 1)

    key = pl.col(by) if by else pl.lit("")
    change = (figure(OCTOBER).cast(pl.Float64) / figure(SEPTEMBER).cast(pl.Float64) - 1).alias("change")
    segments = table.filter(SEPTEMBER | OCTOBER).group_by(key.alias("segment")).agg(change)
    return dict(segments.rows())


def test_both_together_stay_under_five_megabytes():
    assert sum(path.stat().st_size for path in SAMPLES.glob("*.parquet")) < 5_000_000


def test_the_shop_comes_out_of_its_script_again(shop):
    script = runpy.run_path(str(SAMPLES / "make_shop.py"))

    assert_frame_equal(script["make_shop"](), shop)


def test_the_shop_covers_two_years_of_days_in_order(shop):
    assert (shop["day"].min(), shop["day"].max()) == (date(2024, 11, 1), date(2026, 10, 31))
    assert shop["day"].n_unique() == 730
    assert shop["day"].is_sorted()


def test_a_row_of_the_shop_is_a_combination_with_visits(shop):
    assert not shop.select("day", "country", "device", "channel", "category").is_duplicated().any()
    assert shop["visits"].min() > 0
    assert shop.filter(pl.col("orders") > pl.col("visits")).is_empty()
    assert shop.filter((pl.col("orders") == 0) != (pl.col("revenue") == 0)).is_empty()
    assert not any(shop.null_count().row(0))


def test_revenue_fell_by_a_tenth_because_of_conversion(shop):
    assert change(shop, "revenue")[""] == pytest.approx(-0.10, abs=0.005)
    assert change(shop, "visits")[""] == pytest.approx(0.023, abs=0.001)
    assert change(shop, "orders", per="visits")[""] == pytest.approx(-0.135, abs=0.001)
    assert change(shop, "revenue", per="orders")[""] == pytest.approx(0.017, abs=0.001)


def test_mobile_conversion_breaks_in_two_countries_and_holds_in_the_others(shop):
    mobile = shop.filter(pl.col("device") == "mobile", pl.col("country") != "PL")

    by_country = change(mobile, "orders", per="visits", by="country")

    assert all(-0.36 < by_country.pop(country) < -0.30 for country in BROKEN)
    assert all(abs(value) < 0.05 for value in by_country.values())


def test_desktop_conversion_holds(shop):
    desktop = shop.filter(pl.col("device") == "desktop")

    assert abs(change(desktop, "orders", per="visits")[""]) < 0.05


def test_the_ads_lose_visits_and_the_other_channels_do_not(shop):
    by_channel = change(shop, "visits", by="channel")

    assert by_channel.pop("Ads") == pytest.approx(-0.12, abs=0.005)
    assert min(by_channel.values()) > 0.05


def test_the_basket_of_home_rises_and_the_others_hold(shop):
    by_category = change(shop, "revenue", per="orders", by="category")

    assert by_category.pop("Home") == pytest.approx(0.098, abs=0.005)
    assert all(abs(value) < 0.02 for value in by_category.values())


def test_poland_opens_and_the_affiliates_end_on_their_day(shop):
    poland = shop.filter(pl.col("country") == "PL")
    affiliates = shop.filter(pl.col("channel") == "Affiliate")

    assert (poland["day"].min(), poland["visits"].sum()) == (date(2026, 10, 5), 17_287)
    assert affiliates["day"].max() == date(2026, 6, 30)


def test_the_avocados_hold_each_week_region_and_type_once(avocados):
    assert avocados.height == 169 * 8 * 2
    assert not avocados.select("week", "region", "type").is_duplicated().any()
    assert (avocados["week"].min(), avocados["week"].max()) == (date(2015, 1, 4), date(2018, 3, 25))


def test_the_avocado_regions_are_disjoint_and_sum_to_the_whole_country(avocados):
    by_type = avocados.group_by("type").agg(pl.col("volume").sum())

    assert avocados["region"].n_unique() == 8
    assert {kind: float(volume) for kind, volume in by_type.rows()} == pytest.approx(TOTAL_US, abs=20)


def test_avocado_revenue_is_volume_times_a_price_in_cents(avocados):
    price = pl.col("revenue").cast(pl.Float64) / pl.col("volume").cast(pl.Float64)

    cents = avocados.select((price * 100).alias("cents"))["cents"]

    assert (cents - cents.round()).abs().max() < 0.01
    assert 60 < cents.min() < cents.max() < 260
