"""Interleaved rounds, and the figures made of them."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Took(NamedTuple):
    """Seconds one call took: on the clock, and of processor time in all threads."""

    wall: float
    cpu: float


Times = list[Took]


def timed(call: Callable[[], object]) -> Took:
    """How long one call takes in this process."""
    began, cpu = time.perf_counter(), time.process_time()
    call()
    return Took(time.perf_counter() - began, time.process_time() - cpu)


def interleave(calls: Mapping[str, Callable[[], Took]], rounds: int) -> dict[str, Times]:
    """Every call once a round, each round beginning with another one; the first round only warms up."""
    names = list(calls)
    found: dict[str, Times] = {name: [] for name in names}
    for number in range(rounds + 1):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            took = calls[name]()
            if number:
                found[name].append(took)
    return found


def summary(times: Sequence[Took]) -> dict[str, float]:
    """Least, median and 95th percentile on the clock, median of processor time, in milliseconds."""
    ordered = sorted(took.wall for took in times)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {
        "min_ms": round(ordered[0] * 1000, 1),
        "median_ms": round(statistics.median(ordered) * 1000, 1),
        "p95_ms": round(p95 * 1000, 1),
        "cpu_ms": round(statistics.median(took.cpu for took in times) * 1000, 1),
        "calls": len(ordered),
    }


def ratio(mine: Sequence[Took], other: Sequence[Took]) -> dict[str, float]:
    """How many times as long `mine` took: by medians (which counts), by least times, by processor time."""
    return {
        "by_median": round(statistics.median(t.wall for t in mine) / statistics.median(t.wall for t in other), 2),
        "by_min": round(min(t.wall for t in mine) / min(t.wall for t in other), 2),
        "by_cpu": round(statistics.median(t.cpu for t in mine) / statistics.median(t.cpu for t in other), 2),
    }


def machine() -> dict[str, object]:
    """What the figures were taken on, and how busy it was."""
    return {"cores": os.cpu_count(), "load": [round(load, 2) for load in os.getloadavg()]}


def show(result: Mapping[str, object]) -> None:
    """Print the figures."""
    print(json.dumps(result, indent=2))
