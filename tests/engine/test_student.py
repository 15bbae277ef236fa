"""p-values against tables and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.student import false_discovery_rates, two_sided_normal, two_sided_t


@pytest.mark.parametrize(
    ("df", "t", "p"),
    [
        (1, 12.706, 0.05),
        (2, 9.925, 0.01),
        (5, 2.571, 0.05),
        (10, 2.228, 0.05),
        (12, 3.055, 0.01),
        (30, 2.042, 0.05),
        (58, 2.002, 0.05),
        (120, 2.617, 0.01),
        (100_000, 1.960, 0.05),
    ],
)
def test_it_says_what_the_table_of_t_says(df, t, p):
    """The usual two-sided critical values, printed to three decimals."""
    assert two_sided_t(np.array([t]), df)[0] == pytest.approx(p, rel=2e-3)


@given(st.floats(0, 1e6))
def test_one_and_two_degrees_of_freedom_have_closed_forms(t):
    found = [two_sided_t(np.array([t]), df)[0] for df in (1, 2)]
    assert found == pytest.approx([1 - 2 / math.pi * math.atan(t), 1 - t / math.sqrt(2 + t * t)], abs=1e-12)


@given(st.floats(0, 40), st.floats(0, 40), st.integers(1, 400))
def test_p_falls_as_t_grows(one, other, df):
    low, high = sorted((one, other))
    nearer, farther = two_sided_t(np.array([low, -high]), df)
    assert 0 <= farther <= nearer + 1e-12 <= 1 + 2e-12


def test_what_is_unknown_stays_unknown():
    t = two_sided_t(np.array([np.nan, 0.0, 1e200, np.inf]), 12)
    assert np.isnan(t[0])
    assert t[1:].tolist() == [1, 0, 0]
    assert np.isnan(two_sided_normal(np.array([np.nan]))[0])
    assert np.isnan(false_discovery_rates(np.array([np.nan, 0.2]))).tolist() == [True, False]


def test_the_normal_distribution_is_that_of_the_tables():
    assert two_sided_normal(np.array([1.96, -2.576, 0])) == pytest.approx([0.05, 0.01, 1], rel=1e-3)


def test_false_discovery_rates_are_those_of_benjamini_and_hochberg():
    """Four tests: 0.01 · 4 / 1, then 0.04 · 4 / 3 for the next two, whose q may not fall behind, then 0.5 · 4 / 4."""
    rates = false_discovery_rates(np.array([0.01, 0.04, 0.03, 0.5]))
    assert rates == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
