"""The marginal table: per day, dimension and segment the sums and non-null counts of every metric, and the row count.

Columns: `day` (NULL without a date column), `segment` (code; 0 is the total), `r` rows, `s<i>` sum of the i-th
summable metric, `n<i>` its non-null count where it has gaps. Rows lie in the order of the days, so that a period
reads only its part. The codes of a dimension are one range; a second file names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.model.sums import NOT_SET
from core.warehouse.sql import tables
from core.warehouse.versions import Version

MOST_ROWS = 2_000_000
SMALL_ROWS = 100_000
KEPT_DICTIONARIES = 64


@dataclass(frozen=True)
class Segments:
    """The names of one dimension's segments. first, last: their codes; names[i] belongs to code first + i."""

    first: int
    last: int
    names: NDArray[np.object_]


def choose(dimensions: Sequence[str], days: int, rows: int, cardinalities: Mapping[str, int]) -> dict[str, str]:
    """Dimensions that do not go into the marginal table, and why."""
    left_out = {}
    for dimension in dimensions:
        size = days * cardinalities[dimension]
        if size > MOST_ROWS:
            left_out[dimension] = f"some {size:,} combinations of day and value, more than {MOST_ROWS:,}"
        elif size > SMALL_ROWS and size * 4 > rows:
            left_out[dimension] = f"some {size:,} combinations of day and value, more than a quarter of {rows:,} rows"
    return left_out


def build(cursor: duckdb.DuckDBPyConnection, version: Version, target: Path, names: Path) -> dict[str, int]:
    """Write the marginal table of `version`'s facts to `target`, its segments' names to `names`.

    Returns the number of segments of each dimension.
    """
    cursor.execute(*tables.marginals_made(version).parts)
    cursor.execute(tables.SEGMENTS_NAMED)
    cursor.execute(*tables.written(tables.SEGMENTS_IN_ORDER, names).parts)
    cursor.execute(*tables.written(tables.marginals_in_order(version), target).parts)
    counted = cursor.execute(tables.SEGMENTS_COUNTED).fetchall()
    for table in tables.TEMPORARY:
        cursor.execute(f"DROP TABLE {table}")
    return {version.marginal_dimensions[int(place)]: int(count) for place, count in counted}


@lru_cache(maxsize=KEPT_DICTIONARIES)
def segments(path: Path, dimensions: tuple[str, ...]) -> dict[str, Segments]:
    """The segments of every dimension in a marginal table, read once: a version's files never change."""
    frame = pl.read_parquet(path)
    found = {}
    for place, dimension in enumerate(dimensions):
        part = frame.filter(pl.col("dimension") == place)
        codes = part["segment"]
        first, last = (int(codes[0]), int(codes[-1])) if len(codes) else (1, 0)
        found[dimension] = Segments(first, last, part["value"].fill_null(NOT_SET).to_numpy().astype(object))
    return found
