"""An equation as the rows of a table that people edit, and back. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypedDict

from pydantic import ValidationError

from core.errors import EquationError
from core.model.analysis import EquationSpec, StepSpec
from core.ui.bridge_units import without_unit

Choice = Literal["focus", "exclude", "back"]
NO_UNITS: Mapping[str, str] = {}


class StepRow(TypedDict):
    """One row of the editor. Empty cells are None or ""."""

    formula: str
    name: str
    unit: str
    decimals: int | None
    threshold_pct: float | None
    focus: str
    exclude: list[str]
    good: str


def quoted(column: str) -> str:
    """A column as a formula names it: in double quotes where blanks, operators or quotes would confuse."""
    is_plain = column.replace("_", "").isalnum() and not column[0].isdigit()
    return column if is_plain else '"' + column.replace('"', '""') + '"'


def rows_of(equation: EquationSpec) -> list[StepRow]:
    """The rows of the editor for an equation."""
    return [
        StepRow(
            formula=step.formula,
            name=step.name or "",
            unit=step.unit,
            decimals=step.decimals,
            threshold_pct=step.threshold_pct,
            focus=step.focus or "",
            exclude=list(step.exclude),
            good=step.good or "",
        )
        for step in equation.steps
    ]


def equation_of(rows: Iterable[Mapping[str, object]], total: Mapping[str, object]) -> EquationSpec:
    """The equation that the rows stand for; rows without a formula are passed over.

    total: total, formula, unit, decimals, good and total_threshold_pct of the equation.
    Raises EquationError with the row it belongs to.
    """
    steps = tuple(_step(number, row) for number, row in enumerate(rows, start=1) if _text(row, "formula"))
    if not steps:
        raise EquationError("The equation has no step yet. Write a column or 'a / b' into the first row.")
    return EquationSpec(
        steps=steps,
        total=_text(total, "total") or None,
        formula=_text(total, "formula") or None,
        unit=_text(total, "unit"),
        decimals=_whole(total.get("decimals")),
        good="down" if total.get("good") == "down" else "up",
        total_threshold_pct=_number(total.get("total_threshold_pct")),
    )


def with_choice(equation: EquationSpec, members: Sequence[int], dimension: str, choice: Choice) -> EquationSpec:
    """The equation whose steps at these places always open with a dimension, leave it out, or do neither."""
    steps = [
        _chosen(step, dimension, choice) if place in members else step for place, step in enumerate(equation.steps)
    ]
    return equation.model_copy(update={"steps": tuple(steps)})


def _chosen(step: StepSpec, dimension: str, choice: Choice) -> StepSpec:
    focus = None if step.focus == dimension else step.focus
    rest = tuple(name for name in step.exclude if name != dimension)
    return step.model_copy(
        update={
            "focus": dimension if choice == "focus" else focus,
            "exclude": (*rest, dimension) if choice == "exclude" else rest,
        }
    )


def chain_of_ratios(metrics: Sequence[str], units: Mapping[str, str] = NO_UNITS) -> EquationSpec:
    """visits, orders, revenue become visits x orders / visits x revenue / orders; the total is the last metric.

    units: of metrics by name, those they have.
    """
    first, *later = metrics
    pairs = zip(later, metrics, strict=False)
    return EquationSpec(
        steps=(_metric_step(units, first), *(_metric_step(units, top, below) for top, below in pairs)),
        total=_label(metrics[-1]),
        unit=units.get(metrics[-1], ""),
    )


def sum_of(metrics: Sequence[str], units: Mapping[str, str] = NO_UNITS) -> EquationSpec:
    """The metrics added up; in their unit, where they have the same."""
    steps = tuple(_metric_step(units, metric) for metric in metrics)
    formula = " + ".join(f"[{number}]" for number in range(1, len(steps) + 1)) if len(steps) > 1 else None
    named = "Total" if len(steps) > 1 else _label(metrics[0])
    kinds = {units.get(metric, "") for metric in metrics}
    return EquationSpec(steps=steps, formula=formula, total=named, unit=kinds.pop() if len(kinds) == 1 else "")


def _metric_step(units: Mapping[str, str], *metrics: str) -> StepSpec:
    """A metric or a ratio; where quotes are needed in the formula, the name does without them.

    A ratio has its numerator's unit over a count, and none where both are money.
    """
    formula, plain = " / ".join(map(quoted, metrics)), " / ".join(metrics)
    top, *below = (units.get(metric, "") for metric in metrics)
    unit = "" if any(below) else top
    return StepSpec(formula=formula, name=plain if plain != formula else None, unit=unit)


def _step(number: int, row: Mapping[str, object]) -> StepSpec:
    exclude = row.get("exclude")
    good = _text(row, "good")
    try:
        return StepSpec(
            formula=_text(row, "formula"),
            name=_text(row, "name") or None,
            unit=_text(row, "unit"),
            decimals=_whole(row.get("decimals")),
            threshold_pct=_number(row.get("threshold_pct")),
            focus=_text(row, "focus") or None,
            exclude=tuple(str(item) for item in exclude) if isinstance(exclude, Iterable) else (),
            good="up" if good == "up" else "down" if good == "down" else None,
        )
    except ValidationError as error:
        first = error.errors()[0]
        sentence = first["msg"].removeprefix("Value error, ")
        raise EquationError(f"Step {number}, {first['loc'][0]}: {sentence}.") from None


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else round(number)


def _label(column: str) -> str:
    bare = without_unit(column)
    return bare[:1].upper() + bare[1:].replace("_", " ")
