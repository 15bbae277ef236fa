"""A step by the segments of one dimension, and what segments do not explain (docs/formulas.md, F3.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.engine.exact import TOLERANCE, settle, total_of
from core.engine.leaves import Leaf
from core.engine.mix import Inside, inside_ratio, inside_volume
from core.engine.terms import Columns
from core.model.analysis import Method
from core.model.sums import BASE, CURRENT, FloatArray, SegmentSums

OVERLAP, OVERLAP_NAME = "overlap", "(overlap)"


@dataclass(frozen=True)
class Breakdown:
    """A step's effects by segment, in KPI units; the overlap, what segments count twice or miss, stands last."""

    names: NDArray[np.str_]
    inside: Inside
    performance: FloatArray
    mix: FloatArray
    total: FloatArray
    has_overlap: bool


def break_down(
    leaf: Leaf,
    whole: Columns,
    segments: SegmentSums,
    *,
    weight: float,
    contribution: float,
    size: float,
    method: Method,
) -> Breakdown:
    """Effects of all segments on a splittable step; they sum to `contribution`, checked (docs/formulas.md, F3.9).

    weight: KPI units per unit of the step; size: of the KPI, what rounding is judged by.
    """
    columns = Columns(whole.metrics, segments.values, whole.days)
    inside, names, has_overlap = _inside(leaf, whole, columns, segments.names, method)
    scale = max(size, abs(weight) * float(np.abs(leaf.terms.value(whole)).max()))
    total = settle((weight * inside.total)[:, None], np.array([contribution]), scale=scale)[:, 0]
    performance = weight * inside.performance
    if leaf.is_volume:
        performance = total
    return Breakdown(names, inside, performance, total - performance, total, has_overlap)


def inside_leaf(leaf: Leaf, whole: Columns, segments: SegmentSums, method: Method = "shapley") -> Inside:
    """The step's inside in its own units, without the overlap."""
    return _plain(leaf, whole, Columns(whole.metrics, segments.values, whole.days), method)


def _inside(
    leaf: Leaf, whole: Columns, columns: Columns, names: tuple[str, ...], method: Method
) -> tuple[Inside, NDArray[np.str_], bool]:
    parts = _parts(leaf, columns)
    wholes = _parts(leaf, whole)
    gaps = [_gap(part, one[:, 0]) for part, one in zip(parts, wholes, strict=True)]
    labels = np.array(names, dtype=object)
    if all(gap is None for gap in gaps):
        return _plain(leaf, whole, columns, method), labels, False
    widened = [
        np.column_stack([part, np.zeros(2) if gap is None else gap]) for part, gap in zip(parts, gaps, strict=True)
    ]
    inside = _of_parts(widened, [one[:, 0] for one in wholes], method)
    kinds = inside.kinds.astype(object)
    kinds[-1] = OVERLAP
    performance = inside.performance.copy()
    if len(parts) == 2:
        performance[-1] = 0.0
    rates = inside.rates.copy()
    rates[:, -1] = np.nan if len(parts) == 2 else rates[:, -1]
    inside = replace(inside, kinds=kinds, performance=performance, rates=rates)
    return inside, np.append(labels, OVERLAP_NAME), True


def _plain(leaf: Leaf, whole: Columns, columns: Columns, method: Method) -> Inside:
    return _of_parts(_parts(leaf, columns), [one[:, 0] for one in _parts(leaf, whole)], method)


def _of_parts(parts: list[FloatArray], wholes: list[FloatArray], method: Method) -> Inside:
    if len(parts) == 1:
        return inside_volume(parts[0], wholes[0])
    return inside_ratio(parts[0], parts[1], wholes[0], wholes[1], method)


def _parts(leaf: Leaf, columns: Columns) -> list[FloatArray]:
    """[amounts] of a volume, [numerators, denominators] of a ratio; each of shape (2, s)."""
    ratio = leaf.terms.ratio
    return [leaf.terms.value(columns)] if leaf.is_volume or ratio is None else [columns[metric] for metric in ratio]


def _gap(parts: FloatArray, whole: FloatArray) -> FloatArray | None:
    """What segments leave of the whole on each side, None if only rounding."""
    gap = np.array([whole[side] - total_of(parts[side]) for side in (BASE, CURRENT)])
    size = np.maximum(np.abs(whole), np.abs(parts).sum(axis=1))
    return gap if (np.abs(gap) > TOLERANCE * size).any() else None
