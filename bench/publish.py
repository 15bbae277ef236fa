"""One publish of the facts, or DuckDB's bare COPY of the same rows, in a process of its own.

Run as a child: `python -m bench.publish product|copy <facts.parquet>`. Prints seconds and peak memory as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.rounds import timed


def peak_mb() -> float:
    """The most memory this process has held. (`ru_maxrss` would also count the parent it was forked from.)"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    raise SystemExit("/proc/self/status does not tell VmHWM; this benchmark needs Linux.")


def by_product(file: Path, folder: Path) -> Callable[[], object]:
    """`Warehouse.publish`: facts, marginal table, segments, manifest."""
    from bench.subject import dataset
    from core.warehouse import Warehouse

    warehouse = Warehouse(folder, threads=2, memory_limit="60%")
    return lambda: warehouse.publish(dataset(file), now=datetime.now(UTC))


def by_copy(file: Path, folder: Path) -> Callable[[], object]:
    """One COPY, compressed the same way."""
    import duckdb

    connection = duckdb.connect(config={"threads": 2})
    text = f"COPY (FROM read_parquet('{file}')) TO '{folder / 'copy.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
    return lambda: connection.execute(text)


WAYS = {"product": by_product, "copy": by_copy}


def main(way: str, file: str) -> None:
    """Do it once."""
    with tempfile.TemporaryDirectory(prefix="bridgecast-bench-") as folder:
        call = WAYS[way](Path(file), Path(folder))
        took = timed(call)
        print(json.dumps({"wall": took.wall, "cpu": took.cpu, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
