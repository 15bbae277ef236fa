"""From a comparison in a specification to its two sides on a data version, and to the sums of both."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from core.engine.equation import Equation
from core.engine.pair import compared_columns, compared_moments, counterparts, joint
from core.engine.periods import before, resolve
from core.errors import DataError, EmptyComparison
from core.model.analysis import AnalysisSpec, ComparisonSpec, Condition
from core.model.comparison import Comparison
from core.model.data import DATE_TYPES
from core.model.sums import BASE, CURRENT, Moments, Sums
from core.warehouse import Version, Warehouse
from core.warehouse.sql import conditions

Products = tuple[tuple[str, str], ...]


def comparison_for(comparison: ComparisonSpec, version: Version) -> Comparison:
    """The comparison with its periods resolved against the newest day of `version`.

    Raises UnknownColumn and DataError, naming the field.
    """
    column = version.column(comparison.by, field="comparison.by")
    metrics = [metric.name for metric in version.metrics]
    for actual, plan in (comparison.metrics or {}).items():
        for name in (actual, plan):
            version.column(name, field=f"comparison.metrics.{actual}")
            if name not in metrics:
                raise DataError(
                    f"Column '{name}' of '{version.dataset}' is no metric, so it cannot be compared. Give it that role "
                    f"on the Data page, or choose one of: {', '.join(metrics)}.",
                    field=f"comparison.metrics.{actual}",
                )
    return resolve(
        comparison,
        newest=version.newest,
        newest_is_full=version.newest_is_full,
        calendar=version.calendar,
        is_date_column=column.type in DATE_TYPES,
    )


def second_for(spec: AnalysisSpec, version: Version) -> Comparison | None:
    """The second comparison, None where there is none; one that is not named is the one before the first.

    Raises DataError, naming the field, for groups without a second one, for one that says the same as the first, and
        for a merged chart of two comparisons that do not meet.
    """
    if spec.second is None:
        return None
    first = comparison_for(spec.comparison, version)
    with of_second():
        wanted = spec.second.comparison
        second = comparison_for(wanted, version) if wanted else before(spec.comparison, first)
        if second == first:
            raise DataError("The second comparison is the same as the first. Choose another.", field="comparison")
    if spec.second.show == "merged" and joint(first, second) is None:
        raise DataError(
            "The two comparisons cannot be merged into one chart: neither begins where the other ends. "
            "Show the second one behind, beside or below the first.",
            field="second.show",
        )
    return second


def check_comparison(
    comparison: Comparison, equation: Equation, version: Version, where: Mapping[str, Condition]
) -> None:
    """Refuse a metric of the equation that is compared with no other, a filter or a side that its column cannot answer.

    Raises UnknownColumn and DataError, naming the field.
    """
    pairs = dict(comparison.metrics)
    missing = [metric for metric in equation.metrics if metric not in pairs] if pairs else []
    if missing:
        raise DataError(
            f"'{missing[0]}' has no plan to be compared with. Choose one under Compare (metrics in an address), or "
            "take it out of the equation; where both sides share it, compare it with itself.",
            field="comparison.metrics",
        )
    conditions.check(version, comparison, where)


@contextmanager
def of_second() -> Iterator[None]:
    """What is wrong with the comparison in here is wrong with the second one's field."""
    try:
        yield
    except DataError as error:
        if error.field is not None and error.field.partition(".")[0] == "comparison":
            error.field = f"second.{error.field}"
        raise


def read_sums(
    warehouse: Warehouse,
    version: Version,
    comparison: Comparison,
    equation: Equation,
    dimensions: Sequence[str],
    where: Mapping[str, Condition],
    cancel: threading.Event | None,
) -> Sums:
    """Sums of the equation's metrics on both sides; where columns are compared, base holds their plans.

    Raises EmptyComparison for columns that hold nothing over the rows compared.
    """
    metrics = equation.metrics
    if not comparison.metrics:
        return warehouse.sums(version, comparison, metrics, dimensions, where, cancel=cancel)
    wanted = tuple(dict.fromkeys((*metrics, *counterparts(comparison.metrics, metrics))))
    found = compared_columns(
        warehouse.sums(version, comparison, wanted, dimensions, where, cancel=cancel), comparison.metrics, metrics
    )
    for side, columns in ((BASE, counterparts(comparison.metrics, metrics)), (CURRENT, metrics)):
        if found.rows[side] and not found.filled[side].any():
            raise EmptyComparison(
                f"There is no value in {', '.join(dict.fromkeys(columns))} over the rows compared. "
                "Choose another period, or other columns.",
                field="comparison.metrics",
            )
    return found


def read_moments(
    warehouse: Warehouse,
    version: Version,
    comparison: Comparison,
    products: Products,
    dimensions: Sequence[str],
    where: Mapping[str, Condition],
    cancel: threading.Event | None,
) -> Moments | None:
    """Second moments of products of metrics; where columns are compared, each side's come from its own columns."""
    if not comparison.metrics:
        return warehouse.moments(version, comparison, products, dimensions, where, cancel=cancel)
    plans = [counterparts(comparison.metrics, product) for product in products]
    wanted = tuple(dict.fromkeys((*products, *((one, other) for one, other in plans))))
    found = warehouse.moments(version, comparison, wanted, dimensions, where, cancel=cancel)
    return None if found is None else compared_moments(found, comparison.metrics, products)
