"""Whether a step moved by more than its days do anyway (docs/formulas.md, F3.8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Literal

import numpy as np

from core.engine import significance_notes as notes
from core.engine.counts import are_counts, are_shares, pooled_z
from core.engine.leaves import Leaf
from core.engine.noise import LEAST_DAYS, NOTHING
from core.engine.notes import Note
from core.engine.rhythm import Rhythm, rhythm_of
from core.engine.student import two_sided_normal, two_sided_t
from core.engine.terms import Columns
from core.model.comparison import Comparison
from core.model.sums import BASE, CURRENT, FloatArray, Moments, Sums

Code = Literal["usual", "beyond", "not_testable", "pooled_usual", "pooled_beyond"]
USUAL_T = 2.0
MOST_ALIKE = 0.3
ONE_SIDED_95 = 1.645
_VERDICTS: dict[Code, str] = {
    "usual": "within usual {variation}",
    "beyond": "beyond usual {variation}",
    "pooled_usual": "within usual {variation}, judged by counts alone",
    "pooled_beyond": "beyond what chance does to such counts",
}


@dataclass(frozen=True)
class StepTest:
    """One step against the variation of its days. t, df and p are None where there is no test; df also for counts.

    is_usual: None where it is not testable; `notes` then begins with the reason, else they say what to mind.
    rhythm: how far apart the days lie that it is judged by; None where there are none, or they keep no rhythm.
    """

    step: str
    t: float | None
    df: float | None
    p: float | None
    code: Code
    notes: tuple[Note, ...] = ()
    rhythm: Rhythm | None = None

    @property
    def is_usual(self) -> bool | None:
        """Whether the step moved by no more than usual: |t| below 2."""
        return None if self.code == "not_testable" else self.code in ("usual", "pooled_usual")

    @property
    def verdict(self) -> str:
        """In English words."""
        if self.code == "not_testable":
            return f"not testable: {self.notes[0].text}"
        variation = f"{self.rhythm}-to-{self.rhythm} variation" if self.rhythm else "variation"
        return _VERDICTS[self.code].format(variation=variation)


@dataclass(frozen=True)
class Known:
    """What a test may look at: the whole, where it comes from, and its days (None where rows have none)."""

    whole: Columns
    sums: Sums
    comparison: Comparison | None
    moments: Moments | None

    @property
    def plans(self) -> dict[str, str]:
        """actual → plan column, where columns are compared."""
        return dict(self.comparison.metrics) if self.comparison else {}


def test_of(leaf: Leaf, known: Known) -> StepTest:
    """The test of one step: by days where both sides have 5 or more, else by counts, else none with the reason."""
    reason = _refusal(leaf, known)
    if reason is not None:
        return _untested(leaf, reason)
    daily = None if known.moments is None else _influences(leaf, known, known.moments)
    if daily is None:
        return _by_counts(leaf, known, notes.without_days())
    if min(map(len, daily)) < LEAST_DAYS:
        return _by_counts(leaf, known, notes.few_days(len(daily[BASE]), len(daily[CURRENT])))
    return _by_days(leaf, known, daily)


def _refusal(leaf: Leaf, known: Known) -> Note | None:
    """Why there is nothing to test, if so."""
    metrics = leaf.terms.metrics
    if not metrics:
        return notes.calendar_step()
    for metric in metrics:
        filled = known.sums.filled[:, known.sums.metrics.index(metric)]
        if (filled == 0).any():
            return notes.never_filled(metric, "base" if filled[BASE] == 0 else "current")
        if metric in known.sums.distinct:
            return notes.distinct_days(metric)
    if not np.isfinite(leaf.terms.value(known.whole)).all():
        return notes.undefined_test()
    return None


def _influences(leaf: Leaf, known: Known, moments: Moments) -> tuple[FloatArray, FloatArray] | None:
    """What each day adds to the step's value on its side, less the mean over days, shape (days,); None without days."""
    slopes = {metric: leaf.terms.slope(metric, known.whole)[:, 0] for metric in leaf.terms.metrics}
    if moments.daily is None or not all(np.isfinite(slope).all() for slope in slopes.values()):
        return None
    sides = []
    for side, days in enumerate(moments.daily):
        named = {metric: known.plans.get(metric, metric) if side == BASE else metric for metric in slopes}
        if not set(moments.metrics).issuperset(named.values()) or not len(days):
            return None
        parts = [slopes[metric][side] * days[:, moments.metrics.index(name)] for metric, name in named.items()]
        added = np.sum(parts, axis=0)
        sides.append(added - added.mean())
    return sides[BASE], sides[CURRENT]


def _by_days(leaf: Leaf, known: Known, daily: tuple[FloatArray, FloatArray]) -> StepTest:
    """Days are clusters: of both sides, or pairs of actual and plan where columns are compared."""
    change = _change(leaf, known.whole)
    clusters = [daily[CURRENT] - daily[BASE]] if known.plans else list(daily)
    variance = sum(len(days) / (len(days) - 1) * float((days**2).sum()) for days in clusters)
    size = float(leaf.terms.size(known.whole).max())
    if not isfinite(variance) or sqrt(variance) <= size * sqrt(NOTHING / min(map(len, clusters))):
        return _untested(leaf, notes.no_variance(has_moved=abs(change) > NOTHING * size))
    t = change / sqrt(variance)
    df = float(sum(len(days) - 1 for days in clusters))
    p = float(two_sided_t(np.array([t]), df)[0])
    warnings = (*_on_sides(known), *_on_order(clusters))
    rhythm = rhythm_of(known.sums.days, (len(daily[BASE]), len(daily[CURRENT])))
    return StepTest(leaf.name, t, df, p, "usual" if abs(t) < USUAL_T else "beyond", warnings, rhythm)


def _by_counts(leaf: Leaf, known: Known, reason: Note) -> StepTest:
    """A share of counts by the pooled two-proportion test; without any days also a count, by Poisson."""
    z = None
    if leaf.terms.ratio is not None and not leaf.is_volume and not known.plans:
        z = _two_proportions(*(known.whole[metric][:, 0] for metric in leaf.terms.ratio))
    elif leaf.is_volume and known.moments is None and known.sums.days is None and not known.plans:
        z = _poisson(leaf.terms.value(known.whole)[:, 0])
    if z is None:
        return _untested(leaf, reason)
    if not isfinite(z):
        return _untested(leaf, notes.no_variance(has_moved=False))
    p = float(two_sided_normal(np.array([z]))[0])
    code: Code = "pooled_usual" if abs(z) < USUAL_T else "pooled_beyond"
    return StepTest(leaf.name, z, None, p, code, (notes.counts_alone(), reason, *_on_sides(known)))


def _two_proportions(numerators: FloatArray, denominators: FloatArray) -> float | None:
    """z of the change of a share; None where numerators are no counts out of denominators, NaN where all are alike."""
    if not are_shares(numerators, denominators):
        return None
    return float(pooled_z(numerators[:, None], denominators[:, None])[0])


def _poisson(counts: FloatArray) -> float | None:
    """z of the change of a count; None where it is none."""
    if not are_counts(counts):
        return None
    return float((counts[CURRENT] - counts[BASE]) / np.sqrt(counts.sum())) if counts.sum() else float("nan")


def _on_sides(known: Known) -> Iterator[Note]:
    """What the two sides have in common, or not, that a test does not know."""
    if known.comparison is not None and not known.plans:
        yield from notes.on_weekdays(known.comparison)
        yield from notes.on_overlap(known.comparison)


def _on_order(clusters: list[FloatArray]) -> Iterator[Note]:
    """Says when one day resembles the next, so that there are fewer independent days than counted."""
    products = sum(float((days[1:] * days[:-1]).sum()) for days in clusters)
    likeness = products / sum(float((days**2).sum()) for days in clusters)
    if likeness > max(MOST_ALIKE, ONE_SIDED_95 / sqrt(sum(map(len, clusters)))):
        yield notes.days_resemble(likeness)


def _change(leaf: Leaf, whole: Columns) -> float:
    ends = leaf.terms.value(whole)[:, 0]
    return float(ends[CURRENT] - ends[BASE])


def _untested(leaf: Leaf, reason: Note) -> StepTest:
    return StepTest(leaf.name, None, None, None, "not_testable", (reason,))
