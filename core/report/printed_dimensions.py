"""Dimensions compared: for each step and dimension the range of its segments' own effects, and the mix in all."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from core.report.chosen_segments import chosen_segments
from core.report.printed import PrintedBridge, PrintedStep
from core.report.printed_detail import PrintedDetail, PrintedSegment, print_detail
from core.report.ranking import interest_said

MOST_ROWS, LEAST_OF_A_STEP = 15, 2
OWN_KINDS, SHOWN_KINDS = ("both",), ("both", "new", "lost", "orphan")


@dataclass(frozen=True)
class Spread:
    """A dimension of a step. lowest, highest: by their own effect; mix: of all segments, smallest printed steps.

    mix_effect: the same in KPI units. segments: how many there are. interest_text: the interest as the ranking says it.
    """

    detail: PrintedDetail
    lowest: PrintedSegment
    highest: PrintedSegment
    mix_effect: float
    segments: int
    interest: float
    interest_text: str

    @property
    def dimension(self) -> str:
        """The dimension's name, by which it is asked for."""
        return self.detail.dimension

    @property
    def has_mix(self) -> bool:
        """Whether the step is a ratio."""
        return self.detail.has_mix

    def units(self, segment: PrintedSegment) -> int:
        """A segment's own effect in smallest printed steps; a volume's is its whole effect."""
        return segment.performance if self.has_mix else segment.total

    def effect(self, segment: PrintedSegment) -> float:
        """The same in KPI units."""
        return segment.performance_effect if self.has_mix else segment.effect


@dataclass(frozen=True)
class Compared:
    """A step with its best dimensions, best first. more: dimensions left out."""

    step: PrintedStep
    spreads: tuple[Spread, ...]
    more: int


def compared(printed: PrintedBridge, most: int = MOST_ROWS) -> tuple[Compared, ...]:
    """Steps that dimensions can explain, in the order of the bridge; about `most` rows in all."""
    ranking = printed.bridge.ranking_parts()
    ranked = {
        step.name: [row for row in ranking.iter_rows(named=True) if row["step"] == step.name] for step in printed.steps
    }
    splittable = [step for step in printed.steps if ranked[step.name]]
    room = max(LEAST_OF_A_STEP, most // max(1, len(splittable)))
    found = []
    for step in splittable:
        rows = _allowed(printed, step, ranked[step.name])
        spreads = [spread for row in rows[:room] if (spread := _spread(printed, step, row)) is not None]
        if spreads:
            found.append(Compared(step, tuple(spreads), len(rows) - min(room, len(rows))))
    return tuple(found)


def _allowed(printed: PrintedBridge, step: PrintedStep, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Dimensions that the step does not exclude, the one it opens with first."""
    excluded = set(step.step.exclude) if step.step else set()
    first = printed.bridge.best_dimension(step.name)
    kept = [row for row in rows if row["dimension"] not in excluded]
    return sorted(kept, key=lambda row: row["dimension"] != first)


def _spread(printed: PrintedBridge, step: PrintedStep, row: dict[str, object]) -> Spread | None:
    dimension, interest = str(row["dimension"]), float(str(row["interest"]))
    said = interest_said(row, printed.words)
    frame = printed.bridge.detail(step.name, dimension)
    if frame.is_empty():
        return None
    names = _extremes(frame, is_ratio=bool(step.weight))
    detail = print_detail(printed, step.name, dimension)
    segments = chosen_segments(detail, names)
    mix = float(frame["mix"].sum())
    return Spread(detail, segments[names[0]], segments[names[1]], mix, frame.height, interest, said)


def _extremes(frame: pl.DataFrame, *, is_ratio: bool) -> tuple[str, str]:
    """Names of the segments with the lowest and the highest own effect, of those that have one if any has."""
    kinds = OWN_KINDS if is_ratio else SHOWN_KINDS
    own = frame.filter(pl.col("kind").is_in(kinds))
    ordered = (frame if own.is_empty() else own).sort("performance" if is_ratio else "total", "segment")
    return str(ordered["segment"][0]), str(ordered["segment"][-1])
