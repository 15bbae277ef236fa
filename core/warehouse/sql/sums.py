"""Sums by side and segment, from the facts and from the marginal table.

The packed scan (docs/data.md): one materialised scan with the side of the comparison in the group key,
dimensions packed together so that few aggregations serve them all, small results rolled up per dimension.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.model.data import ColumnSpec
from core.warehouse.sql.base import BOTH, TOTAL, Scan, daily_limit, packs, quote
from core.warehouse.versions import Version


def packed_sums(
    scan: Scan,
    metrics: Sequence[ColumnSpec],
    dimensions: Sequence[str],
    version: Version,
) -> str:
    """Rows `(dimension, value, key, rows, s0…, n0…)`; dimension is its position, -1 for the total; key is `scan.side`.

    s: sums, exact for integers and decimals; n: rows in which the metric is not NULL.
    """
    names = [m.name for m in metrics]
    places = {d: f"d{i}" for i, d in enumerate(dimensions)}
    bins = packs(dimensions, version.cardinalities) or [()]
    scanned = [f"{scan.side} AS side", *(f"{quote(d)} AS {p}" for d, p in places.items())]
    scanned += [f"{clean_number(name, version)} AS m{i}" for i, name in enumerate(names)]
    where = f" WHERE {scan.condition}" if scan.condition else ""
    parts = [f"f AS MATERIALIZED (SELECT {', '.join(scanned)} FROM {scan.relation}{where})"]
    results = []
    for number, members in enumerate(bins):
        columns = ["side", *(places[d] for d in members), "count(*) AS r"]
        columns += [c for i, name in enumerate(names) for c in _first_sums(i, name in version.gappy)]
        parts.append(f"g{number} AS MATERIALIZED (SELECT {', '.join(columns)} FROM f GROUP BY ALL)")
        results += [_rolled(f"g{number}", dimensions.index(d), places[d], names, version.gappy) for d in members]
    results.append(_rolled("g0", TOTAL, None, names, version.gappy))
    return f"WITH {', '.join(parts)} {' UNION ALL '.join(results)}"


def clean_number(name: str, version: Version) -> str:
    """The metric as it is added up: booleans and unclean numbers made fit for that."""
    if not version.is_clean and version.column(name).type == "number":
        return f"CASE WHEN isfinite({quote(name)}) THEN {quote(name)} END"
    return quote(name)


def _first_sums(position: int, is_gappy: bool) -> list[str]:
    count = [f"count(m{position}) AS n{position}"] if is_gappy else []
    return [f"sum(m{position}) AS s{position}", *count]


def _rolled(relation: str, dimension: int, place: str | None, names: Sequence[str], gappy: Iterable[str]) -> str:
    value = f"CAST({place} AS VARCHAR)" if place else "NULL"
    columns = [f"{dimension} AS dimension", f"{value} AS value", "side", "sum(r) AS r"]
    columns += [f"CAST(coalesce(sum(s{i}), 0) AS DOUBLE) AS s{i}" for i in range(len(names))]
    columns += [f"sum({f'n{i}' if name in gappy else 'r'}) AS n{i}" for i, name in enumerate(names)]
    return f"SELECT {', '.join(columns)} FROM {relation} GROUP BY value, side"


def distinct_counts(scan: Scan, metrics: Sequence[str], dimensions: Sequence[str]) -> str:
    """Rows `(dimension, value, r, s0…, n0…)`: distinct values of each metric on one side, in all and by segment."""
    counts = [f"count(DISTINCT m{i}) AS s{i}, count(m{i}) AS n{i}" for i in range(len(metrics))]
    counted = ", ".join(["count(*) AS r", *counts])
    scanned = [f"{quote(d)} AS d{i}" for i, d in enumerate(dimensions)]
    scanned += [f"{quote(m)} AS m{i}" for i, m in enumerate(metrics)]
    where = f" WHERE {scan.condition}" if scan.condition else ""
    results = [f"SELECT {TOTAL} AS dimension, NULL AS value, {counted} FROM f"]
    results += [
        f"SELECT {i} AS dimension, CAST(d{i} AS VARCHAR) AS value, {counted} FROM f GROUP BY d{i}"
        for i in range(len(dimensions))
    ]
    scanned_text = f"SELECT {', '.join(scanned)} FROM {scan.relation}{where}"
    return f"WITH f AS MATERIALIZED ({scanned_text}) {' UNION ALL '.join(results)}"


def marginal_sums(scan: Scan, version: Version, metrics: Sequence[str], codes: tuple[int, int] | None) -> str:
    """Rows `(segment, key, rows, s0…, n0…)` from the marginal table; `codes`: only these segments besides the total."""
    columns = ["segment", f"{scan.side} AS side", "sum(r) AS r"]
    for i, name in enumerate(metrics):
        place = version.summable.index(name)
        count = f"n{place}" if name in version.gappy else "r"
        columns += [f"CAST(sum(s{place}) AS DOUBLE) AS s{i}", f"sum({count}) AS n{i}"]
    return f"SELECT {', '.join(columns)} FROM {scan.relation} WHERE {_kept(scan, codes)} GROUP BY ALL"


def marginal_moments(
    scan: Scan,
    version: Version,
    metrics: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    codes: tuple[int, int] | None,
) -> str:
    """Rows `(segment, side, day, days, s0…, q0…)`: sums of metrics, and over days of products of two daily sums.

    The whole has a row a day; the others have no day, but count those on which they have rows.
    """
    columns = ["segment", f"{scan.side} AS side", "CASE WHEN segment = 0 THEN day END AS day", "count(*) AS days"]
    columns += [f"sum({_daily_sum(version, name)}) AS s{i}" for i, name in enumerate(metrics)]
    products = [f"{_daily_sum(version, one)} * {_daily_sum(version, other)}" for one, other in pairs]
    columns += [f"sum({product}) AS q{i}" for i, product in enumerate(products)]
    return f"SELECT {', '.join(columns)} FROM {scan.relation} WHERE {_kept(scan, codes)} GROUP BY ALL"


def _daily_sum(version: Version, name: str) -> str:
    return f"CAST(s{version.summable.index(name)} AS DOUBLE)"


def packed_moments(
    scan: Scan,
    day: str,
    metrics: Sequence[ColumnSpec],
    pairs: Sequence[tuple[str, str]],
    dimensions: Sequence[str],
    version: Version,
) -> str:
    """Rows `(dimension, value, side, day, days, s0…, q0…)` from the facts: as `marginal_moments`, -1 for the whole.

    day: an expression for the day of a row. A row of both sides counts on each.
    """
    names = [m.name for m in metrics]
    places = {d: f"d{i}" for i, d in enumerate(dimensions)}
    bins = packs(dimensions, version.cardinalities, daily_limit(version)) or [()]
    scanned = [f"{scan.side} AS side", f"{day} AS day", *(f"{quote(d)} AS {p}" for d, p in places.items())]
    scanned += [f"{clean_number(name, version)} AS m{i}" for i, name in enumerate(names)]
    where = f" WHERE {scan.condition}" if scan.condition else ""
    parts = [f"f AS MATERIALIZED (SELECT {', '.join(scanned)} FROM {scan.relation}{where})"]
    products = [(names.index(one), names.index(other)) for one, other in pairs]
    results = []
    for number, members in enumerate(bins):
        columns = ["side", "day", *(places[d] for d in members), *(f"sum(m{i}) AS s{i}" for i in range(len(names)))]
        parts.append(f"g{number} AS MATERIALIZED (SELECT {', '.join(columns)} FROM f GROUP BY ALL)")
        results += [_squared(f"g{number}", dimensions.index(d), places[d], len(names), products) for d in members]
    results.append(_squared("g0", TOTAL, None, len(names), products))
    return f"WITH {', '.join(parts)} {' UNION ALL '.join(results)}"


def _squared(
    relation: str, dimension: int, place: str | None, metrics: int, products: Sequence[tuple[int, int]]
) -> str:
    value = f"CAST({place} AS VARCHAR)" if place else "NULL"
    daily = [f"{value} AS value", "counted AS side", "day"]
    daily += [f"CAST(coalesce(sum(s{i}), 0) AS DOUBLE) AS s{i}" for i in range(metrics)]
    sides = f"(VALUES (0), (1)) AS sides(counted) ON side IN (counted, {BOTH})"
    by_day = f"SELECT {', '.join(daily)} FROM {relation} JOIN {sides} GROUP BY ALL"
    keys, day = (("value", "side"), "NULL") if place else (("value", "side", "by_day.day"), "by_day.day")
    columns = [f"{dimension} AS dimension", "value", "side", f"CAST({day} AS DATE) AS day", "count(*) AS days"]
    columns += [f"sum(s{i}) AS s{i}" for i in range(metrics)]
    columns += [f"sum(s{one} * s{other}) AS q{i}" for i, (one, other) in enumerate(products)]
    return f"SELECT {', '.join(columns)} FROM ({by_day}) AS by_day GROUP BY {', '.join(keys)}"


def _kept(scan: Scan, codes: tuple[int, int] | None) -> str:
    wanted = "segment = 0" if codes is None else f"(segment = 0 OR segment BETWEEN {codes[0]:d} AND {codes[1]:d})"
    return f"{scan.condition} AND {wanted}" if scan.condition else wanted
