"""The KPI and its parts in terms of metrics, so that what cancels is never divided by (docs/formulas.md, F3.3).

`orders / visits * visits` is `orders`, also where nobody visited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.engine.formula import Node, Number, Ref
from core.errors import EquationError
from core.model.sums import FloatArray

DAYS = "\0days"
MOST_TERMS = 2000
Monomial = tuple[tuple[str, int], ...]
Terms = Mapping[Monomial, float]
_ONE: Terms = {(): 1.0}


@dataclass(frozen=True)
class Columns:
    """Sums of metrics by name: values of shape (2, s, metrics), s segments (1 for the total); days of each side."""

    metrics: tuple[str, ...]
    values: FloatArray
    days: tuple[int, int] | None = None

    def __getitem__(self, metric: str) -> FloatArray:
        """Shape (2, s)."""
        if metric == DAYS and self.days is not None:
            return np.broadcast_to(np.array(self.days, dtype=np.float64)[:, None], self.values.shape[:2])
        return self.values[:, :, self.metrics.index(metric)]


@dataclass(frozen=True)
class Quotient:
    """Sum of terms over sum of terms; a term is a coefficient times metrics with whole exponents."""

    top: Terms
    bottom: Terms = field(default_factory=lambda: _ONE)

    def value(self, columns: Columns) -> FloatArray:
        """Shape (2, s); NaN where it is undefined."""
        top = _sum(self.top, columns)
        return top if self.bottom == _ONE else _ratio(top, _sum(self.bottom, columns))

    def size(self, columns: Columns) -> FloatArray:
        """Shape (2, s): as `value` with the magnitudes of the terms, to judge what rounding may do."""
        top = _sum(self.top, columns, magnitude=True)
        return top if self.bottom == _ONE else np.abs(_ratio(top, _sum(self.bottom, columns)))

    def slope(self, metric: str, columns: Columns) -> FloatArray:
        """Shape (2, s): change of the value per unit of one metric; NaN where it is undefined."""
        top = _sum(_derived(self.top, metric), columns)
        if self.bottom == _ONE:
            return top
        changed = top - self.value(columns) * _sum(_derived(self.bottom, metric), columns)
        return _ratio(changed, _sum(self.bottom, columns))

    @property
    def metrics(self) -> tuple[str, ...]:
        """What it is made of, sorted; the days of a side are no metric."""
        return tuple(sorted({m for terms in (self.top, self.bottom) for one in terms for m, _ in one if m != DAYS}))

    @property
    def is_linear(self) -> bool:
        """Whether it adds up over segments: a sum of metrics, perhaps per day."""
        return self.bottom == _ONE and all(_is_metric(monomial) for monomial in self.top)

    @property
    def ratio(self) -> tuple[str, str] | None:
        """(numerator, denominator) if it is one metric over another."""
        if self.bottom != _ONE or list(self.top.values()) != [1.0]:
            return None
        (monomial,) = self.top
        up = [metric for metric, power in monomial if power == 1]
        down = [metric for metric, power in monomial if power == -1]
        return (up[0], down[0]) if len(up) == len(down) == 1 and len(monomial) == 2 else None


def step_terms(numerators: tuple[str, ...], denominators: tuple[str, ...] = ()) -> Quotient:
    """Product of metrics over product of metrics, cancelled."""
    powers: dict[str, int] = {}
    for metric in numerators:
        powers[metric] = powers.get(metric, 0) + 1
    for metric in denominators:
        powers[metric] = powers.get(metric, 0) - 1
    return Quotient({_monomial(powers): 1.0})


def product(parts: tuple[Quotient, ...]) -> Quotient:
    """The product, cancelled."""
    whole = Quotient(_ONE)
    for part in parts:
        whole = Quotient(_times(whole.top, part.top), _times(whole.bottom, part.bottom))
    return whole


def expand(node: Node, steps: tuple[Quotient, ...]) -> Quotient:
    """The formula with its steps written out in metrics. Raises EquationError when that grows beyond bounds."""
    if isinstance(node, Number):
        return Quotient({(): node.value})
    if isinstance(node, Ref):
        return steps[node.index]
    left, right = expand(node.left, steps), expand(node.right, steps)
    if node.operator == "*":
        return Quotient(_times(left.top, right.top), _times(left.bottom, right.bottom))
    if node.operator == "/":
        return Quotient(_times(left.top, right.bottom), _times(left.bottom, right.top))
    sign = 1.0 if node.operator == "+" else -1.0
    if left.bottom == right.bottom:
        return Quotient(_plus(left.top, right.top, sign), left.bottom)
    top = _plus(_times(left.top, right.bottom), _times(right.top, left.bottom), sign)
    return Quotient(top, _times(left.bottom, right.bottom))


def _is_metric(monomial: Monomial) -> bool:
    powers = {metric: power for metric, power in monomial if metric != DAYS}
    return list(powers.values()) == [1]


def _monomial(powers: Mapping[str, int]) -> Monomial:
    return tuple(sorted((metric, power) for metric, power in powers.items() if power))


def _times(left: Terms, right: Terms) -> Terms:
    if len(left) * len(right) > MOST_TERMS:
        raise EquationError(
            f"The formula grows to more than {MOST_TERMS} terms when its parentheses are multiplied out. "
            "Use fewer sums inside products.",
            field="equation.formula",
        )
    terms: dict[Monomial, float] = {}
    for one, factor in left.items():
        for other, coefficient in right.items():
            powers = dict(one)
            for metric, power in other:
                powers[metric] = powers.get(metric, 0) + power
            monomial = _monomial(powers)
            terms[monomial] = terms.get(monomial, 0.0) + factor * coefficient
    return {monomial: coefficient for monomial, coefficient in terms.items() if coefficient}


def _plus(left: Terms, right: Terms, sign: float) -> Terms:
    terms = dict(left)
    for monomial, coefficient in right.items():
        terms[monomial] = terms.get(monomial, 0.0) + sign * coefficient
    return {monomial: coefficient for monomial, coefficient in terms.items() if coefficient}


def _derived(terms: Terms, metric: str) -> Terms:
    """The terms' derivative by one metric."""
    derived: dict[Monomial, float] = {}
    for monomial, coefficient in terms.items():
        powers = dict(monomial)
        if power := powers.get(metric, 0):
            lowered = _monomial({**powers, metric: power - 1})
            derived[lowered] = derived.get(lowered, 0.0) + coefficient * power
    return derived


def _sum(terms: Terms, columns: Columns, *, magnitude: bool = False) -> FloatArray:
    whole = np.zeros(columns.values.shape[:2])
    with np.errstate(over="ignore", invalid="ignore"):
        for monomial, coefficient in terms.items():
            term = coefficient * _value(monomial, columns)
            whole = whole + (np.abs(term) if magnitude else term)
    return whole


def _value(monomial: Monomial, columns: Columns) -> FloatArray:
    shape = columns.values.shape[:2]
    top, bottom = np.ones(shape), np.ones(shape)
    for metric, power in monomial:
        if power > 0:
            top = top * columns[metric] ** power
        else:
            bottom = bottom * columns[metric] ** -power
    return _ratio(top, bottom)


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(bottom == 0, np.nan, top / bottom)
