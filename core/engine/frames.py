"""The frames of a bridge: their columns are fixed, what is undefined is null, never NaN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from core.engine.breakdown import OVERLAP, Breakdown
from core.engine.leaves import Leaf
from core.engine.ranking import Interest
from core.model.sums import BASE, CURRENT, FloatArray

OTHERS = "others"
_EFFECTS = ("performance", "mix", "total")


def percent(part: float, base: float | None) -> float | None:
    """`part` in percent of base, None where that is not a number."""
    if base is None or base == 0:
        return None
    share = part / base * 100.0
    return share if np.isfinite(share) else None


def steps(leaves: Sequence[Leaf], values: FloatArray, contributions: FloatArray, base: float | None) -> pl.DataFrame:
    """step, base, current, change, contribution, contribution_pct, note; values: shape (2, n)."""
    with np.errstate(invalid="ignore", over="ignore"):
        change = values[CURRENT] - values[BASE]
    return pl.DataFrame(
        {
            "step": [leaf.name for leaf in leaves],
            "base": _numbers(values[BASE]),
            "current": _numbers(values[CURRENT]),
            "change": _numbers(change),
            "contribution": _numbers(contributions),
            "contribution_pct": pl.Series([_percent_of(c, base) for c in contributions.tolist()], dtype=pl.Float64),
            "note": pl.Series([leaf.note for leaf in leaves], dtype=pl.String),
        }
    )


def detail(parts: Breakdown) -> pl.DataFrame:
    """One row a segment, largest |total| first, the overlap last."""
    inside = parts.inside
    last = inside.kinds == OVERLAP
    order = np.lexsort((parts.names.astype(str), -np.abs(parts.total), last))
    return pl.DataFrame(
        {
            "segment": pl.Series(parts.names[order].tolist(), dtype=pl.String),
            "kind": pl.Series(inside.kinds[order].tolist(), dtype=pl.String),
            "base_share": _numbers(inside.shares[BASE][order]),
            "current_share": _numbers(inside.shares[CURRENT][order]),
            "base_rate": _numbers(inside.rates[BASE][order]),
            "current_rate": _numbers(inside.rates[CURRENT][order]),
            "performance": _numbers(parts.performance[order]),
            "mix": _numbers(parts.mix[order]),
            "total": _numbers(parts.total[order]),
        }
    )


def fold(rows: pl.DataFrame, effect: str, *, most: int, below_pct: float) -> pl.DataFrame:
    """The `most` largest rows by |effect| that reach below_pct % of all |effects|; the rest is one row of sums."""
    size = pl.col(effect).abs()
    ordered = rows.sort([size, "segment"], descending=[True, False])
    least = float(ordered[effect].abs().sum()) * below_pct / 100.0
    keep = (pl.int_range(pl.len()) < most) & (size >= least)
    kept, rest = ordered.filter(keep), ordered.filter(~keep)
    return pl.concat([kept, _others(rest)]) if rest.height else kept


def _others(rest: pl.DataFrame) -> pl.DataFrame:
    sums = [pl.col(name).sum() for name in ("base_share", "current_share", *_EFFECTS)]
    name = "1 other" if rest.height == 1 else f"{rest.height} others"
    row = rest.select(
        pl.lit(name).alias("segment"),
        pl.lit(OTHERS).alias("kind"),
        *sums,
        *(pl.lit(None, dtype=pl.Float64).alias(rate) for rate in ("base_rate", "current_rate")),
    )
    return row.select(rest.columns)


def by_segment(names: Sequence[str], step_names: Sequence[str], contributions: FloatArray) -> pl.DataFrame:
    """segment, step, contribution; segments with the largest own change first, steps in order."""
    own = np.nan_to_num(np.abs(contributions.sum(axis=0)))
    order = np.lexsort((np.array(names, dtype=str), -own))
    return pl.DataFrame(
        {
            "segment": pl.Series([names[k] for k in order for _ in step_names], dtype=pl.String),
            "step": pl.Series(list(step_names) * len(names), dtype=pl.String),
            "contribution": _numbers(contributions[:, order].T.ravel()),
        }
    )


def ranking(rows: Sequence[tuple[str, str, Interest]]) -> pl.DataFrame:
    """step, dimension, interest, signal."""
    return pl.DataFrame(
        {
            "step": pl.Series([step for step, _, _ in rows], dtype=pl.String),
            "dimension": pl.Series([dimension for _, dimension, _ in rows], dtype=pl.String),
            "interest": pl.Series([found.interest for _, _, found in rows], dtype=pl.Float64),
            "signal": pl.Series([found.signal for _, _, found in rows], dtype=pl.Float64),
        }
    )


def _percent_of(contribution: float, base: float | None) -> float | None:
    return percent(contribution, base) if np.isfinite(contribution) else None


def _numbers(values: FloatArray) -> pl.Series:
    """Floats with null for what is undefined."""
    return pl.Series(np.where(np.isfinite(values), values + 0.0, np.nan), dtype=pl.Float64).fill_nan(None)
