"""The segment search by wise-pizza, in its own environment (bench/peers_segments.txt).

Run as a child: `python peers_segments.py <cells.parquet>`: columns p (0 base, 1 current), d1, d2, d3, visits, orders.
For every line on stdin it searches once in the two frames that it holds, and prints the seconds it took, on the clock
and of processor time, and what it found.
"""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from wise_pizza import explain_changes_in_totals

DIMENSIONS = ["d1", "d2", "d3"]
MOST_SEGMENTS, MOST_CONDITIONS = 5, 2


def search(base: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    """At most five segments of up to two conditions that explain the change of orders, visits being their size."""
    found = explain_changes_in_totals(
        df1=base,
        df2=current,
        dims=DIMENSIONS,
        total_name="orders",
        size_name="visits",
        max_segments=MOST_SEGMENTS,
        min_segments=MOST_SEGMENTS,
        max_depth=MOST_CONDITIONS,
    )
    return [str(segment["segment"]) for segment in found.segments]


def main() -> None:
    """Search once a line."""
    frame = pd.read_parquet(sys.argv[1])
    base, current = (frame[frame["p"] == side].drop(columns="p") for side in (0, 1))
    for _ in sys.stdin:
        began, cpu = time.perf_counter(), time.process_time()
        found = search(base.copy(), current.copy())
        print(json.dumps([time.perf_counter() - began, time.process_time() - cpu, found]), flush=True)


if __name__ == "__main__":
    main()
