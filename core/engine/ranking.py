"""How much a dimension says about a step (docs/formulas.md, F3.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.engine.breakdown import inside_leaf
from core.engine.leaves import Leaf
from core.engine.noise import noise_of
from core.engine.terms import Columns
from core.model.sums import BASE, CURRENT, FloatArray, Moments, SegmentSums

_BEYOND_NOISE = 1.96
_LEAST_SIGNAL = 0.1


@dataclass(frozen=True)
class Interest:
    """interest in [0, 1): what segments do beyond moving alike, against the step's own change; signal in [0, 1]:
    share of the spread that is not noise, None where days do not tell."""

    interest: float
    signal: float | None

    @property
    def is_noise(self) -> bool:
        """Whether days tell that segments differ by no more than chance."""
        return self.signal is not None and self.signal < _LEAST_SIGNAL


def interest_of(leaf: Leaf, whole: Columns, segments: SegmentSums, moments: Moments | None, dimension: str) -> Interest:
    """The interest of one dimension for a splittable step."""
    excess, spread, step_change = _excess(leaf, whole, segments)
    noise = noise_of(leaf, whole, segments, moments, dimension)
    allowed = 0.0 if noise is None else _BEYOND_NOISE * noise
    beyond = 0.5 * float(np.maximum(np.abs(excess) - allowed, 0.0).sum())
    size = beyond + abs(step_change)
    interest = beyond / size if size > 0 and np.isfinite(size) else 0.0
    return Interest(interest, None if noise is None else _signal(spread, noise))


def _excess(leaf: Leaf, whole: Columns, segments: SegmentSums) -> tuple[FloatArray, FloatArray, float]:
    """Excess of each segment (F3.6), the part of it that noise is judged by, and the step's own change."""
    inside = inside_leaf(leaf, whole, segments)
    ends = leaf.terms.value(whole)[:, 0]
    change = float(ends[CURRENT] - ends[BASE])
    if leaf.is_volume:
        side = BASE if ends[BASE] != 0 else CURRENT
        shares = np.nan_to_num(inside.shares[side])
        excess = inside.total - shares * change
        return excess, excess, change
    alike = inside.shares.mean(axis=0) * inside.performance.sum()
    return inside.performance - alike + inside.mix, inside.performance - alike, change


def _signal(spread: FloatArray, noise: FloatArray) -> float | None:
    """I2: the share of the spread over segments that their noise does not explain."""
    known = noise > 0
    count = int(known.sum())
    if count < 2:
        return None
    tested = float(((spread[known] / noise[known]) ** 2).sum())
    return max(0.0, 1.0 - (count - 1) / tested) if tested > 0 else 0.0
