"""The segments of a step as moves: from where each one stood in base to where it stands in current."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from core.report.chosen_segments import chosen_segments
from core.report.printed_detail import PrintedDetail, PrintedSegment

MOST_MOVES = 12
DRAWN_KINDS = ("both", "new", "lost")


@dataclass(frozen=True)
class Moves:
    """Segments to draw, largest effect first; how many smaller ones are left out, and those that have no place.

    left_out_units, no_place_units: their contributions in smallest printed steps; with the drawn ones they add up to
        the step's.
    """

    detail: PrintedDetail
    drawn: tuple[PrintedSegment, ...]
    left_out: int
    left_out_units: int
    no_place: tuple[str, ...]
    no_place_count: int
    no_place_units: int

    @property
    def largest(self) -> float:
        """The largest effect in either direction, in KPI units."""
        return max((abs(segment.effect) for segment in self.drawn), default=0.0)


MOST_NAMED = 3


def moves_of(detail: PrintedDetail, most: int = MOST_MOVES) -> Moves:
    """At most `most` segments of the step; those without denominator on both sides have no place in a chart."""
    frame = detail.whole.bridge.detail(detail.step.name, detail.dimension)
    kinds = DRAWN_KINDS if detail.has_mix else (*DRAWN_KINDS, "orphan")
    able = frame.filter(pl.col("kind").is_in(kinds))
    names = able["segment"].head(most).to_list()
    homeless = frame.filter(~pl.col("kind").is_in(kinds))["segment"].to_list()
    named = chosen_segments(detail, [*names, *homeless[:MOST_NAMED]])
    drawn = tuple(named[name] for name in names)
    without = [named[name] for name in homeless[:MOST_NAMED]]
    no_place_units = sum(segment.total for segment in without)
    rest = detail.step.units - sum(segment.total for segment in drawn) - no_place_units
    return Moves(
        detail=detail,
        drawn=drawn,
        left_out=able.height - len(names) + len(homeless) - len(without),
        left_out_units=rest,
        no_place=tuple(segment.name for segment in without),
        no_place_count=len(homeless),
        no_place_units=no_place_units,
    )
