"""How likely chance alone is: Student's t, the normal distribution, many tests at once (docs/formulas.md, F3.8)."""

from __future__ import annotations

import math

import numpy as np

from core.model.sums import FloatArray

_LARGEST = 1e150


def two_sided_t(t: FloatArray, df: float) -> FloatArray:
    """P(|T| >= |t|) for Student's t with `df` > 0 degrees of freedom; NaN stays NaN.

    It is the regularised incomplete beta function I_x(df/2, 1/2) at x = df / (df + t²).
    Source: NIST Digital Library of Mathematical Functions, 8.17.22 (continued fraction) and 8.17.4 (reflection).
    """
    squares = np.minimum(np.abs(np.asarray(t, dtype=np.float64)), _LARGEST) ** 2
    x, rest = df / (df + squares), squares / (df + squares)
    is_near = x < (df / 2 + 1) / (df / 2 + 2.5)
    with np.errstate(divide="ignore"):
        direct = _incomplete_beta(np.where(is_near, x, 0.0), np.where(is_near, rest, 1.0), df / 2, 0.5)
        reflected = 1 - _incomplete_beta(np.where(is_near, 0.0, rest), np.where(is_near, 1.0, x), 0.5, df / 2)
    return np.asarray(np.clip(np.where(is_near, direct, reflected), 0.0, 1.0) + 0 * squares)


def _incomplete_beta(x: FloatArray, rest: FloatArray, a: float, b: float) -> FloatArray:
    """I_x(a, b) where x is below (a + 1) / (a + b + 2); rest = 1 - x, given so that nothing is lost near 1."""
    fraction = np.ones_like(x)
    terms = 40 + int(5 * math.sqrt(max(a, b)))  # It settles after some sqrt(max(a, b)) of them.
    for term in range(terms, 0, -1):
        fraction = 1 + _coefficient(term, a, b) * x / fraction
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) - math.log(a)
    return np.asarray(np.exp(a * np.log(x) + b * np.log(rest) + scale) / fraction)


def _coefficient(term: int, a: float, b: float) -> float:
    m = term // 2
    if term % 2 == 0:
        return m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m))
    return -(a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1))


def two_sided_normal(z: FloatArray) -> FloatArray:
    """P(|Z| >= |z|) for the standard normal distribution; NaN stays NaN."""
    sizes = np.abs(np.asarray(z, dtype=np.float64)) / math.sqrt(2)
    return np.array([math.erfc(size) for size in sizes.ravel().tolist()]).reshape(sizes.shape)


def false_discovery_rates(p: FloatArray) -> FloatArray:
    """The q of each p: the share of false alarms to expect among all that are at most as likely; NaN stays NaN.

    Source: Benjamini and Hochberg, Controlling the False Discovery Rate (1995), the step-up procedure.
    """
    rates = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    raised = p[order] * len(order) / np.arange(1, len(order) + 1)
    rates[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return rates
