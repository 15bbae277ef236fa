"""Makes the benchmark's facts: 10 M rows, five dimensions, four metrics, 60 days in day order, one planted cause.

Orders convert 20 % worse in the second 30 days where d1 is v1 and d2 is v0, v1 or v2.
Run: python bench/make_facts.py [rows] [file]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb

ROWS = 10_000_000
FILE = Path("/tmp/bench10m/facts.parquet")
DAYS = 60
SIZES = {"d1": 5, "d2": 20, "d3": 50, "d4": 200, "d5": 2000}


def make_facts(file: Path = FILE, rows: int = ROWS) -> Path:
    """Write `rows` rows to `file` unless it is there already; the same rows every time."""
    if file.exists():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({_select(rows)}) TO '{part}' (FORMAT parquet, COMPRESSION zstd)")
    part.replace(file)
    return file


def _random(row: str, salt: int) -> str:
    """A number from 0 to 1 that depends on the row alone, so that threads do not matter."""
    return f"((hash({row} * 31 + {salt}) >> 11) / 9007199254740992.0)"


def _select(rows: int) -> str:
    # Squaring the random number makes small codes frequent, as real dimensions are.
    dimensions = ", ".join(
        f"CAST(floor(pow({_random('i', salt)}, 1.5) * {size}) AS INTEGER) AS c{salt}"
        for salt, size in enumerate(SIZES.values(), 1)
    )
    names = ", ".join(f"'v' || c{salt} AS {name}" for salt, name in enumerate(SIZES, 1))
    planted = f"CASE WHEN i >= {rows // 2} AND c1 = 1 AND c2 < 3 THEN 0.8 ELSE 1.0 END"
    return f"""
        SELECT DATE '2026-01-01' + CAST(i * {DAYS} // {rows} AS INTEGER) AS day, {names}, visits, orders,
               round(orders * (40 + 40 * {_random("i", 8)}), 2) AS revenue,
               round(orders * (20 + 20 * {_random("i", 9)}), 2) AS cost
        FROM (SELECT *, CAST(floor(visits * (0.02 + 0.16 * {_random("i", 7)}) * {planted} + {_random("i", 10)})
                             AS BIGINT) AS orders
              FROM (SELECT i, {dimensions}, CAST(1 + floor({_random("i", 6)} * 20) AS BIGINT) AS visits
                    FROM range({rows}) t(i)))
    """


if __name__ == "__main__":
    began = time.perf_counter()
    made = make_facts(Path(sys.argv[2]) if len(sys.argv) > 2 else FILE, int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
    print(f"{made}: {made.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - began:.1f} s")
