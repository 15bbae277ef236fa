"""The frames of a bridge: their columns are fixed, what is undefined is null, never NaN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from core.engine.breakdown import OVERLAP, Breakdown
from core.engine.leaves import Leaf
from core.engine.ranking import Ranked
from core.engine.segment_tests import SegmentTests
from core.engine.significance import StepTest
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


def ranking(rows: Sequence[Ranked]) -> pl.DataFrame:
    """step, dimension, interest, signal."""
    return ranking_parts(rows).select("step", "dimension", "interest", "signal")


def ranking_parts(rows: Sequence[Ranked]) -> pl.DataFrame:
    """step, dimension, segments, excess, noise, signal, interest, recurring, is_focus, is_excluded, is_noise.

    excess and noise in KPI units.
    """
    weights = np.array([abs(row.weight) for row in rows])
    parts = np.array([(row.found.excess, row.found.noise) for row in rows]).reshape(len(rows), 2) * weights[:, None]
    return pl.DataFrame(
        {
            "step": pl.Series([row.step for row in rows], dtype=pl.String),
            "dimension": pl.Series([row.dimension for row in rows], dtype=pl.String),
            "segments": pl.Series([row.found.segments for row in rows], dtype=pl.Int64),
            "excess": _numbers(parts[:, 0]),
            "noise": _numbers(parts[:, 1]),
            "signal": pl.Series([row.found.signal for row in rows], dtype=pl.Float64),
            "interest": pl.Series([row.found.interest for row in rows], dtype=pl.Float64),
            "recurring": pl.Series([row.found.recurring for row in rows], dtype=pl.Float64),
            "is_focus": pl.Series([row.is_focus for row in rows], dtype=pl.Boolean),
            "is_excluded": pl.Series([row.is_excluded for row in rows], dtype=pl.Boolean),
            "is_noise": pl.Series([row.found.is_noise for row in rows], dtype=pl.Boolean),
        }
    )


def significance(tests: Sequence[StepTest]) -> pl.DataFrame:
    """step, t, df, p, verdict; null where a step is not testable."""
    return pl.DataFrame(
        {
            "step": pl.Series([test.step for test in tests], dtype=pl.String),
            "t": pl.Series([test.t for test in tests], dtype=pl.Float64),
            "df": pl.Series([test.df for test in tests], dtype=pl.Float64),
            "p": pl.Series([test.p for test in tests], dtype=pl.Float64),
            "verdict": pl.Series([test.verdict for test in tests], dtype=pl.String),
        }
    )


def segment_tests(found: SegmentTests) -> pl.DataFrame:
    """segment, t, df, p, q, is_significant; the least likely first, those not testable last."""
    names = np.array(found.names, dtype=object)
    order = np.lexsort((names.astype(str), -np.nan_to_num(np.abs(found.t)), found.p))
    df = [found.df if np.isfinite(t) else None for t in found.t[order].tolist()]
    return pl.DataFrame(
        {
            "segment": pl.Series(names[order].tolist(), dtype=pl.String),
            "t": _numbers(found.t[order]),
            "df": pl.Series(df, dtype=pl.Float64),
            "p": _numbers(found.p[order]),
            "q": _numbers(found.q[order]),
            "is_significant": pl.Series(found.is_significant[order].tolist(), dtype=pl.Boolean),
        }
    )


def _percent_of(contribution: float, base: float | None) -> float | None:
    return percent(contribution, base) if np.isfinite(contribution) else None


def _numbers(values: FloatArray) -> pl.Series:
    """Floats with null for what is undefined."""
    return pl.Series(np.where(np.isfinite(values), values + 0.0, np.nan), dtype=pl.Float64).fill_nan(None)
