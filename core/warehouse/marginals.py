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
from core.warehouse.files import as_pattern
from core.warehouse.sql import Statement, day_of, facts, packs, quote
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
    dimensions = version.marginal_dimensions
    statement = Statement()
    relation = facts(statement, [as_pattern(version.facts)], version)
    cursor.execute(f"CREATE TEMP TABLE made AS {_packed(relation, version)}", statement.parameters)
    cursor.execute(
        "CREATE TEMP TABLE named AS SELECT dimension, value, CAST(row_number() OVER (ORDER BY dimension, value) AS "
        "INTEGER) AS segment FROM (SELECT DISTINCT dimension, value FROM made WHERE dimension >= 0)"
    )
    _copy(cursor, "SELECT segment, dimension, value FROM named ORDER BY segment", names)
    _copy(
        cursor,
        f"SELECT {', '.join(['day', 'coalesce(segment, 0) AS segment', 'r', *_columns(version)])} FROM made LEFT JOIN "
        "named ON made.dimension = named.dimension AND made.value IS NOT DISTINCT FROM named.value "
        "ORDER BY day, segment",
        target,
    )
    counted = cursor.execute("SELECT dimension, count(*) FROM named GROUP BY dimension").fetchall()
    cursor.execute("DROP TABLE made")
    cursor.execute("DROP TABLE named")
    return {dimensions[int(place)]: int(count) for place, count in counted}


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


def relation(statement: Statement, table: Path) -> str:
    """A marginal table as a relation."""
    return f"read_parquet({statement.value(as_pattern(table))}, hive_partitioning = false)"


def _packed(relation: str, version: Version) -> str:
    """Rows `(dimension, value, day, r, s…, n…)`, by one materialised scan and packed dimensions."""
    dimensions, metrics = version.marginal_dimensions, version.summable
    day = day_of(version, version.date_column.name) if version.date_column else "CAST(NULL AS DATE)"
    places = {d: f"d{i}" for i, d in enumerate(dimensions)}
    scanned = [f"{day} AS day", *(f"{quote(d)} AS {p}" for d, p in places.items())]
    scanned += [f"{quote(m)} AS m{i}" for i, m in enumerate(metrics)]
    parts = [f"f AS MATERIALIZED (SELECT {', '.join(scanned)} FROM {relation})"]
    first = [
        column
        for i, name in enumerate(metrics)
        for column in (f"sum(m{i}) AS s{i}", *([f"count(m{i}) AS n{i}"] if name in version.gappy else []))
    ]
    results = []
    for number, members in enumerate(packs(dimensions, version.cardinalities) or [()]):
        columns = ["day", *(places[d] for d in members), "count(*) AS r", *first]
        parts.append(f"g{number} AS MATERIALIZED (SELECT {', '.join(columns)} FROM f GROUP BY ALL)")
        results += [_rolled(number, dimensions.index(d), f"CAST({places[d]} AS VARCHAR)", version) for d in members]
    results.append(_rolled(0, -1, "CAST(NULL AS VARCHAR)", version))
    return f"WITH {', '.join(parts)} {' UNION ALL '.join(results)}"


def _rolled(number: int, dimension: int, value: str, version: Version) -> str:
    columns = [f"{dimension} AS dimension", f"{value} AS value", "day", "CAST(sum(r) AS BIGINT) AS r"]
    for i, name in enumerate(version.summable):
        # Parquet has no 128-bit integers; DOUBLE holds integer sums exactly up to 9e15.
        summed = f"sum(s{i})" if version.column(name).type == "decimal" else f"CAST(sum(s{i}) AS DOUBLE)"
        columns.append(f"{summed} AS s{i}")
        if name in version.gappy:
            columns.append(f"CAST(sum(n{i}) AS BIGINT) AS n{i}")
    return f"SELECT {', '.join(columns)} FROM g{number} GROUP BY value, day"


def _columns(version: Version) -> list[str]:
    """Columns of sums and counts, in their order."""
    return [
        column
        for i, name in enumerate(version.summable)
        for column in (f"s{i}", *([f"n{i}"] if name in version.gappy else []))
    ]


def _copy(cursor: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    cursor.execute(f"COPY ({query}) TO $path (FORMAT parquet, COMPRESSION zstd)", {"path": str(path)})
