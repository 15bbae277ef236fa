"""Dimension first: each segment's own change of the KPI, and the steps inside one of them (docs/formulas.md, F3.4).

Segments are decomposed by their own chains, so there is no mix: what moves from one segment to another is in the
volumes of both. A KPI that is a ratio does not add up over segments and has no such view.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from core.engine.bridge import Bridge, build_bridge
from core.engine.terms import Columns
from core.errors import DataError
from core.model.document import Line, Text
from core.model.sums import BASE, CURRENT, Sums
from core.report.bars import arrow, axis_floor, bridge_bars
from core.report.comment import is_in_time, printed_headline, toned
from core.report.numbers import largest_remainder, pair
from core.report.printed import PrintedBridge, print_bridge, relative, tone
from core.report.printed import within_sentence as inside
from core.report.shapes import Bar, Waterfall

MOST_LINES = 3


@dataclass(frozen=True)
class OwnChange:
    """One segment with the KPI's own value on both sides; units of its change add up to the printed change.

    step: the one that moved it furthest in the direction it went, "" where there is none to choose.
    others: how many segments it stands for, or 0.
    """

    name: str
    base: float | None
    current: float | None
    from_text: str
    to_text: str
    change: float
    units: int
    step: str = ""
    others: int = 0


@dataclass(frozen=True)
class PrintedSegments:
    """The KPI by the values of one dimension, the largest own change first; small ones are one at the end."""

    whole: PrintedBridge
    dimension: str
    segments: tuple[OwnChange, ...]

    @property
    def label(self) -> str:
        """What the dimension is called inside a sentence."""
        return self.whole.label(self.dimension)

    @cached_property
    def named(self) -> tuple[OwnChange, ...]:
        """Those that stand for themselves."""
        return tuple(segment for segment in self.segments if not segment.others)


def adds_up(bridge: Bridge) -> bool:
    """Whether the KPI is a sum over segments, so that their own changes add up to its change."""
    return bridge.plan.kpi.is_linear and bridge.total.change is not None


def own_values(bridge: Bridge, dimension: str) -> pl.DataFrame:
    """segment, base, current, change, step: the KPI of each segment, largest |change| first; step as in OwnChange."""
    parts = bridge.by_segment(dimension)
    sums = bridge.sums.dimensions[dimension]
    values = bridge.plan.kpi.value(Columns(bridge.sums.metrics, sums.values, bridge.sums.days))
    known = pl.DataFrame({"segment": list(sums.names), "base": values[BASE], "current": values[CURRENT]})
    change = parts.group_by("segment", maintain_order=True).agg(pl.col("contribution").sum().alias("change"))
    along = parts.join(change, on="segment").filter(pl.col("contribution") * pl.col("change").sign() > 0)
    first = along.sort(pl.col("contribution").abs(), descending=True, maintain_order=True).unique(
        "segment", keep="first", maintain_order=True
    )
    return change.join(known, on="segment", how="left", maintain_order="left").join(
        first.select("segment", "step"), on="segment", how="left", maintain_order="left"
    )


def print_segments(whole: PrintedBridge, dimension: str) -> PrintedSegments:
    """Every segment's own change, small ones summed up. Raises DataError where the KPI is no sum, UnknownColumn."""
    bridge = whole.bridge
    if not adds_up(bridge):
        raise DataError(whole.words.text("own_not_additive", kpi=whole.kpi), field="first")
    frame = own_values(bridge, dimension)
    rows = list(frame.iter_rows(named=True))
    least = sum(abs(row["change"]) for row in rows) * bridge.other_below_pct / 100
    kept = [row for row in rows[: bridge.max_segments] if abs(row["change"]) >= least]
    if len(kept) < len(rows):
        kept.append(_others(rows[len(kept) :]))
    units = largest_remainder([whole.numbers.units(row["change"]) for row in kept], whole.change)
    has_choice = len(bridge.plan.leaves) > 1
    segments = (_own(whole, row, count, has_choice=has_choice) for row, count in zip(kept, units, strict=True))
    return PrintedSegments(whole, dimension, tuple(segments))


def _others(rows: list[dict[str, object]]) -> dict[str, object]:
    sums = pl.DataFrame(rows, infer_schema_length=None).select(pl.col("change", "base", "current").sum())
    return {**sums.row(0, named=True), "segment": "", "step": None, "others": len(rows)}


def _own(whole: PrintedBridge, row: dict[str, object], units: int, *, has_choice: bool) -> OwnChange:
    base, current = (None if row[side] is None else float(str(row[side])) for side in ("base", "current"))
    from_text, to_text = pair(base, current, whole.bridge.equation.unit, whole.locale)
    name, others = str(row["segment"]), int(str(row.get("others", 0)))
    step = str(row["step"] or "") if has_choice else ""
    change = float(str(row["change"]))
    return OwnChange(name, base, current, from_text, to_text, change, units, step, others)


def segments_bars(printed: PrintedSegments) -> Waterfall:
    """Base total, each segment's own change, current total."""
    whole = printed.whole
    first, *_, last = bridge_bars(whole).bars
    bars, level = [first], whole.bridge.total.base or 0.0
    for segment in printed.segments:
        bars.append(_bar(printed, segment, level))
        level = bars[-1].end
    floor = axis_floor([bar.end for bar in (*bars, last)])
    note = whole.words.text("axis_start", value=whole.numbers.rough(floor)) if floor else ""
    return Waterfall((*bars, last), "segment", floor, note)


def _bar(printed: PrintedSegments, segment: OwnChange, level: float) -> Bar:
    whole = printed.whole
    change, share = whole.numbers.change(segment.units), relative(segment.base, segment.current)
    label = whole.words.text("others", count=str(segment.others)) if segment.others else segment.name
    beneath = (whole.numbers.percent(share),) if share is not None else ()
    moved = "" if segment.base is None or segment.others else arrow(segment.from_text, segment.to_text)
    said = ", ".join(part for part in (f"{label}: {change}", *beneath, moved) if part)
    colour = "rest" if segment.others else tone(segment.units or segment.change, whole.polarity)
    key = "" if segment.others or segment.base is None else segment.name
    return Bar(key, label, moved, level, level + segment.change, change, beneath, colour, said)


def segments_alt(printed: PrintedSegments, waterfall: Waterfall) -> str:
    """Alternative text that carries the same numbers."""
    said = ", ".join(f"{bar.label} {bar.printed}" for bar in waterfall.bars[1:-1])
    whole = printed.whole
    base, current = whole.base_text, whole.current_text
    return whole.words.text(
        "own_alt", kpi=whole.kpi_inside, dimension=printed.label, base=base, current=current, bars=said
    )


def segments_title(printed: PrintedSegments) -> Line:
    """Which segment moved the KPI furthest in the direction it went."""
    whole = printed.whole
    along = [segment for segment in printed.named if segment.units * whole.change > 0]
    values: dict[str, str | Text] = {"kpi": whole.kpi, "dimension": printed.label}
    if not along:
        return whole.words.phrase("own_title", **values)
    direction = "rose" if whole.change > 0 else "fell"
    key = f"own_title_{direction if is_in_time(whole.bridge.comparison) else 'differs'}"
    return whole.words.phrase(key, segment=max(along, key=lambda segment: abs(segment.change)).name, **values)


def segments_note(printed: PrintedSegments) -> str:
    """Where the mix is when segments come first."""
    whole = printed.whole
    return whole.words.text("own_note", kpi=whole.kpi_inside, dimension=printed.label)


def segments_comment(printed: PrintedSegments) -> tuple[Line, ...]:
    """A line for each of the main segments: its own change, and the step that most of it came by."""
    return tuple(_line(printed, segment) for segment in printed.named[:MOST_LINES] if segment.units)


def _line(printed: PrintedSegments, segment: OwnChange) -> Line:
    whole = printed.whole
    values: dict[str, str | Text] = {
        "segment": Text(segment.name, "strong"),
        "base": segment.from_text,
        "current": segment.to_text,
        "change": toned(whole.numbers.change(segment.units), tone(segment.units, whole.polarity)),
    }
    if segment.base is None:
        return whole.words.phrase("own_line_alone", **values)
    key = ("rose" if segment.change > 0 else "fell") if is_in_time(whole.bridge.comparison) else "differs"
    line = whole.words.phrase(f"own_line_{key}", **values)
    if not segment.step:
        return whole.words.phrase("sentence", clause=line)
    label = inside(whole.step(segment.step).label, whole.locale)
    return whole.words.phrase("own_line_by", clause=line, step=Text(label))


def inside_segment(whole: PrintedBridge, dimension: str, segment: str) -> PrintedBridge:
    """One segment's own bridge: its base, its steps, its current; undefined steps are merged as in any bridge.

    Raises DataError for a segment that is not there, UnknownColumn for an unknown dimension.
    """
    return print_bridge(segment_bridge(whole.bridge, dimension, segment), whole.locale, whole.labels, whole.words)


def segment_bridge(bridge: Bridge, dimension: str, segment: str) -> Bridge:
    """The bridge of one segment, from the sums that are there."""
    sums = bridge.sums.dimensions[dimension]
    if segment not in sums.names:
        raise DataError(f"There is no '{segment}' in {dimension} in either period. Choose another segment.")
    place = sums.names.index(segment)
    # A side without rows is 0 here, not missing: a segment may be new or gone.
    rows = np.maximum(sums.rows[:, place], 1.0)
    metrics = bridge.sums.metrics
    filled = np.repeat(rows[:, None], len(metrics), axis=1)
    own = Sums(metrics, sums.values[:, place, :], filled, rows, bridge.sums.days, distinct=bridge.sums.distinct)
    return build_bridge(
        bridge.equation,
        own,
        comparison=bridge.comparison,
        method=bridge.method,
        per_day=any(not leaf.members for leaf in bridge.plan.leaves),
    )


def inside_title(inner: PrintedBridge, segment: str) -> Line:
    """The segment, and what happened to its KPI."""
    return inner.words.phrase("own_headline", segment=segment, headline=printed_headline(inner))
