"""The KPI's equation: steps and formula, read and checked against the columns of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from core.engine.formula import Node, is_product_of_all, is_read_once, parse_formula
from core.errors import EquationError, UnknownColumn
from core.model.analysis import Direction, EquationSpec, StepSpec

TOTAL = "total"
MOST_ENTANGLED_STEPS = 12


@dataclass(frozen=True)
class Step:
    """One step: a metric, or `numerator / denominator`."""

    name: str
    formula: str
    numerator: str
    denominator: str | None = None
    unit: str = ""
    decimals: int | None = None
    threshold_pct: float | None = None
    focus: str | None = None
    exclude: tuple[str, ...] = ()
    good: Direction | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Columns it needs."""
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)


@dataclass(frozen=True)
class Equation:
    """KPI = product of the steps (`formula` None), or a formula over them. `total` is its label."""

    total: str
    steps: tuple[Step, ...]
    formula: Node | None = None
    unit: str = ""
    decimals: int | None = None
    good: Direction = "up"
    total_threshold_pct: float | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Columns needed, in order of first use."""
        return tuple(dict.fromkeys(metric for step in self.steps for metric in step.metrics))

    @property
    def is_rate(self) -> bool:
        """Whether changes of the KPI are points rather than amounts."""
        return self.unit == "%"

    @property
    def is_product(self) -> bool:
        """Whether the KPI is the product of its steps."""
        return self.formula is None


def parse(
    spec: EquationSpec, columns: Iterable[str], *, summable: Iterable[str], dataset: str = "this dataset"
) -> Equation:
    """The equation, checked against `columns`; `summable` are those that may be added up or counted.

    Raises UnknownColumn for a column that is not there, EquationError for everything else; both name their field.
    """
    known, metrics = list(columns), list(summable)
    steps = tuple(
        _step(step, f"equation.steps.{position}", known, metrics, dataset) for position, step in enumerate(spec.steps)
    )
    _check_names(steps)
    formula = _formula(spec.formula, steps)
    return Equation(
        total=spec.total or _label(steps, spec.formula if formula is not None else None),
        steps=steps,
        formula=formula,
        unit=spec.unit,
        decimals=spec.decimals,
        good=spec.good,
        total_threshold_pct=spec.total_threshold_pct,
    )


def _formula(text: str | None, steps: tuple[Step, ...]) -> Node | None:
    if text is None or not text.strip():
        return None
    node = parse_formula(text, len(steps))
    if is_product_of_all(node, len(steps)):
        return None
    if len(steps) > MOST_ENTANGLED_STEPS and not is_read_once(node):
        raise EquationError(
            f"The formula uses a step twice or divides by one; that works with up to {MOST_ENTANGLED_STEPS} steps, "
            f"and there are {len(steps)}. Use fewer steps, or write each step once and divide inside the steps.",
            field="equation.formula",
        )
    return node


def _step(spec: StepSpec, field: str, columns: list[str], metrics: list[str], dataset: str) -> Step:
    numerator, denominator = _split(spec.formula, f"{field}.formula", columns, dataset)
    for column in (numerator, denominator):
        if column is not None and column not in metrics:
            raise _no_metric(column, spec.formula, f"{field}.formula", metrics)
    if numerator == denominator:
        raise EquationError(
            f"Step '{spec.formula}' divides '{numerator}' by itself. Choose another numerator or denominator.",
            field=f"{field}.formula",
            position=0,
        )
    return Step(
        name=spec.name or spec.formula,
        formula=spec.formula,
        numerator=numerator,
        denominator=denominator,
        unit=spec.unit,
        decimals=spec.decimals,
        threshold_pct=spec.threshold_pct,
        focus=spec.focus,
        exclude=spec.exclude,
        good=spec.good,
    )


def _split(text: str, field: str, columns: list[str], dataset: str) -> tuple[str, str | None]:
    """Numerator and denominator of a step's text; a text that is a column's whole name is that column."""
    if not text:
        raise EquationError(
            "A step is empty. Write a metric, such as visits, or two, such as orders / visits.", field=field, position=0
        )
    if text in columns:
        return text, None
    sides = list(_readings(text))
    for left, right in sides:
        if left in columns and (right is None or right in columns):
            return left, right
    raise _unreadable(text, sides, field, columns, dataset)


def _readings(text: str) -> Iterator[tuple[str, str | None]]:
    """All ways to cut the text at a slash outside double quotes, those with blanks around it first."""
    cuts = _slashes(text)
    spaced = [cut for cut in cuts if text[cut - 1 : cut + 2] == " / "]
    for cut in [*spaced, *(cut for cut in cuts if cut not in spaced)]:
        yield _unquoted(text[:cut].strip()), _unquoted(text[cut + 1 :].strip())
    if _unquoted(text) != text:
        yield _unquoted(text), None


def _slashes(text: str) -> list[int]:
    quoted, cuts = False, []
    for position, mark in enumerate(text):
        if mark == '"':
            quoted = not quoted
        elif mark == "/" and not quoted:
            cuts.append(position)
    return cuts


def _unquoted(name: str) -> str:
    """A name without its double quotes; inside them a doubled quote is one quote."""
    if len(name) >= 2 and name[0] == name[-1] == '"' and '"' not in name[1:-1].replace('""', ""):
        return name[1:-1].replace('""', '"')
    return name


def _unreadable(
    text: str, sides: list[tuple[str, str | None]], field: str, columns: list[str], dataset: str
) -> EquationError | UnknownColumn:
    """The error that points at the wrong part of a step's text."""
    if text.count('"') % 2:
        return EquationError(
            f"Step '{text}' has a double quote that is never closed.", field=field, position=text.rindex('"')
        )
    if not sides:
        return UnknownColumn.named(_unquoted(text), dataset, columns, field=field)
    left, right = next((s for s in sides if s[0] in columns or s[1] in columns), sides[0])
    for name, position in ((left, 0), (right, len(text))):
        if name == "":
            return EquationError(
                f"Step '{text}' lacks a column on one side of '/'. Write numerator / denominator.",
                field=field,
                position=position,
            )
    if left in columns and right is not None and len(sides) > 1 and "/" in right:
        return EquationError(
            f"Step '{text}' has more than one '/'. A step is one metric or one ratio; make each ratio a step.",
            field=field,
            position=text.rindex("/"),
        )
    wrong = left if left not in columns else right
    return UnknownColumn.named(str(wrong), dataset, columns, field=field)


def _no_metric(column: str, text: str, field: str, metrics: list[str]) -> EquationError:
    choice = f"choose one of: {', '.join(metrics[:30])}" if metrics else "there is none yet"
    return EquationError(
        f"Column '{column}' is no metric, so it cannot be added up. "
        f"Give it the role metric on the Data page, or {choice}.",
        field=field,
        position=max(text.find(column), 0),
    )


def _check_names(steps: tuple[Step, ...]) -> None:
    """Raises EquationError for a name that is taken twice or kept for the KPI."""
    seen: set[str] = set()
    for position, step in enumerate(steps):
        field = f"equation.steps.{position}.name"
        if step.name == TOTAL:
            raise EquationError(
                "A step cannot be called 'total', which is the KPI itself. Give the step another name.", field=field
            )
        if step.name in seen:
            raise EquationError(f"Two steps are called '{step.name}'. Give one of them another name.", field=field)
        seen.add(step.name)


def _label(steps: tuple[Step, ...], formula: str | None) -> str:
    """The KPI's default name: the formula with the steps' names, or what the product comes to."""
    if formula is not None:
        label = formula.strip()
        for position in range(len(steps), 0, -1):
            label = label.replace(f"[{position}]", steps[position - 1].name)
        return label
    first, last = steps[0], steps[-1]
    telescopes = all(step.denominator == before.numerator for before, step in pairwise(steps))
    if first.denominator is not None and telescopes:
        return f"{last.numerator} / {first.denominator}"
    return last.numerator
