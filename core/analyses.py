"""From a specification and a data version to a `Bridge`: the one way for page, report, API and notebook."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from core.engine.bridge import Bridge, build_bridge
from core.engine.equation import Equation, parse
from core.engine.periods import resolve
from core.errors import DataError, EquationError, UnknownColumn
from core.model.analysis import AnalysisSpec, ComparisonSpec, EquationSpec
from core.model.comparison import Comparison
from core.model.data import DATE_TYPES
from core.warehouse import Version, Warehouse


def compute(
    warehouse: Warehouse,
    spec: AnalysisSpec,
    version: Version,
    *,
    dimensions: Iterable[str] | None = None,
    cancel: threading.Event | None = None,
) -> Bridge:
    """The bridge of `spec` on `version`.

    dimensions: those to load for details and ranking; default: those of the specification, else every dimension.
    Raises EquationError, UnknownColumn, EmptyComparison and other DataErrors with a sentence for the reader;
        Cancelled when `cancel` was set.
    """
    equation = equation_for(spec.equation, version)
    comparison = comparison_for(spec.comparison, version)
    wanted = tuple(dimensions) if dimensions is not None else dimensions_for(spec, version)
    check_filters(spec, version)
    sums = warehouse.sums(version, comparison, equation.metrics, wanted, spec.where, cancel=cancel)
    moments = warehouse.moments(version, comparison, _pairs(equation), wanted, spec.where, cancel=cancel)
    return build_bridge(
        equation,
        sums,
        comparison=comparison,
        method=spec.method,
        per_day=spec.per_day,
        moments=moments,
        other_below_pct=spec.other_below_pct,
        max_segments=spec.max_segments,
    )


def equation_for(equation: EquationSpec, version: Version) -> Equation:
    """The equation, parsed and checked against the columns of `version`."""
    parsed = parse(equation, [c.name for c in version.columns], summable=[c.name for c in version.metrics])
    for position, step in enumerate(equation.steps):
        for dimension in (*step.exclude, *((step.focus,) if step.focus else ())):
            if dimension not in version.dimensions:
                raise _unknown_dimension(dimension, version, field=f"equation.steps.{position}.focus")
    return parsed


def comparison_for(comparison: ComparisonSpec, version: Version) -> Comparison:
    """The comparison with its periods resolved against the newest day of `version`."""
    column = version.column(comparison.by)
    return resolve(
        comparison,
        newest=version.newest,
        newest_is_full=version.newest_is_full,
        calendar=version.calendar,
        is_date_column=column.type in DATE_TYPES,
    )


def dimensions_for(spec: AnalysisSpec, version: Version) -> tuple[str, ...]:
    """The dimensions that may explain a step: those named, else all but the compared column and pinned ones."""
    if spec.dimensions is None:
        return tuple(d for d in version.dimensions if d != spec.comparison.by)
    for dimension in spec.dimensions:
        if dimension not in version.dimensions:
            raise _unknown_dimension(dimension, version, field="dimensions")
    return tuple(d for d in spec.dimensions if d != spec.comparison.by)


def check_filters(spec: AnalysisSpec, version: Version) -> None:
    """Raises UnknownColumn for a filter on a column that is not there."""
    names = [c.name for c in version.columns]
    for column in spec.where:
        if column not in names:
            raise UnknownColumn.named(column, version.dataset, names, field=f"where.{column}")


def _pairs(equation: Equation) -> tuple[tuple[str, str], ...]:
    """The products of metrics that the noise of every step needs, each once."""
    pairs: dict[tuple[str, str], None] = {}
    for step in equation.steps:
        pairs[step.numerator, step.numerator] = None
        if step.denominator is not None:
            pairs[step.numerator, step.denominator] = None
            pairs[step.denominator, step.denominator] = None
    return tuple(pairs)


def _unknown_dimension(name: str, version: Version, *, field: str) -> DataError:
    if any(c.name == name for c in version.columns):
        return EquationError(
            f"Column '{name}' of '{version.dataset}' is no dimension. Give it that role on the Data page, "
            f"or choose one of: {', '.join(version.dimensions)}.",
            field=field,
        )
    return UnknownColumn.named(name, version.dataset, version.dimensions, field=field)
