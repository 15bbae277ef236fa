"""Dimension first, then steps: each segment's own change, split by its own chain (docs/formulas.md, F3.4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.engine.chain import decompose
from core.engine.exact import TOLERANCE, settle
from core.engine.leaves import Plan
from core.engine.terms import Columns, product
from core.model.analysis import Method
from core.model.sums import BASE, CURRENT, FloatArray


def own_chains(plan: Plan, columns: Columns, method: Method) -> tuple[FloatArray, FloatArray]:
    """Contributions (n, s) of every bar to each segment's own change (s,), KPI units; NaN where that is undefined.

    A bar that is undefined for a segment adds 0 there; its change stands in the first volume (else the first bar).
    """
    totals = plan.kpi.value(columns)
    with np.errstate(invalid="ignore", over="ignore"):
        change = totals[CURRENT] - totals[BASE]
    values = plan.values(columns)
    contributions, size = np.full(values.shape[1:], np.nan), np.zeros(values.shape[2])
    undefined: NDArray[np.bool_] = np.any(~np.isfinite(values), axis=0)
    whole: NDArray[np.bool_] = ~np.any(undefined, axis=0)
    if whole.any():
        effects = decompose(values[:, :, whole], plan.node, method)
        contributions[:, whole], size[whole] = effects.contributions, effects.size
    for pattern in np.unique(undefined[:, ~whole], axis=1).T:
        these: NDArray[np.bool_] = np.all(undefined == pattern[:, None], axis=0)
        if plan.node is None:
            contributions[:, these], size[these] = _merged(plan, columns, these, pattern, values, method)
    unsettled = np.isfinite(change) & ~np.isfinite(contributions).all(axis=0)
    contributions[:, unsettled] = 0.0
    contributions[first_volume(plan), unsettled] = change[unsettled]
    contributions[:, ~np.isfinite(change)] = np.nan
    size = np.fmax(size, plan.kpi.size(columns).max(axis=0))
    return settle(contributions, change, scale=np.where(np.isfinite(size), size, 0.0)), change


def first_volume(plan: Plan) -> int:
    """Position of the bar that takes what has no place of its own."""
    return next((k for k, leaf in enumerate(plan.leaves) if leaf.is_volume), 0)


def _merged(
    plan: Plan,
    columns: Columns,
    these: NDArray[np.bool_],
    pattern: NDArray[np.bool_],
    values: FloatArray,
    method: Method,
) -> tuple[FloatArray, FloatArray]:
    """For segments that lack the same bars: those, and what lies between, join the first volume. With their size."""
    missing = np.flatnonzero(pattern)
    home = first_volume(plan)
    first, last = min(home, int(missing[0])), max(home, int(missing[-1]))
    some = Columns(columns.metrics, columns.values[:, these], columns.days)
    joint = product(tuple(leaf.terms for leaf in plan.leaves[first : last + 1])).value(some)
    mine = values[:, :, these]
    chain = np.concatenate([mine[:, :first], joint[:, None], mine[:, last + 1 :]], axis=1)
    effects = decompose(chain, None, method)
    contributions = np.zeros((len(plan.leaves), int(these.sum())))
    contributions[home] = effects.contributions[first]
    contributions[:first] = effects.contributions[:first]
    contributions[last + 1 :] = effects.contributions[first + 1 :]
    return contributions, effects.size


def overlap_of(
    plan: Plan, contributions: FloatArray, change: FloatArray, of_whole: FloatArray, whole_change: float | None
) -> FloatArray | None:
    """What distinct counts take off (or add to) the sum over segments, shape (n,), where the KPI is a sum at all.

    contributions, change: as of `own_chains`; of_whole: shape (n,), those of the whole; whole_change: of the KPI.
    """
    if not plan.kpi.is_linear or whole_change is None:
        return None
    gap = whole_change - float(change.sum())
    if abs(gap) <= TOLERANCE * max(abs(whole_change), float(np.abs(change).sum())):
        return None
    if all(leaf.is_volume for leaf in plan.leaves):
        return np.asarray(of_whole - contributions.sum(axis=1))
    parts = np.zeros(len(plan.leaves))
    parts[first_volume(plan)] = gap
    return parts
