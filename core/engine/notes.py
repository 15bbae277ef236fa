"""What a reader of a bridge must know besides its numbers: a code, the values, an English sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from core.engine.leaves import Leaf
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.sums import BASE, CURRENT, NOT_SET, Sums

MOST_NULLS = 0.001
MOST_COVARIANCE = 0.3


@dataclass(frozen=True)
class Note:
    """`code` is stable; `values` are what the sentence says, for other languages."""

    code: str
    text: str
    values: Mapping[str, object] = field(default_factory=dict)


def notes_on(
    sums: Sums,
    leaves: tuple[Leaf, ...],
    *,
    base: float | None,
    current: float | None,
    per_day: bool,
    badge: float | None,
    comparison: Comparison | None = None,
) -> tuple[Note, ...]:
    """All notes, those on the result first, those on the data last."""
    return (
        *_on_total(base, current),
        *_on_sides(comparison),
        *_on_steps(leaves),
        *_on_days(sums, per_day),
        *_on_covariance(badge),
        *_on_nulls(sums),
    )


def _on_total(base: float | None, current: float | None) -> Iterator[Note]:
    for side, value in (("base", base), ("current", current)):
        if value is None:
            yield Note(
                "total_undefined", f"The KPI is undefined in {side}: something is divided by 0 there.", {"side": side}
            )
    if base == 0:
        yield Note("base_zero", "The KPI is 0 in base, so there are no percentages of it.")
    elif base is not None and base < 0:
        yield Note("base_negative", "The KPI is negative in base, so a rise has a negative percentage.", {"base": base})


def _on_sides(comparison: Comparison | None) -> Iterator[Note]:
    """What both sides hold counts on each of them."""
    if comparison is None or comparison.metrics:
        return
    base, current = comparison.base, comparison.current
    if base == current:
        yield Note("same_sides", "Base and current are the same, so nothing can have changed.")
    elif isinstance(base, DateSide) and isinstance(current, DateSide):
        days = (min(base.last, current.last) - max(base.first, current.first)).days + 1
        if days > 0:
            sentence = f"Base and current share {days} day{'s' * (days > 1)}, whose rows count on both sides."
            yield Note("overlapping_periods", sentence, {"days": days})
    elif isinstance(base, GroupSide) and isinstance(current, GroupSide):
        shared = ", ".join(NOT_SET if v is None else str(v) for v in base.values if v in current.values)
        if shared:
            sentence = f"Base and current share {shared}, whose rows count on both sides."
            yield Note("overlapping_groups", sentence, {"groups": shared})


def _on_steps(leaves: tuple[Leaf, ...]) -> Iterator[Note]:
    for leaf in leaves:
        if leaf.note:
            yield Note("merged_steps" if len(leaf.members) > 1 else "undefined_step", leaf.note, {"step": leaf.name})


def _on_days(sums: Sums, per_day: bool) -> Iterator[Note]:
    if sums.days is None:
        if per_day:
            yield Note("days_without_periods", "No two periods are compared, so there is no step for the days.")
        return
    base, current = sums.days
    if base != current and not per_day:
        yield Note(
            "unequal_periods",
            f"Base spans {base} days, current {current}: part of the change is the length of the period.",
            {"base": base, "current": current},
        )


def _on_covariance(badge: float | None) -> Iterator[Note]:
    if badge is not None and badge > MOST_COVARIANCE:
        yield Note(
            "large_covariance",
            f"The steps' interaction is {badge:.0%} of their single effects, so handing it out by their size "
            "is arbitrary. Method shapley has no such remainder.",
            {"share": badge},
        )


def _on_nulls(sums: Sums) -> Iterator[Note]:
    for position, metric in enumerate(sums.metrics):
        nulls = sums.rows - sums.filled[:, position]
        shares = nulls / np.where(sums.rows == 0, 1.0, sums.rows)
        base, current = int(nulls[BASE]), int(nulls[CURRENT])
        if base != current or (shares > MOST_NULLS).any():
            yield Note(
                "nulls",
                f"{metric} is empty in {base:,} of {int(sums.rows[BASE]):,} rows in base and in {current:,} of "
                f"{int(sums.rows[CURRENT]):,} in current. Empty values count as nothing.",
                {
                    "metric": metric,
                    "base": base,
                    "current": current,
                    "base_rows": int(sums.rows[BASE]),
                    "current_rows": int(sums.rows[CURRENT]),
                },
            )
