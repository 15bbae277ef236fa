"""Single segments of a step, printed as in its detail, however many others there are."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from core.report.numbers import largest_remainder
from core.report.printed_detail import PrintedDetail, PrintedSegment, print_segment


def chosen_segments(detail: PrintedDetail, names: Collection[str]) -> dict[str, PrintedSegment]:
    """The segments of those names by name; one that the detail shows has exactly the figures it has there.

    detail: the step by its dimension, folded or not.
    """
    found = {segment.name: segment for segment in detail.segments if not segment.others and segment.name in names}
    if len(found) < len(set(names)):
        found |= {name: segment for name, segment in _unfolded(detail, names).items() if name not in found}
    return found


def _unfolded(detail: PrintedDetail, names: Collection[str]) -> dict[str, PrintedSegment]:
    """Printed as if every segment had a bar, so that all of them add up."""
    whole, step = detail.whole, detail.step
    frame = whole.bridge.detail(step.name, detail.dimension)
    cells = frame.select("performance", "mix").to_numpy().ravel()
    units = largest_remainder([whole.numbers.units(float(value)) for value in cells], step.units)
    wanted = frame.with_row_index("position").filter(pl.col("segment").is_in(list(names)))
    rows = wanted.iter_rows(named=True)
    return {row["segment"]: print_segment(step, row, *_pair(units, row["position"]), 0, whole.locale) for row in rows}


def _pair(units: list[int], position: int) -> tuple[int, int]:
    return units[2 * position], units[2 * position + 1]
