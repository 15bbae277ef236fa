"""The straight line against Shapley counted out over all orders; limits of the other methods."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.chain import decompose, kpi
from core.engine.formula import parse_formula
from core.errors import DataError, EquationError

FORMULAS = (
    None,
    "[1] * ([2] - [3])",
    "[1] + [2] * [3] / 4",
    "([1] - [2]) / [3]",
    "[1] * [2] - [2] * [3] + [1]",
    "-[1] + [2] - [3]",
)


def counted_out(ends, node):
    """Mean effect of each step over all orders in which the steps can move."""
    count = ends.shape[1]
    orders = list(permutations(range(count)))
    effects = np.zeros(count)
    for order in orders:
        point = ends[0].copy()
        for step in order:
            before = kpi(point, node)[0]
            point[step] = ends[1][step]
            effects[step] += kpi(point, node)[0] - before
    return effects / len(orders)


@settings(max_examples=80, deadline=None)
@given(
    text=st.sampled_from(FORMULAS),
    base=st.tuples(*[st.floats(-100, 100)] * 2, st.floats(1, 100)),
    current=st.tuples(*[st.floats(-100, 100)] * 2, st.floats(1, 100)),
)
def test_it_is_shapley_for_every_formula(text, base, current):
    ends = np.array([base, current])[:, :, None]
    node = parse_formula(text, 3) if text else None
    expected = counted_out(ends, node)
    assert decompose(ends, node).contributions[:, 0] == pytest.approx(expected, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("count", range(1, 9))
def test_the_straight_line_is_exact_for_chains_of_any_length(count):
    ends = np.random.default_rng(count).uniform(-2, 3, (2, count, 1))
    if count < 8:
        assert decompose(ends, None).contributions[:, 0] == pytest.approx(counted_out(ends, None))
    assert decompose(ends, None).contributions.sum() == pytest.approx(kpi(ends[1], None)[0] - kpi(ends[0], None)[0])


def test_segments_are_split_one_by_one():
    ends = np.random.default_rng(3).uniform(0, 2, (2, 3, 50))
    node = parse_formula("([1] - [2]) / [3]", 3)
    together = decompose(ends, node).contributions
    alone = [decompose(ends[:, :, [k]], node).contributions[:, 0] for k in range(50)]
    assert pytest.approx(np.array(alone)) == together.T


def test_twelve_entangled_steps_are_split_for_many_segments():
    ends = np.random.default_rng(5).uniform(1, 2, (2, 12, 60))
    node = parse_formula(" + ".join(f"[{k}]" for k in range(1, 13)) + " + [1] * [2]", 12)
    found = decompose(ends, node).contributions.sum(axis=0)
    assert found == pytest.approx(kpi(ends[1], node) - kpi(ends[0], node))


def test_thirteen_entangled_steps_are_refused():
    node = parse_formula(" + ".join(f"[{k}]" for k in range(1, 14)) + " + [1]", 13)
    with pytest.raises(EquationError, match="works with up to 12 steps, and there are 13"):
        decompose(np.ones((2, 13, 1)), node)


def test_a_step_that_stands_still_weighs_what_it_would_if_it_moved():
    ends = np.array([[4.0, 2.0], [4.0, 8.0]])[:, :, None]
    node = parse_formula("[1] / [2]", 2)
    nearly = ends + np.array([[[0.0], [0.0]], [[1e-6], [0.0]]])
    for method in ("shapley", "sequential", "covariance"):
        still = decompose(ends, node, method)
        assert still.contributions[0, 0] == 0
        assert still.weights[0, 0] == pytest.approx((1 / 2 + 1 / 8) / 2)
    assert decompose(nearly, node).weights[0, 0] == pytest.approx((1 / 2 + 1 / 8) / 2)


def lmdi(base, current):
    return decompose(np.array([base, current], dtype=float)[:, :, None], None, "lmdi").contributions[:, 0].tolist()


@pytest.mark.parametrize(
    ("base", "current", "expected"),
    [
        ([3, 0], [5, 4], [0, 20]),
        ([5, 4], [3, 0], [0, -20]),
        ([0, 0], [5, 4], [10, 10]),
        ([0, 4], [5, 0], [0, 0]),
        ([3, 4], [3, 4], [0, 0]),
        ([3, 4], [4, 3], [12 * np.log(4 / 3), 12 * np.log(3 / 4)]),
    ],
)
def test_lmdi_has_its_limits_at_zero(base, current, expected):
    assert lmdi(base, current) == pytest.approx(expected)


def test_lmdi_adds_up_when_almost_nothing_moves():
    base, current = [3.0, 7.0], [3.0 * (1 + 1e-13), 7.0 * (1 + 3e-13)]
    assert sum(lmdi(base, current)) == pytest.approx(current[0] * current[1] - 21, rel=0.05)


@pytest.mark.parametrize(
    ("base", "current", "formula", "message"),
    [
        ([100, -5], [120, -3], None, "needs values of 0 or more"),
        ([100, 5], [120, 3], "[1] - [2]", "explains products only"),
    ],
)
def test_lmdi_is_refused_where_it_is_not_defined(base, current, formula, message):
    node = parse_formula(formula, 2) if formula else None
    with pytest.raises(DataError, match=message):
        decompose(np.array([base, current], dtype=float)[:, :, None], node, "lmdi")


def test_covariance_without_single_effects_falls_back_to_shapley():
    found = decompose(np.array([[0.0, 0.0], [5.0, 4.0]])[:, :, None], None, "covariance")
    assert found.contributions[:, 0].tolist() == [10, 10]
    assert np.isnan(found.covariance).all()
