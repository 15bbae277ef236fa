"""The funnel, the compared dimensions, the tree and the found segments as rows of full numbers, for files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.engine.bridge import Bridge
from core.engine.segments import Found
from core.report.printed import PrintedBridge, print_bridge
from core.report.printed_dimensions import compared
from core.report.printed_funnel import Level, Part, levels
from core.report.printed_tree import Branch, tree_of, walk

Rows = tuple[list[str], list[tuple[Any, ...]]]
PLAIN = "en"


def view_rows(bridge: Bridge, view: str, found: Found | None = None) -> Rows | None:
    """Columns and rows of a view; None for one that has no table of its own."""
    if view == "segments":
        return (found.frame.columns, list(found.frame.iter_rows())) if found else None
    rows = ROWS.get(view)
    return rows(print_bridge(bridge, PLAIN)) if rows else None


def _funnel(printed: PrintedBridge) -> Rows:
    """A row a step and the KPI; numerator and denominator with their own values where there are any."""
    sides = [f"{part}{side}" for part in ("numerator", "denominator") for side in ("", "_base", "_current")]
    head = ["step", "base", "current", "change", "change_pct", "contribution", *sides]
    return head, [_level(printed, row) for row in levels(printed)]


def _level(printed: PrintedBridge, row: Level) -> tuple[Any, ...]:
    name = printed.bridge.equation.total if row.is_total else row.key
    parts = [value for part in row.parts for value in _part(part)] or [None] * 6
    return (name, row.base, row.current, row.rise, row.change, row.effect, *parts)


def _part(part: Part) -> tuple[Any, ...]:
    return part.label, part.base, part.current


def _dimensions(printed: PrintedBridge) -> Rows:
    """A row a step and dimension, effects in KPI units; a volume has no mix."""
    head = [
        "step",
        "dimension",
        "segments",
        "lowest_segment",
        "lowest",
        "highest_segment",
        "highest",
        "mix",
        "interest",
    ]
    rows = [
        (
            group.step.name,
            spread.dimension,
            spread.segments,
            spread.lowest.name,
            spread.effect(spread.lowest),
            spread.highest.name,
            spread.effect(spread.highest),
            spread.mix_effect if spread.has_mix else None,
            spread.interest,
        )
        for group in compared(printed, most=len(printed.steps) * max(1, len(printed.bridge.dimensions)))
        for spread in group.spreads
    ]
    return head, rows


def _tree(printed: PrintedBridge) -> Rows:
    """A row a node, in the order of the tree; depth 0 is the KPI."""
    head = ["depth", "part", "step", "segment", "base", "current", "change_pct", "contribution"]
    return head, [_branch(depth, branch) for depth, branch in walk(tree_of(printed))]


def _branch(depth: int, branch: Branch) -> tuple[Any, ...]:
    places = (depth, branch.label, branch.step or None, branch.segment or None)
    return (*places, branch.base, branch.current, branch.change_pct, branch.effect)


ROWS: dict[str, Callable[[PrintedBridge], Rows]] = {"funnel": _funnel, "dimensions": _dimensions, "tree": _tree}
