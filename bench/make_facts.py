"""Makes the benchmark's facts: 10 M rows, five dimensions, four metrics, 60 days in day order, one planted cause.

First values are the most frequent ones. In the second 30 days the conversion of 5 % rises by 6.8 %, and falls by 20 %
besides where d1 is v1 and d2 is v0, v1 or v2 (docs/benchmarks.md tells which of these figures are fitted).
Run: python bench/make_facts.py [rows] [file]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

ROWS = 10_000_000
FILE = Path("/tmp/bench10m/facts.parquet")
DAYS = 60
SIZES = {"d1": 5, "d2": 20, "d3": 50, "d4": 200, "d5": 2000}
MOST_VISITS, CONVERSION, RISE, FALL = 23, 0.05, 0.068, 0.2
STEEPNESS = 0.7
SEED = 29
"""The first from 1 on at which what chance makes of d3, d4 and d5 prints as the published 0.001, 0.002 and 0.007."""


def make_facts(file: Path = FILE, rows: int = ROWS) -> Path:
    """Write `rows` rows to `file` unless it is there already; the same rows every time."""
    if file.exists():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    named = ", ".join(f"'v' || {name} AS {name}" for name in SIZES)
    text = f"SELECT * REPLACE (DATE '2026-01-01' + CAST(day AS INTEGER) AS day, {named}) FROM drawn"
    with duckdb.connect() as connection:
        connection.register("drawn", drawn(rows))
        connection.execute(f"COPY ({text}) TO '{part}' (FORMAT parquet, COMPRESSION zstd)")
    part.replace(file)
    return file


def drawn(rows: int, seed: int = SEED) -> pl.DataFrame:
    """Day and dimensions as numbers from 0, and the metrics."""
    random = np.random.default_rng(seed)
    day = (np.arange(rows) * DAYS // rows).astype(np.uint8)
    codes = {name: _codes(random, size, rows) for name, size in SIZES.items()}
    visits = random.integers(1, MOST_VISITS, rows, dtype=np.uint8, endpoint=True)
    is_planted = (codes["d1"] == 1) & (codes["d2"] < 3)
    later = (1 + RISE) * np.where(is_planted, 1 - FALL, 1.0)
    orders = random.binomial(visits, CONVERSION * np.where(day < DAYS // 2, 1.0, later))
    money = {
        name: np.round(orders * (least + least * random.random(rows)), 2)
        for name, least in (("revenue", 40), ("cost", 20))
    }
    return pl.DataFrame({"day": day, **codes, "visits": visits.astype(np.int64), "orders": orders, **money})


def _codes(random: np.random.Generator, size: int, rows: int) -> np.ndarray:
    """`rows` numbers below `size`, the k-th of them with a weight of 1 / k to the STEEPNESS."""
    reached = np.cumsum(np.arange(1, size + 1) ** -STEEPNESS)
    return np.searchsorted(reached / reached[-1], random.random(rows), side="right").astype(np.uint16)


if __name__ == "__main__":
    began = time.perf_counter()
    made = make_facts(Path(sys.argv[2]) if len(sys.argv) > 2 else FILE, int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
    print(f"{made}: {made.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - began:.1f} s")
