"""Which candidate is the next piece: one that moves by itself, not with a larger segment it belongs to.

Source: docs/formulas.md, F3.7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.engine.search_candidates import NONE, Candidates
from core.engine.search_excess import Excess, Series, excess, movement
from core.engine.search_rows import Clock, Rows
from core.engine.student import false_discovery_rates, two_sided_normal, two_sided_t
from core.model.cells import IntArray
from core.model.sums import FloatArray

LEAST_T = 3.0
NEVER_FOUND_T = 1.9
FALSE_SHARE = 0.05
COST_OF_CONDITION = 0.05
LEAST_OF_FIRST = 0.05
LEAST_OF_PARENT = 0.1
MOST_OF_CHILD = 0.5


@dataclass(frozen=True)
class Choice:
    """A candidate that passed: its number, and its excess in units of the measure."""

    number: int
    excess: float


def choose(candidates: Candidates, rows: Rows, least: float) -> Choice | None:
    """The best candidate in what is left, None when none passes. least: the smallest excess that counts."""
    clock = rows.clock
    own = Series(*candidates.series(rows))
    whole = whole_of(rows)
    found = excess(own, whole, clock)
    passing = passes(found, clock) & (np.abs(found.values) >= least)
    if not passing.any():
        return None
    justified = _justified(candidates, own, whole, passing, clock)
    scores = np.where(justified, _scores(candidates, own, whole, found, clock), 0.0)
    best = _best(np.flatnonzero(justified), scores, _volumes(own, clock))
    return None if best is None else _narrowed(best, candidates, found, justified, scores, _volumes(own, clock))


def passes(found: Excess, clock: Clock) -> NDArray[np.bool_]:
    """|t| of 3 or more, and still there when 5 % of what is found may be chance."""
    t, p = found.t, np.ones_like(found.values)
    # What has a p above 5 % by itself is never found among many either.
    close = np.abs(t) >= NEVER_FOUND_T
    p[close] = two_sided_normal(t[close]) if clock.df is None else two_sided_t(t[close], clock.df)
    return np.asarray((np.abs(t) >= LEAST_T) & (false_discovery_rates(p) <= FALSE_SHARE))


def whole_of(rows: Rows) -> Series:
    """All rows as one segment."""
    width = sum(rows.clock.sizes)
    tops = np.bincount(rows.time, rows.tops, width).astype(np.float64)[None, :]
    if rows.bottoms is None:
        return Series(tops, None)
    return Series(tops, np.bincount(rows.time, rows.bottoms, width).astype(np.float64)[None, :])


def _scores(candidates: Candidates, own: Series, whole: Series, found: Excess, clock: Clock) -> FloatArray:
    """What is certain of the excess, less for what stays while the rest moves and for each condition.

    Nine digits, so that ties are ties.
    """
    mine = np.abs(movement(own, whole, clock))
    others = np.abs(movement(whole.minus(own), whole, clock))
    both = mine + others
    lead = np.where(both > 0, mine / np.where(both > 0, both, 1.0), 0.5)
    certain = np.abs(found.values) - LEAST_T * found.errors
    scores = certain * (1 + lead) / 2 * (1 - COST_OF_CONDITION * (candidates.depths - 1))
    return np.array([float(f"{score:.9g}") for score in scores.tolist()])


def _justified(
    candidates: Candidates, own: Series, whole: Series, passing: NDArray[np.bool_], clock: Clock
) -> NDArray[np.bool_]:
    """Passing candidates that move otherwise than the rest of every segment with one condition less."""
    justified = passing.copy()
    chosen, columns = np.nonzero(passing[:, None] & (candidates.parents != NONE))
    if not len(chosen):
        return justified
    mine, parent = own.at(chosen), own.at(candidates.parents[chosen, columns])
    differs = passes(excess(mine, parent, clock), clock)
    leads = _leads(mine, parent, whole, clock)
    justified[chosen[~(differs & leads)]] = False
    return justified


def _leads(mine: Series, parent: Series, whole: Series, clock: Clock) -> NDArray[np.bool_]:
    """Whether the rest of the parent moves less than half as far per volume, against what lies outside the parent."""
    outside = movement(whole.minus(parent), whole, clock)
    ahead = movement(mine, whole, clock) - outside
    behind = movement(parent.minus(mine), whole, clock) - outside
    return np.asarray(behind * np.sign(ahead) < MOST_OF_CHILD * np.abs(ahead))


def _volumes(own: Series, clock: Clock) -> FloatArray:
    return np.asarray(np.abs(clock.sums(own.tops if own.bottoms is None else own.bottoms)).sum(axis=0))


def _best(numbers: IntArray, scores: FloatArray, volumes: FloatArray) -> int | None:
    """By score, then volume, then the order of the names."""
    if not len(numbers):
        return None
    order = np.lexsort((numbers, -volumes[numbers], -scores[numbers]))
    return int(numbers[order[0]])


def _narrowed(
    best: int,
    candidates: Candidates,
    found: Excess,
    justified: NDArray[np.bool_],
    scores: FloatArray,
    volumes: FloatArray,
) -> Choice:
    """The part of the best candidate that moves by itself and carries a tenth of it, if there is one; and so on."""
    while True:
        size = float(found.values[best])
        inside = [
            number
            for number in np.flatnonzero(justified).tolist()
            if set(candidates.conditions[number]) > set(candidates.conditions[best])
            and found.values[number] * np.sign(size) >= LEAST_OF_PARENT * abs(size)
        ]
        child = _best(np.array(inside, dtype=np.int64), scores, volumes)
        if child is None:
            return Choice(best, size)
        best = child
