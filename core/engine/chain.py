"""Contributions of steps to the change of the KPI: shapley, lmdi, sequential, covariance.

Source: docs/formulas.md, F3.1 and F3.2.

Arrays: `values` has shape (2, n, s): base and current, n steps, s segments (1 for the total), in the steps' units.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.engine.formula import Node, evaluate, gradient, independent_parts, is_read_once, references
from core.errors import DataError, EquationError
from core.model.analysis import Method
from core.model.sums import BASE, CURRENT, FloatArray

MOST_ENTANGLED = 12
_CHUNK = 2_000_000
_NO_MOVE = 1e-12


@dataclass(frozen=True)
class Effects:
    """What each step adds to the change of the KPI.

    contributions: shape (n, s), KPI units; NaN where undefined.
    weights: shape (n, s), KPI units per unit of the step: contribution = weight x change of the step.
    size: shape (s,), largest |KPI| the contributions are differences of: what rounding must be judged by.
    covariance: shape (s,), |interaction| over the sum of |one-at-a-time effects|; only for the method of that name.
    """

    contributions: FloatArray
    weights: FloatArray
    size: FloatArray
    covariance: FloatArray | None = None


def decompose(values: FloatArray, node: Node | None, method: Method = "shapley") -> Effects:
    """Contributions by `method`; `node` is the formula over the steps, None for their product.

    Raises DataError where lmdi is not defined (negative values, a formula that is no product), EquationError for a
        formula with more than 12 steps in which one occurs twice or divides.
    """
    with np.errstate(all="ignore"):
        shapley = _shapley(values, node)
        if method == "shapley":
            return shapley
        if method == "lmdi":
            return _scaled(_lmdi(values, node), shapley.size, values, shapley)
        if method == "sequential":
            return _scaled(*_sequential(values, node), values, shapley)
        contributions, size, share = _covariance(values, node, shapley.contributions)
        return _scaled(contributions, size, values, shapley, share)


def kpi(values: FloatArray, node: Node | None) -> FloatArray:
    """The KPI of step values of shape (n, …)."""
    return np.asarray(np.prod(values, axis=0)) if node is None else evaluate(node, values)


def _shapley(values: FloatArray, node: Node | None) -> Effects:
    if node is None or is_read_once(node):
        weights = path_weights(values, node)
        return Effects(weights * (values[CURRENT] - values[BASE]), weights, np.zeros(values.shape[2]))
    return _coalitions(values, node)


def path_weights(values: FloatArray, node: Node | None = None) -> FloatArray:
    """Mean slope of the KPI by each step on the straight line from base to current, shape (n, s).

    Exact: the slope is a polynomial of degree n - 1 at most, which Gauss-Legendre integrates with ceil(n / 2) nodes.
    """
    places, shares = _gauss(math.ceil(values.shape[1] / 2))
    weights = np.zeros(values.shape[1:])
    for place, share in zip(places, shares, strict=True):
        point = (1.0 - place) * values[BASE] + place * values[CURRENT]
        weights += share * (_others(point) if node is None else gradient(node, point))
    return weights


@lru_cache(maxsize=64)
def _gauss(count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Nodes and weights on [0, 1]."""
    places, shares = np.polynomial.legendre.leggauss(count)
    return tuple(((places + 1.0) / 2.0).tolist()), tuple((shares / 2.0).tolist())


def _others(point: FloatArray) -> FloatArray:
    """For each step the product of all others, without dividing."""
    before, after = np.ones_like(point), np.ones_like(point)
    np.cumprod(point[:-1], axis=0, out=before[1:])
    np.cumprod(point[:0:-1], axis=0, out=after[-2::-1])
    return before * after


def _coalitions(values: FloatArray, node: Node) -> Effects:
    """Shapley by all 2^n mixtures of base and current."""
    count, segments = values.shape[1:]
    if count > MOST_ENTANGLED:
        raise EquationError(
            f"The formula uses a step twice or divides by one; that works with up to {MOST_ENTANGLED} steps, "
            f"and there are {count} (days included). Use fewer steps.",
            field="equation.formula",
        )
    width = max(1, _CHUNK // (count << count))
    parts = [_some_coalitions(values[:, :, start : start + width], node) for start in range(0, segments, width)]
    return Effects(
        np.concatenate([part.contributions for part in parts], axis=1),
        np.concatenate([part.weights for part in parts], axis=1),
        np.concatenate([part.size for part in parts]),
    )


def _some_coalitions(values: FloatArray, node: Node) -> Effects:
    """Mean difference, and mean slope, that each step makes over all mixtures of the others."""
    count = values.shape[1]
    subsets = np.arange(1 << count)
    members = (subsets[None, :] >> np.arange(count)[:, None]) & 1
    points = np.where(members[:, :, None] == 1, values[CURRENT][:, None, :], values[BASE][:, None, :])
    results, slopes = evaluate(node, points), gradient(node, points)
    sizes = members.sum(axis=0)
    differences, means = np.empty(values.shape[1:]), np.empty(values.shape[1:])
    for step in range(count):
        without = subsets[members[step] == 0]
        odds = _odds(count)[sizes[without]]
        differences[step] = odds @ (results[without | (1 << step)] - results[without])
        means[step] = odds @ slopes[step][without]
    size = np.abs(results).max(axis=0)
    return _scaled(differences, size, values, Effects(differences, means, size))


def _odds(count: int) -> FloatArray:
    """By size of the coalition joined: s! (n - 1 - s)! / n!."""
    factorial = math.factorial
    return np.array([factorial(s) * factorial(count - 1 - s) / factorial(count) for s in range(count)])


def _scaled(
    contributions: FloatArray, size: FloatArray, values: FloatArray, shapley: Effects, share: FloatArray | None = None
) -> Effects:
    """Weights are contributions by changes; Shapley's where a step does not move (rounding does not count)."""
    change = values[CURRENT] - values[BASE]
    moves = np.abs(change) > _NO_MOVE * np.maximum(np.abs(values[BASE]), np.abs(values[CURRENT]))
    weights = np.where(moves, contributions / np.where(moves, change, 1.0), shapley.weights)
    return Effects(contributions, weights, size, share)


def _sequential(values: FloatArray, node: Node | None) -> tuple[FloatArray, FloatArray]:
    """One step after the other goes from base to current, in the order of the equation."""
    point = values[BASE].copy()
    results = [kpi(point, node)]
    for step in range(values.shape[1]):
        point[step] = values[CURRENT][step]
        results.append(kpi(point, node))
    points = np.stack(results)
    return np.diff(points, axis=0), np.abs(points).max(axis=0)


def _covariance(
    values: FloatArray, node: Node | None, shapley: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One-at-a-time effects plus the interaction handed out by |effect|, within independent terms of the formula.

    Where no single step has an effect but several together do, that group is split as by `shapley`.
    """
    base = kpi(values[BASE], node)
    contributions, interaction = np.empty(values.shape[1:]), np.zeros(values.shape[2])
    alone = np.stack([kpi(_mixed(values, {step}), node) - base for step in range(values.shape[1])])
    for group in _groups(node, values.shape[1]):
        steps = sorted(group)
        effects, size = alone[steps], np.abs(alone[steps]).sum(axis=0)
        rest = kpi(_mixed(values, group), node) - base - effects.sum(axis=0)
        shared = effects + rest * np.abs(effects) / np.where(size == 0, 1.0, size)
        contributions[steps] = np.where(size == 0, shapley[steps], shared)
        if len(steps) > 1:
            interaction += np.abs(rest)
    size = np.abs(alone).sum(axis=0)
    share = np.where(size == 0, np.nan, interaction / np.where(size == 0, 1.0, size))
    return contributions, size + np.abs(base), share


def _groups(node: Node | None, count: int) -> Iterator[set[int]]:
    yield from [set(range(count))] if node is None else independent_parts(node)


def _mixed(values: FloatArray, current: set[int]) -> FloatArray:
    """Steps in `current` at their current value, the others at base; shape (n, s)."""
    point: FloatArray = np.array(values[BASE])
    steps = sorted(current)
    point[steps] = values[CURRENT][steps]
    return point


def _lmdi(values: FloatArray, node: Node | None) -> FloatArray:
    """Log-mean contributions, with their limits where a step is 0 on one side."""
    if node is not None and not _is_bare_product(node):
        raise DataError(
            "Method 'lmdi' explains products only, and this KPI has a formula. Choose 'shapley'.", field="method"
        )
    if (values < 0).any():
        raise DataError(
            "Method 'lmdi' needs values of 0 or more, and a step is negative. Choose 'shapley'.", field="method"
        )
    base, current = np.prod(values, axis=1)
    logs = np.log(values[CURRENT] / values[BASE])
    usual = _log_mean(base, current) * logs
    starts, ends = values[BASE] == 0, values[CURRENT] == 0
    start = starts / np.maximum(starts.sum(axis=0), 1) * current
    end = -(ends / np.maximum(ends.sum(axis=0), 1)) * base
    limits = np.where(starts.any(axis=0), np.where(ends.any(axis=0), 0.0, start), end)
    contributions = np.where(starts.any(axis=0) | ends.any(axis=0), limits, usual)
    return np.where(np.isnan(values).any(axis=(0, 1)), np.nan, contributions)


def _is_bare_product(node: Node) -> bool:
    return len(list(references(node))) == 1 and is_read_once(node)


def _log_mean(base: FloatArray, current: FloatArray) -> FloatArray:
    """(a - b) / (ln a - ln b), and a where both are equal."""
    growth = (current - base) / base
    logs = np.where(np.abs(growth) < 0.5, np.log1p(growth), np.log(current / base))
    return np.asarray(np.where(growth == 0, base, (current - base) / np.where(growth == 0, 1.0, logs)))
