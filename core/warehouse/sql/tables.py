"""Statements over whole tables: writing, measuring, ordering, the marginal table, rows and values to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.model.sums import NOT_SET
from core.warehouse.files import as_pattern
from core.warehouse.sql.base import Scan, Statement, daily_limit, day_of, facts, packs, quote
from core.warehouse.versions import Version

TEMPORARY = ("made", "named")
SEGMENTS_NAMED = (
    "CREATE TEMP TABLE named AS SELECT dimension, value, "
    "CAST(row_number() OVER (ORDER BY dimension, value) AS INTEGER) AS segment "
    "FROM (SELECT DISTINCT dimension, value FROM made WHERE dimension >= 0)"
)
SEGMENTS_IN_ORDER = Statement(text="SELECT segment, dimension, value FROM named ORDER BY segment")
SEGMENTS_COUNTED = "SELECT dimension, count(*) FROM named GROUP BY dimension"


def written(rows: Statement, target: Path) -> Statement:
    """The statement that writes the rows of another one as Parquet."""
    statement = Statement(dict(rows.parameters))
    statement.text = f"COPY ({rows.text}) TO {statement.value(str(target))} (FORMAT parquet, COMPRESSION zstd)"
    return statement


def row_groups(file: Path, day: str | None) -> Statement:
    """Rows of the largest row group of a Parquet file, and in how many groups the day has no statistics."""
    statement = Statement()
    silent = f"path_in_schema = {statement.value(day)} AND stats_min_value IS NULL" if day else "false"
    statement.text = (
        f"SELECT max(row_group_num_rows), count(*) FILTER ({silent}) "
        f"FROM parquet_metadata({statement.value(as_pattern(file))})"
    )
    return statement


def days_of_groups(file: Path, day: str) -> Statement:
    """First and last day of every row group of a Parquet file."""
    statement = Statement()
    first, last = (f"TRY_CAST(TRY_CAST(stats_{end}_value AS TIMESTAMP) AS DATE)" for end in ("min", "max"))
    statement.text = (
        f"SELECT {first} AS first, {last} AS last FROM parquet_metadata({statement.value(as_pattern(file))}) "
        f"WHERE path_in_schema = {statement.value(day)} AND first IS NOT NULL AND last IS NOT NULL"
    )
    return statement


def in_order(version: Version, infinite: Sequence[str]) -> Statement:
    """The rows by the date column; numbers of `infinite` that are not finite are NULL."""
    statement = Statement()
    cleaned = ", ".join(f"CASE WHEN isfinite({quote(n)}) THEN {quote(n)} END AS {quote(n)}" for n in infinite)
    chosen = f"* REPLACE ({cleaned})" if cleaned else "*"
    order = f" ORDER BY {quote(version.date_column.name)}" if version.date_column else ""
    statement.text = f"SELECT {chosen} FROM {facts(statement, [as_pattern(version.facts)], version)}{order}"
    return statement


def types_of(version: Version, files: Sequence[str]) -> Statement:
    """Names and types of the columns."""
    statement = Statement()
    statement.text = f"DESCRIBE SELECT * FROM {facts(statement, files, version)}"
    return statement


def measured(version: Version, files: Sequence[str], numbers: Sequence[str]) -> Statement:
    """One row: rows, first and last day, days, non-null counts of metrics, infinite `numbers`, sizes of dimensions."""
    statement = Statement()
    column = version.date_column
    day = day_of(version, column.name) if column else "CAST(NULL AS DATE)"
    wanted = ["count(*)", f"min({day})", f"max({day})", f"approx_count_distinct({day})"]
    wanted += [f"count({quote(m.name)})" for m in version.metrics]
    wanted += [f"count(*) FILTER (NOT isfinite({quote(n)}))" for n in numbers]
    wanted += [f"approx_count_distinct({quote(d)})" for d in version.dimensions]
    statement.text = f"SELECT {', '.join(wanted)} FROM {facts(statement, files, version)}"
    return statement


def exact_sizes(version: Version, files: Sequence[str], dimensions: Sequence[str]) -> Statement:
    """One row: different values of each dimension."""
    statement = Statement()
    counts = ", ".join(f"count(DISTINCT {quote(d)})" for d in dimensions)
    statement.text = f"SELECT {counts} FROM {facts(statement, files, version)}"
    return statement


def some_rows(statement: Statement, scan: Scan, limit: int) -> Statement:
    """Rows as they are, under the scan's condition."""
    where = f" WHERE {scan.condition}" if scan.condition else ""
    statement.text = f"SELECT * FROM {scan.relation}{where} LIMIT {statement.value(limit)}"
    return statement


def some_values(version: Version, files: Sequence[str], column: str, prefix: str, limit: int) -> Statement:
    """Different values of a column, as texts, that begin with `prefix` in lower case."""
    statement = Statement()
    text = f"coalesce(CAST({quote(column)} AS VARCHAR), {statement.value(NOT_SET)})"
    statement.text = (
        f"SELECT DISTINCT {text} AS name FROM {facts(statement, files, version)} "
        f"WHERE starts_with(lower({text}), {statement.value(prefix)}) ORDER BY name LIMIT {statement.value(limit)}"
    )
    return statement


def marginal_table(statement: Statement, table: Path) -> str:
    """A marginal table as a relation."""
    return f"read_parquet({statement.value(as_pattern(table))}, hive_partitioning = false)"


def marginals_made(version: Version) -> Statement:
    """The table `made` of rows `(dimension, value, day, r, s…, n…)`: one materialised scan, packed dimensions."""
    statement = Statement()
    relation = facts(statement, [as_pattern(version.facts)], version)
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
    bins = packs(dimensions, version.cardinalities, daily_limit(version)) or [()]
    for number, members in enumerate(bins):
        columns = ["day", *(places[d] for d in members), "count(*) AS r", *first]
        parts.append(f"g{number} AS MATERIALIZED (SELECT {', '.join(columns)} FROM f GROUP BY ALL)")
        results += [_rolled(number, dimensions.index(d), f"CAST({places[d]} AS VARCHAR)", version) for d in members]
    results.append(_rolled(0, -1, "CAST(NULL AS VARCHAR)", version))
    statement.text = f"CREATE TEMP TABLE made AS WITH {', '.join(parts)} {' UNION ALL '.join(results)}"
    return statement


def marginals_in_order(version: Version) -> Statement:
    """The rows of the marginal table by day and segment; the total is segment 0."""
    columns = ["day", "coalesce(segment, 0) AS segment", "r", *_columns(version)]
    return Statement(
        text=f"SELECT {', '.join(columns)} FROM made LEFT JOIN named ON made.dimension = named.dimension "
        "AND made.value IS NOT DISTINCT FROM named.value ORDER BY day, segment"
    )


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
