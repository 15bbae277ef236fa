"""Bridges over a few days, with their moments."""

from __future__ import annotations

from datetime import date

import numpy as np

from core.engine.bridge import build_bridge
from core.model.comparison import Comparison, DateSide
from core.model.sums import Moments, SegmentSums, Sums

WEEKS = Comparison("day", DateSide(date(2026, 3, 2), date(2026, 3, 8)), DateSide(date(2026, 3, 9), date(2026, 3, 15)))
ORDERS = ([300, 280, 299, 300, 286, 330, 345], [345, 373, 306, 348, 306, 306, 376])
"""Of 10,000 visits a day: 305.7 and 337.1 on average, the first days being 300 and 345."""
VISITS = [10_000] * 7


def sums_of(base, current, *, segments=None, days=None, filled=None, distinct=()):
    """Sums and moments of `base` and `current`, each metric → its days; segments: name → (base, current) alike."""
    metrics = tuple(base)
    parts = {"all": (base, current)} if segments is None else segments
    daily = {
        name: [np.array([side[m] for m in metrics], dtype=float).T for side in part] for name, part in parts.items()
    }
    whole = tuple(np.sum([sides[k] for sides in daily.values()], axis=0) for k in (0, 1))
    pairs = tuple((one, other) for i, one in enumerate(metrics) for other in metrics[i:])
    places = [(metrics.index(one), metrics.index(other)) for one, other in pairs]

    def squares(sides):
        return np.array([[float((side[:, i] * side[:, j]).sum()) for i, j in places] for side in sides])

    values = np.stack([[sides[k].sum(axis=0) for sides in daily.values()] for k in (0, 1)])
    rows = np.full((2, len(parts)), 1000.0)
    sums = Sums(
        metrics=metrics,
        totals=np.stack([side.sum(axis=0) for side in whole]),
        filled=np.full((2, len(metrics)), 1000.0) if filled is None else np.array(filled, dtype=float),
        rows=rows.sum(axis=1),
        days=days,
        dimensions={"device": SegmentSums(tuple(parts), values, rows)},
        distinct=frozenset(distinct),
    )
    counts = (len(whole[0]), len(whole[1]))
    moments = Moments(
        days=counts,
        pairs=pairs,
        totals=squares(whole),
        by_dimension={"device": np.stack([squares(sides) for sides in daily.values()], axis=1)},
        active={"device": np.stack([[(s[k] != 0).any(axis=1).sum() for s in daily.values()] for k in (0, 1)])},
        metrics=metrics,
        daily=whole,
    )
    return sums, moments


def explained(
    equation, steps, base, current, *, comparison=WEEKS, with_moments=True, formula=None, per_day=False, **options
):
    """The bridge over days of each side."""
    sums, moments = sums_of(base, current, days=(7, 7) if comparison and comparison.is_dates else None, **options)
    given_moments = moments if with_moments else None
    return build_bridge(
        equation(*steps, formula=formula),
        sums,
        comparison=comparison,
        per_day=per_day,
        moments=lambda: given_moments,
    )


def conversion(equation, base, current, **options):
    days = tuple({"visits": VISITS[: len(side)], "orders": side} for side in (base, current))
    return explained(equation, ("visits", "orders / visits"), *days, **options)
