"""The job of a first bridge by other tools, in their own environment (bench/peers.txt).

Run as a child: `python peers.py <tool> <facts.parquet> <first day of the current period>`. For every line on stdin it
does the whole job once, from the file to the five small results, and prints the seconds it took: on the clock, and
of processor time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from datetime import date

DIMENSIONS = ("d1", "d2", "d3", "d4", "d5")
METRICS = ["visits", "orders", "revenue", "cost"]


def by_pandas(file: str, current: date) -> Callable[[], list[object]]:
    """A group-by a dimension, four sums."""
    import pandas as pd

    def job() -> list[object]:
        frame = pd.read_parquet(file)
        frame["period"] = pd.to_datetime(frame["day"]) >= pd.Timestamp(current)
        return [frame.groupby(["period", dimension])[METRICS].sum() for dimension in DIMENSIONS]

    return job


def by_sum_explainer(file: str, current: date) -> Callable[[], list[object]]:
    """icanexplain on one ratio: conversion, weighted by visits."""
    import ibis
    from icanexplain import SumExplainer

    connection = ibis.duckdb.connect()

    def job() -> list[object]:
        table = connection.read_parquet(file)
        table = table.mutate(period=table.day >= current, conversion=table.orders / table.visits)
        return [
            SumExplainer(fact="conversion", count="visits", period="period", group=dimension)(table).execute()
            for dimension in DIMENSIONS
        ]

    return job


def by_funnel_explainer(file: str, current: date) -> Callable[[], list[object]]:
    """icanexplain on a funnel of three metrics."""
    import ibis
    from icanexplain import FunnelExplainer

    connection = ibis.duckdb.connect()

    def job() -> list[object]:
        table = connection.read_parquet(file)
        table = table.mutate(period=table.day >= current)
        return [
            FunnelExplainer(funnel=METRICS[:3], period="period", group=dimension)(table).execute()
            for dimension in DIMENSIONS
        ]

    return job


TOOLS = {"pandas": by_pandas, "SumExplainer": by_sum_explainer, "FunnelExplainer": by_funnel_explainer}


def serve(job: Callable[[], list[object]], asked: Iterable[str]) -> None:
    """Do the job once a line."""
    for _ in asked:
        began, cpu = time.perf_counter(), time.process_time()
        results = job()
        seconds = time.perf_counter() - began, time.process_time() - cpu
        if len(results) != len(DIMENSIONS):
            raise SystemExit(f"{len(results)} results instead of {len(DIMENSIONS)}")
        print(*seconds, flush=True)


if __name__ == "__main__":
    serve(TOOLS[sys.argv[1]](sys.argv[2], date.fromisoformat(sys.argv[3])), sys.stdin)
