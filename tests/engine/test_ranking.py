"""Dimensions that explain come first; many small noisy segments do not."""

from __future__ import annotations

import numpy as np
import pytest

from core.engine.bridge import build_bridge
from core.model.sums import Moments, SegmentSums, Sums

DAYS = 30
SIZES = {"planted": 5, "half planted": 20, "quiet": 50, "noise": 2000}
PAIRS = (("visits", "visits"), ("orders", "visits"), ("orders", "orders"))


def draw(random, visits, conversion_of):
    """Visits of one side: their day, their segment in each dimension, whether they ordered."""
    codes = {name: random.integers(0, size, visits) for name, size in SIZES.items()}
    return random.integers(0, DAYS, visits), codes, random.random(visits) < conversion_of(codes)


def by_day(side, name):
    """Visits and orders, shape (days, segments, 2)."""
    day, codes, orders = side
    cell, count = day * SIZES[name] + codes[name], DAYS * SIZES[name]
    both = [np.bincount(cell, minlength=count), np.bincount(cell, weights=orders, minlength=count)]
    return np.stack(both, axis=1).reshape(DAYS, SIZES[name], 2).astype(float)


def explained(equation, visits, damaged):
    """A bridge whose conversion falls from 5 % to `damaged` for one planted segment and 6 of the half planted ones."""
    random = np.random.default_rng(7)
    sides = (
        draw(random, visits, lambda codes: 0.05),
        draw(random, visits, lambda c: np.where((c["planted"] == 1) & (c["half planted"] < 6), damaged, 0.05)),
    )
    segments, moments = {}, {}
    for name, size in SIZES.items():
        tables = np.stack([by_day(side, name) for side in sides])
        names = tuple(f"{name} {k:04}" for k in range(size))
        segments[name] = SegmentSums(names, tables.sum(axis=1), np.ones((2, size)))
        seen, orders = tables[..., 0], tables[..., 1]
        moments[name] = np.stack([seen**2, orders * seen, orders**2], axis=-1).sum(axis=1)
    daily = tables.sum(axis=-2)
    whole = np.stack([daily[..., 0] ** 2, daily[..., 1] * daily[..., 0], daily[..., 1] ** 2], axis=-1).sum(axis=1)
    totals = segments["planted"].values.sum(axis=1)
    sums = Sums(("visits", "orders"), totals, np.full((2, 2), visits), np.full(2, visits), (DAYS, DAYS), segments)
    return build_bridge(
        equation("visits", "orders / visits"), sums, moments=lambda: Moments((DAYS, DAYS), PAIRS, whole, moments)
    )


@pytest.fixture(scope="module")
def ranked(equation):
    return explained(equation, 1_200_000, 0.01)


@pytest.fixture(scope="module")
def conversion(ranked):
    rows = ranked.ranking().filter(step="orders / visits")
    return {row["dimension"]: row for row in rows.to_dicts()}


def test_the_planted_dimensions_come_first(conversion):
    assert list(conversion)[:2] == ["planted", "half planted"]


def test_two_thousand_noisy_segments_say_nothing(conversion):
    assert conversion["noise"]["interest"] < 0.3 * conversion["planted"]["interest"]
    assert conversion["noise"]["signal"] < 0.2


def test_signal_tells_a_cause_from_noise(conversion):
    assert conversion["planted"]["signal"] > 0.8


def test_the_best_dimension_opens_by_default(ranked):
    assert ranked.best_dimension("orders / visits") == "planted"


def test_noise_does_not_open_by_default_when_there_is_little_to_see(equation):
    bridge = explained(equation, 60_000, 0.03)
    rows = bridge.ranking().filter(step="orders / visits")
    assert rows["dimension"][0] == "noise"
    assert bridge.best_dimension("orders / visits") != "noise"


def test_without_days_there_is_no_signal(ranked, equation):
    rows = build_bridge(equation("visits", "orders / visits"), ranked.sums).ranking()
    assert rows["signal"].null_count() == rows.height


def test_segments_that_move_alike_are_of_no_interest(equation, table):
    sums = table(["visits", "orders"], {"a": (100, 10), "b": (300, 30)}, {"a": (200, 10), "b": (600, 30)})
    rows = build_bridge(equation("visits", "orders / visits"), sums).ranking()
    assert rows["interest"].to_list() == pytest.approx([0, 0], abs=1e-12)


def test_interest_is_the_excess_against_the_change(equation, table):
    """Visits +30 in all, 15 each if alike, so the excess is +15 and -15: T = 15, interest 15 / (15 + 30)."""
    sums = table(["visits"], {"a": (100,), "b": (100,)}, {"a": (130,), "b": (100,)})
    assert build_bridge(equation("visits"), sums).ranking()["interest"][0] == pytest.approx(1 / 3)
