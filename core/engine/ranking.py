"""How much a dimension says about a step (docs/formulas.md, F3.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.engine.breakdown import inside_leaf
from core.engine.leaves import Leaf
from core.engine.mix import BOTH, Inside
from core.engine.noise import freedom_of, noise_of, noise_of_counts
from core.engine.terms import Columns
from core.model.sums import BASE, CURRENT, FloatArray, Moments, SegmentSums

_BEYOND_NOISE = 1.96
_LEAST_SIGNAL = 0.1
LEAST_RECURRING = 0.5
"""With less of the weight in segments of both sides there is nothing to compare."""
_CHANCE = 3.0
_LEAST_FREEDOM = 4
# Events come in groups: counts vary by more than those that come by themselves.
_OF_FEW = 2.0


@dataclass(frozen=True)
class Interest:
    """What one dimension says about one step.

    segments: how many; excess: half of what segments do beyond moving alike, noise: the part of it within 1.96 of their
        errors, both in the step's unit.
    interest in [0, 1): excess beyond noise against the step's own change.
    recurring in [0, 1]: share of the weight that lies in segments of both sides, on the side where that is less.
    signal in [0, 1]: share of the spread that is not noise, None where days do not tell.
    is_noise: whether segments differ by no more than chance; without days only counts and shares of counts tell.
    """

    segments: int
    excess: float
    noise: float
    interest: float
    recurring: float
    signal: float | None
    is_noise: bool

    @property
    def compares(self) -> bool:
        """Whether there are segments to compare: more than one, and most of the weight in those of both sides."""
        return self.segments > 1 and self.recurring >= LEAST_RECURRING


@dataclass(frozen=True)
class Ranked:
    """One dimension for one step; weight: KPI units per unit of the step, to show excess and noise in."""

    step: str
    dimension: str
    found: Interest
    weight: float
    is_focus: bool
    is_excluded: bool

    @property
    def place(self) -> tuple[bool, bool, bool, float, int, str]:
        """Sorts the most telling one to the front: noise behind what tells, then what has nothing to compare (one
        value, or keys of rows that never come again), what the step excludes behind all.

        Noise is of no interest, whatever its figure: the one with fewer segments, which have less of it, comes first.
        """
        is_noise = self.found.compares and self.found.is_noise
        interest = 0.0 if is_noise else self.found.interest
        behind = (self.is_excluded, not self.found.compares, is_noise)
        return (*behind, -interest, self.found.segments, self.dimension)


def interest_of(leaf: Leaf, whole: Columns, segments: SegmentSums, moments: Moments | None, dimension: str) -> Interest:
    """The interest of one dimension for a splittable step."""
    inside = inside_leaf(leaf, whole, segments)
    excess, spread, step_change = _excess(leaf, whole, inside)
    errors = noise_of(leaf, whole, segments, moments, dimension)
    by_chance = noise_of_counts(leaf, whole, segments) if errors is None else errors
    sizes = np.abs(excess)
    beyond = sizes if errors is None else np.maximum(sizes - _BEYOND_NOISE * errors, 0.0)
    apart, telling = 0.5 * float(sizes.sum()), 0.5 * float(beyond.sum())
    size = telling + abs(step_change)
    return Interest(
        segments=len(segments.names),
        excess=apart if np.isfinite(apart) else 0.0,
        noise=apart - telling if np.isfinite(apart) else 0.0,
        interest=telling / size if size > 0 and np.isfinite(size) else 0.0,
        recurring=_recurring(inside),
        signal=None if errors is None else _signal(spread, errors),
        is_noise=by_chance is not None and _is_noise(excess, by_chance, freedom_of(moments, dimension, len(excess))),
    )


def _recurring(inside: Inside) -> float:
    """Share of the weight in segments of both sides, on the side where it is less."""
    weights = np.abs(np.nan_to_num(inside.shares))
    sizes = weights.sum(axis=1)
    shared = weights[:, inside.kinds == BOTH].sum(axis=1)
    return float((shared / np.where(sizes > 0, sizes, 1.0)).min())


def _excess(leaf: Leaf, whole: Columns, inside: Inside) -> tuple[FloatArray, FloatArray, float]:
    """Excess of each segment (F3.6), the part of it that noise is judged by, and the step's own change."""
    ends = leaf.terms.value(whole)[:, 0]
    change = float(ends[CURRENT] - ends[BASE])
    if leaf.is_volume:
        side = BASE if ends[BASE] != 0 else CURRENT
        shares = np.nan_to_num(inside.shares[side])
        excess = inside.total - shares * change
        return excess, excess, change
    alike = inside.shares.mean(axis=0) * inside.performance.sum()
    return inside.performance - alike + inside.mix, inside.performance - alike, change


def _tested(parts: FloatArray, errors: FloatArray) -> tuple[float, int]:
    """Sum of squares of parts in units of their errors, and how many of them vary freely."""
    known = errors > 0
    return float(((parts[known] / errors[known]) ** 2).sum()), int(known.sum()) - 1


def _signal(spread: FloatArray, errors: FloatArray) -> float | None:
    """I2: the share of the spread over segments that their noise does not explain."""
    tested, free = _tested(spread, errors)
    if free < 1:
        return None
    return max(0.0, 1.0 - free / tested) if tested > 0 else 0.0


def _is_noise(excess: FloatArray, errors: FloatArray, freedom: FloatArray) -> bool:
    """Whether chance alone spreads segments as far, mix included, or nearly all of the spread is noise.

    freedom: degrees of freedom of each error.
    """
    tested, free = _tested(excess, errors)
    if free < 1:
        return False
    # A square of Student's t is df / (df - 2) on average, and varies more the fewer days there are; a variance over
    # few of a side's days is besides too small by one in so many.
    df = freedom[errors > 0]
    known = np.where(df > _LEAST_FREEDOM, df, np.inf)
    mean = np.where(np.isinf(known), _OF_FEW, (df + 2) / (known - 2))
    varies = 2 * mean**2 * np.where(np.isinf(known), 1.0, (df - 1) / (known - 4))
    share = free / (free + 1)
    by_chance = share * float(mean.sum()) + _CHANCE * float(np.sqrt(share * varies.sum()))
    return tested <= max(by_chance, free / (1 - _LEAST_SIGNAL))
