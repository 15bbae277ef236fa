"""What holds for every table: random numbers, zeros, negatives, new, lost and unnamed segments."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.engine.bridge import build_bridge
from core.engine.chain import decompose
from core.errors import DataError
from core.model.sums import NOT_SET, SegmentSums

METRICS = ["visits", "orders", "revenue", "cost"]
CHAIN = ("visits", "orders / visits", "revenue / orders")
EQUATIONS = {
    "chain": (CHAIN, None),
    "rate": (("orders / visits", "revenue / orders"), None),
    "one step": (("orders / visits",), None),
    "apart": (("visits", "revenue / orders", "orders / cost"), None),
    "sum": (("revenue", "cost", "orders"), "[1] + [2] - [3]"),
    "margin": (("revenue", "cost"), "([1] - [2]) / [1]"),
    "profit": ((*CHAIN, "cost / orders"), "[1] * [2] * ([3] - [4])"),
    "twice": (("visits", "orders / visits", "cost"), "[1] * [2] + [1] - [3] * 2"),
}
METHODS = ("shapley", "sequential", "covariance", "lmdi")
SETTINGS = settings(max_examples=60, deadline=None)

amounts = st.one_of(st.just(0.0), st.integers(-20, 1000).map(float), st.floats(1e-3, 1e9))
positive = st.one_of(st.just(0.0), st.integers(1, 1000).map(float), st.floats(1e-3, 1e6))


def sides(numbers):
    names = st.sampled_from(["desktop", "mobile", "tablet", NOT_SET, "tv"])
    return st.dictionaries(names, st.tuples(*[numbers] * len(METRICS)), min_size=1, max_size=5)


def close(value, expected, *, scale=0.0):
    return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9 * max(scale, 1e-12))


def size(bridge):
    """What rounding is judged by."""
    numbers = [bridge.total.base, bridge.total.current, float(bridge.effects.size[0]), *bridge.steps["contribution"]]
    return max((abs(number) for number in numbers if number is not None), default=0.0)


def contributions(bridge):
    return [value for value in bridge.steps["contribution"] if value is not None]


def build(equation, sums, name, **options):
    steps, formula = EQUATIONS[name]
    try:
        return build_bridge(equation(*steps, formula=formula), sums, **options)
    except DataError:
        assume(options.get("method") != "lmdi")
        raise


cases = given(
    base=sides(amounts),
    current=sides(amounts),
    name=st.sampled_from(sorted(EQUATIONS)),
    method=st.sampled_from(METHODS),
    per_day=st.booleans(),
)


@pytest.fixture(scope="module")
def explained(equation, table):
    def make(base, current, name, method="shapley", per_day=False):
        return build(equation, table(METRICS, base, current, days=(31, 28)), name, method=method, per_day=per_day)

    return make


@SETTINGS
@cases
def test_steps_add_up_to_the_change(explained, base, current, name, method, per_day):
    bridge = explained(base, current, name, method, per_day)
    assume(bridge.total.change is not None)
    assert close(math.fsum(contributions(bridge)), bridge.total.change, scale=max(map(abs, contributions(bridge))))


@SETTINGS
@cases
def test_segments_add_up_to_their_step(explained, base, current, name, method, per_day):
    bridge = explained(base, current, name, method, per_day)
    for leaf, contribution in zip(bridge.plan.leaves, bridge.steps["contribution"], strict=True):
        if leaf.is_splittable and contribution is not None:
            rows = bridge.detail(leaf.name, "device")
            largest = rows["total"].abs().max()
            assert close(math.fsum(rows["total"]), contribution, scale=largest)
            parts = (rows["performance"] + rows["mix"] - rows["total"]).abs().max()
            assert parts <= 1e-9 * max(rows["mix"].abs().max(), rows["performance"].abs().max(), 1e-12)


@SETTINGS
@cases
def test_each_segment_adds_up_to_its_own_change(explained, base, current, name, method, per_day):
    bridge = explained(base, current, name, method, per_day)
    try:
        rows = bridge.by_segment("device")
    except DataError:
        assume(method != "lmdi")
        raise
    for segment in {*base, *current}:
        sides_of = [{segment: side.get(segment, (0.0,) * len(METRICS))} for side in (base, current)]
        own = explained(*sides_of, name, "shapley", per_day)
        parts = rows.filter(segment=segment)["contribution"]
        if own.total.change is None:
            assert parts.null_count() == len(parts)
        else:
            assert close(math.fsum(parts), own.total.change, scale=max(parts.abs().max(), size(own)))


@SETTINGS
@cases
def test_frames_hold_no_nan_and_no_infinity(explained, base, current, name, method, per_day):
    bridge = explained(base, current, name, method, per_day)
    frames = [bridge.steps, bridge.ranking()]
    frames += [
        bridge.detail(leaf.name, "device")
        for leaf, contribution in zip(bridge.plan.leaves, bridge.steps["contribution"], strict=True)
        if leaf.is_splittable and contribution is not None
    ]
    for frame in frames:
        numbers = frame.select(pl.selectors.float())
        assert all(numbers[column].drop_nulls().is_finite().all() for column in numbers.columns)


@SETTINGS
@given(
    base=sides(positive),
    current=sides(positive),
    name=st.sampled_from(sorted(EQUATIONS)),
    method=st.sampled_from(["shapley", "lmdi"]),
    per_day=st.booleans(),
)
def test_swapping_the_sides_flips_every_sign(equation, table, base, current, name, method, per_day):
    forth = build(equation, table(METRICS, base, current, days=(31, 28)), name, method=method, per_day=per_day)
    back = build(equation, table(METRICS, current, base, days=(28, 31)), name, method=method, per_day=per_day)
    scale = size(forth)
    assert len(contributions(forth)) == len(contributions(back))
    for one, other in zip(contributions(forth), contributions(back), strict=True):
        assert close(one, -other, scale=scale)


@SETTINGS
@given(base=sides(amounts), current=sides(amounts))
def test_swapping_the_sides_flips_mix_and_performance(explained, base, current):
    forth, back = explained(base, current, "chain"), explained(current, base, "chain")
    for step, contribution in zip(forth.steps["step"], forth.steps["contribution"], strict=True):
        assume(contribution is not None)
        one, other = (bridge.detail(step, "device").sort("segment") for bridge in (forth, back))
        for column in ("performance", "mix", "total"):
            scale = max(size(forth), one["mix"].abs().max(), one["performance"].abs().max())
            assert all(close(a, -b, scale=scale) for a, b in zip(one[column], other[column], strict=True))


@SETTINGS
@given(
    values=st.integers(1, 7).flatmap(
        lambda n: st.tuples(*[st.lists(st.floats(-1e3, 1e3), min_size=n, max_size=n)] * 2, st.permutations(range(n)))
    )
)
def test_the_order_of_steps_is_irrelevant(values):
    base, current, order = values
    ends = np.array([base, current])[:, :, None]
    plain = decompose(ends, None).contributions[:, 0]
    permuted = decompose(ends[:, list(order)], None).contributions[:, 0]
    assert permuted == pytest.approx(plain[list(order)], rel=1e-9, abs=1e-9 * np.prod(np.abs(ends).max(axis=0).clip(1)))


@SETTINGS
@given(base=sides(amounts), current=sides(amounts), name=st.sampled_from(sorted(EQUATIONS)), seed=st.randoms())
def test_the_order_of_segments_is_irrelevant(equation, table, base, current, name, seed):
    sums = table(METRICS, base, current)
    segments = sums.dimensions["device"]
    order = list(range(len(segments.names)))
    seed.shuffle(order)
    shuffled = SegmentSums(tuple(segments.names[k] for k in order), segments.values[:, order], segments.rows[:, order])
    plain = build(equation, sums, name)
    other = build(equation, replace(sums, dimensions={"device": shuffled}), name)
    for leaf, contribution in zip(plain.plan.leaves, plain.steps["contribution"], strict=True):
        if leaf.is_splittable and contribution is not None:
            one, two = (bridge.detail(leaf.name, "device").sort("segment") for bridge in (plain, other))
            scale = max(size(plain), one["total"].abs().max())
            assert all(close(a, b, scale=scale) for a, b in zip(one["total"], two["total"], strict=True))


@SETTINGS
@given(
    base=sides(amounts),
    current=sides(amounts),
    method=st.sampled_from(["shapley", "sequential", "covariance"]),
    factor=st.sampled_from([-3.0, 0.01, 7.0, 1e6]),
)
def test_contributions_scale_with_the_kpi(equation, table, base, current, method, factor):
    def bigger(side):
        return {name: (*values[:2], values[2] * factor, values[3]) for name, values in side.items()}

    plain = build(equation, table(METRICS, base, current), "chain", method=method)
    scaled = build(equation, table(METRICS, bigger(base), bigger(current)), "chain", method=method)
    assume(plain.total.change is not None)
    scale = size(scaled)
    for one, other in zip(contributions(plain), contributions(scaled), strict=True):
        assert close(one * factor, other, scale=scale)


@SETTINGS
@given(base=sides(amounts), current=sides(amounts))
def test_a_plain_sum_is_split_alike_by_sequential(explained, base, current):
    plain, sequential = explained(base, current, "sum"), explained(base, current, "sum", "sequential")
    scale = size(plain)
    for one, other in zip(contributions(plain), contributions(sequential), strict=True):
        assert close(one, other, scale=scale)
