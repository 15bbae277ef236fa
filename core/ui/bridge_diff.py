"""What differs between two states of an analysis, one line a difference. Pure."""

from __future__ import annotations

from core.model.analysis import AnalysisSpec, ComparisonSpec, EquationSpec, SecondComparisonSpec
from core.report.reconcile import NAMES as METHODS
from core.ui.bridge_pairs import SHOWS
from core.ui.bridge_periods import comparison_label
from core.ui.text import DEPTHS

NAMES = {
    "name": "Name",
    "description": "Description",
    "dataset": "Dataset",
    "dimensions": "Dimensions",
    "where": "Filters",
    "method": "Method",
    "per_day": "Days as a step",
    "other_below_pct": "Smallest bar %",
    "max_segments": "Bars before the rest",
    "comment_depth": "Comment",
}
WORDS: dict[str, dict[str, str]] = {"method": dict(METHODS.items()), "comment_depth": dict(DEPTHS.items())}
"""What inputs call the values of a field, where that is not how they are kept."""
STEP_NAMES = {
    "formula": "formula",
    "name": "name",
    "unit": "unit",
    "decimals": "decimals",
    "threshold_pct": "threshold %",
    "focus": "focus",
    "exclude": "left out",
    "good": "good direction",
}


def differences(before: AnalysisSpec, after: AnalysisSpec) -> list[str]:
    """Lines such as "Filters: none → country: FR"; a change of steps names the step."""
    lines = [
        f"{label}: {_said(name, getattr(before, name))} → {_said(name, getattr(after, name))}"
        for name, label in NAMES.items()
        if getattr(before, name) != getattr(after, name)
    ]
    if before.comparison != after.comparison:
        lines.append(f"Comparison: {_comparison(before.comparison)} → {_comparison(after.comparison)}")
    if before.second != after.second:
        lines.append(f"Second comparison: {_second(before.second)} → {_second(after.second)}")
    return [*lines, *_equation(before.equation, after.equation)]


def _said(name: str, value: object) -> str:
    """A field's value as its input calls it."""
    if name == "dimensions" and value is None:
        return "all"
    return WORDS.get(name, {}).get(str(value)) or _text(value)


def _equation(before: EquationSpec, after: EquationSpec) -> list[str]:
    lines = []
    for name, label in (
        ("total", "KPI's name"),
        ("formula", "Formula"),
        ("unit", "Unit"),
        ("decimals", "Decimals"),
        ("good", "Good is"),
        ("total_threshold_pct", "Threshold %"),
    ):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            lines.append(f"{label}: {_text(old)} → {_text(new)}")
    return [*lines, *_steps(before, after)]


def _steps(before: EquationSpec, after: EquationSpec) -> list[str]:
    if [s.formula for s in before.steps] != [s.formula for s in after.steps]:
        return [f"Steps: {_formulas(before)} → {_formulas(after)}"]
    return [
        f"{new.formula}, {label}: {_text(getattr(old, name))} → {_text(getattr(new, name))}"
        for old, new in zip(before.steps, after.steps, strict=True)
        for name, label in STEP_NAMES.items()
        if getattr(old, name) != getattr(new, name)
    ]


def _formulas(equation: EquationSpec) -> str:
    return ", ".join(step.formula for step in equation.steps)


def _comparison(comparison: ComparisonSpec) -> str:
    plans = f" ({_text(comparison.metrics)})" if comparison.metrics else ""
    if comparison.relative:
        return comparison_label(comparison) + plans
    sides = [" to ".join(map(str, side)) for side in (comparison.base, comparison.current) if side]
    name = "plan with actual, " if plans else ""
    return f"{name}{comparison.by} {' against '.join(sides)}{plans}"


def _second(second: SecondComparisonSpec | None) -> str:
    if second is None:
        return "none"
    name = "the one before the first" if second.comparison is None else _comparison(second.comparison)
    return f"{name}, {SHOWS[second.show].lower()}"


def _text(value: object) -> str:
    """A value as a line shows it; nothing chosen is "none"."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(part)}" for name, part in value.items()) or "none"
    if isinstance(value, tuple | list):
        return ", ".join("(not set)" if part is None else str(part) for part in value) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None or value == "" else str(value)
