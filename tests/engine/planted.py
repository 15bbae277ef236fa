"""Days of a shop with one planted cause, drawn as counts: 10 M rows of some 12 visits need no more memory than 100.

Five dimensions of 5, 20, 50, 200 and 2,000 values, the first values being the most frequent. From base to current the
conversion of 5 % rises by 6.8 %, but falls by 20 % on top where d1 is its second value and d2 one of its first three.
"""

from __future__ import annotations

import numpy as np

from core.engine.bridge import build_bridge
from core.model.sums import Moments, SegmentSums, Sums

DAYS = 30
SIZES = {"d1": 5, "d2": 20, "d3": 50, "d4": 200, "d5": 2000}
METRICS = ("visits", "orders")
PAIRS = (("visits", "visits"), ("orders", "visits"), ("orders", "orders"))
ROWS, VISITS_A_ROW, CONVERSION, RISE, FALL = 10_000_000, 12, 0.05, 0.068, 0.2


def shares(size):
    weights = np.arange(1, size + 1) ** -0.7
    return weights / weights.sum()


def drawn_side(random, visits, conversion):
    """Visits and orders of one side by dimension, shape (days, segments, 2); conversion: by value of d1 and d2."""
    cells = random.poisson(visits / DAYS * np.multiply.outer(shares(5), shares(20)), (DAYS, 5, 20))
    both = np.stack([cells, random.binomial(cells, conversion)], axis=-1)
    days = both.sum(axis=(1, 2))
    others = {
        name: np.stack([[random.multinomial(count, shares(SIZES[name])) for count in day] for day in days])
        for name in ("d3", "d4", "d5")
    }
    return {"d1": both.sum(axis=2), "d2": both.sum(axis=1), **{k: v.transpose(0, 2, 1) for k, v in others.items()}}


def drawn(rows=ROWS, *, rise=RISE, fall=FALL, seed=1):
    """Sums and moments of both sides."""
    random = np.random.default_rng(seed)
    later = np.full((5, 20), CONVERSION * (1 + rise))
    later[1, :3] *= 1 - fall
    visits = rows / 2 * VISITS_A_ROW
    sides = [drawn_side(random, visits, conversion) for conversion in (np.full((5, 20), CONVERSION), later)]
    tables = {name: np.stack([side[name] for side in sides]).astype(float) for name in SIZES}
    whole = tables["d1"].sum(axis=2)
    sums = Sums(
        metrics=METRICS,
        totals=whole.sum(axis=1),
        filled=np.full((2, 2), rows / 2),
        rows=np.full(2, rows / 2),
        days=(DAYS, DAYS),
        dimensions={name: segments(name, table) for name, table in tables.items()},
    )
    moments = Moments(
        days=(DAYS, DAYS),
        pairs=PAIRS,
        totals=squares(whole),
        by_dimension={name: squares(table) for name, table in tables.items()},
        active={name: (table[..., 0] > 0).sum(axis=1) for name, table in tables.items()},
        metrics=METRICS,
        daily=(whole[0], whole[1]),
    )
    return sums, moments


def segments(name, table):
    names = tuple(f"{name} {k:04}" for k in range(SIZES[name]))
    return SegmentSums(names, table.sum(axis=1), np.ones((2, SIZES[name])))


def squares(table):
    seen, orders = table[..., 0], table[..., 1]
    return np.stack([seen**2, orders * seen, orders**2], axis=-1).sum(axis=1)


def explained(equation, sums, moments, **options):
    """Orders = visits x conversion."""
    parsed = equation("visits", "orders / visits")
    return build_bridge(parsed, sums, moments=lambda: moments, **options)
