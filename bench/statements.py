"""Hand-written DuckDB statements for the job of a first bridge: four sums in all and by five dimensions, two periods.

They know the benchmark's columns and sizes; the product has to find them out. The fastest one is what it is held to.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

DIMENSIONS = ("d1", "d2", "d3", "d4", "d5")
METRICS = ("visits", "orders", "revenue", "cost")
FIRST_DAY = date(2026, 1, 1)
SUMS = "sum(visits) AS visits, sum(orders) AS orders, sum(revenue) AS revenue, sum(cost) AS cost"
PACKS = (("d1", "d4"), ("d2", "d3"), ("d5",))


def day(number: int) -> date:
    """The n-th day of the facts."""
    return FIRST_DAY + timedelta(days=number)


def statements(file: Path) -> dict[str, str]:
    """Formulation → statement, for days 0 to 29 against 30 to 59."""
    source = f"read_parquet('{file}')"
    return {
        "packs on one materialised scan": _packs(source),
        "grouping sets": _grouping_sets(source),
        "a group-by a dimension on one materialised scan": _group_bys(source),
        "packs, a scan each": _packs_scanned(source),
    }


def _scan(source: str, dimensions: tuple[str, ...] = DIMENSIONS) -> str:
    period = f"CAST(day >= DATE '{day(30)}' AS UTINYINT)"
    columns = ", ".join((*dimensions, *METRICS))
    return f"SELECT {period} AS p, {columns} FROM {source} WHERE day >= DATE '{day(0)}' AND day < DATE '{day(60)}'"


def _rolled(relation: str, dimension: str | None) -> str:
    name, key = (f"'{dimension}'", dimension) if dimension else ("''", "NULL")
    return f"SELECT {name} AS dimension, {key} AS value, p, {SUMS} FROM {relation} GROUP BY ALL"


def _packs(source: str) -> str:
    parts = [f"f AS MATERIALIZED ({_scan(source)})"]
    for number, members in enumerate(PACKS):
        parts.append(f"g{number} AS MATERIALIZED (SELECT p, {', '.join(members)}, {SUMS} FROM f GROUP BY ALL)")
    return f"WITH {', '.join(parts)} {_all_rolled()}"


def _packs_scanned(source: str) -> str:
    parts = []
    for number, members in enumerate(PACKS):
        columns = f"p, {', '.join(members)}, {SUMS}"
        parts.append(f"g{number} AS MATERIALIZED (SELECT {columns} FROM ({_scan(source, members)}) GROUP BY ALL)")
    return f"WITH {', '.join(parts)} {_all_rolled()}"


def _all_rolled() -> str:
    rolled = [_rolled(f"g{number}", dimension) for number, members in enumerate(PACKS) for dimension in members]
    return " UNION ALL ".join([_rolled("g0", None), *rolled])


def _grouping_sets(source: str) -> str:
    sets = ", ".join(f"(p, {dimension})" for dimension in DIMENSIONS)
    columns = ", ".join(DIMENSIONS)
    return f"SELECT p, {columns}, {SUMS} FROM ({_scan(source)}) GROUP BY GROUPING SETS ((p), {sets})"


def _group_bys(source: str) -> str:
    rolled = " UNION ALL ".join(_rolled("f", dimension) for dimension in (None, *DIMENSIONS))
    return f"WITH f AS MATERIALIZED ({_scan(source)}) {rolled}"
