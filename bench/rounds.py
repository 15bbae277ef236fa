"""Interleaved rounds, and the figures made of them."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Seconds = list[float]


def timed(call: Callable[[], object]) -> float:
    """Seconds of wall time one call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def interleave(calls: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Seconds]:
    """Every call once a round, each round beginning with another one; the first round only warms up.

    calls: name → a call that returns the seconds it took.
    """
    names = list(calls)
    found: dict[str, Seconds] = {name: [] for name in names}
    for number in range(rounds + 1):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            seconds = calls[name]()
            if number:
                found[name].append(seconds)
    return found


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Least, median and 95th percentile in milliseconds."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {
        "min_ms": round(ordered[0] * 1000, 1),
        "median_ms": round(statistics.median(ordered) * 1000, 1),
        "p95_ms": round(p95 * 1000, 1),
        "calls": len(ordered),
    }


def ratio(mine: Sequence[float], other: Sequence[float]) -> dict[str, float]:
    """How many times as long `mine` took: by medians (which counts) and by least times."""
    return {
        "by_median": round(statistics.median(mine) / statistics.median(other), 2),
        "by_min": round(min(mine) / min(other), 2),
    }


def machine() -> dict[str, object]:
    """What the figures were taken on, and how busy it was."""
    return {"cores": os.cpu_count(), "load": [round(load, 2) for load in os.getloadavg()]}


def show(result: Mapping[str, object]) -> None:
    """Print the figures."""
    print(json.dumps(result, indent=2))
