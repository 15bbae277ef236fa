"""Drawings put together: one beneath the other, and the legend under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.report.shapes import Drawing, Entry, Label, Swatch
from core.report.theme import SMALL_SIZE
from core.report.widths import text_width, wrapped

BETWEEN, LINE, SWATCH, AFTER = 20.0, 18.0, 11.0, 40.0


def stacked(drawings: Sequence[Drawing]) -> Drawing:
    """The drawings from top to bottom."""
    whole, *others = drawings
    for drawing in others:
        moved = _lowered(drawing, whole.height + BETWEEN)
        whole = replace(
            moved,
            rects=whole.rects + moved.rects,
            rules=whole.rules + moved.rules,
            labels=whole.labels + moved.labels,
        )
    return whole


def _lowered(drawing: Drawing, by: float) -> Drawing:
    return replace(
        drawing,
        height=drawing.height + by,
        rects=tuple(replace(rect, y=rect.y + by, y2=rect.y2 + by) for rect in drawing.rects),
        rules=tuple(replace(rule, y=rule.y + by, y2=rule.y2 + by) for rule in drawing.rules),
        labels=tuple(replace(label, y=label.y + by) for label in drawing.labels),
    )


def with_legend(drawing: Drawing, legend: Sequence[Entry]) -> Drawing:
    """The drawing with the legend's lines under it; entries that fit stand in one line, remarks below swatches."""
    labels: list[Label] = []
    swatches: list[Swatch] = []
    x, y = 0.0, drawing.height + LINE / 2 + 2
    for position, entry in enumerate(legend):
        begins_remarks = position > 0 and entry.swatch == "none" != legend[position - 1].swatch
        indent = SWATCH + 6 if entry.swatch != "none" else 0.0
        if x and (begins_remarks or x + indent + text_width(entry.label, SMALL_SIZE) > drawing.width):
            x, y = 0.0, y + LINE
        if entry.swatch != "none":
            swatches.append(Swatch(x, x + SWATCH, y - SWATCH / 2, y + SWATCH / 2, entry.swatch == "light"))
        for number, line in enumerate(wrapped(entry.label, SMALL_SIZE, drawing.width - indent)):
            y += LINE if number else 0.0
            labels.append(Label(x + indent, y, line, "muted", SMALL_SIZE, "left"))
        x += indent + text_width(entry.label, SMALL_SIZE) + AFTER
    if not legend:
        return drawing
    return replace(drawing, height=y + LINE / 2, labels=drawing.labels + tuple(labels), swatches=tuple(swatches))
