"""What the chain is made of: the equation's steps, days in front where asked for, undefined steps merged.

Source: docs/formulas.md, F3.2 (days) and F3.3 (merging).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.engine.equation import Equation, Step
from core.engine.formula import Node, Number, Operation, Ref
from core.engine.terms import DAYS, Columns, Quotient, expand, product, step_terms
from core.model.sums import FloatArray

SIDES = ("base", "current")


@dataclass(frozen=True)
class Leaf:
    """One bar: a step, several merged ones, or the days. `members` are positions in the equation's steps."""

    name: str
    terms: Quotient
    members: tuple[int, ...] = ()
    note: str | None = None

    @property
    def is_volume(self) -> bool:
        """Whether it adds up over segments."""
        return self.terms.is_linear

    @property
    def is_splittable(self) -> bool:
        """Whether segments explain it: a volume or a ratio of two metrics."""
        return self.is_volume or (self.terms.ratio is not None and DAYS not in (self.terms.ratio or ()))


@dataclass(frozen=True)
class Plan:
    """Bars in order, the formula over them (None: product), and the KPI in terms of metrics."""

    leaves: tuple[Leaf, ...]
    node: Node | None
    kpi: Quotient

    def values(self, columns: Columns) -> FloatArray:
        """Shape (2, n, s); NaN where a bar is undefined."""
        return np.stack([leaf.terms.value(columns) for leaf in self.leaves], axis=1)


def plan(equation: Equation, *, with_days: bool) -> Plan:
    """The bars before merging; with_days: a bar "days" in front and volumes per day (docs/formulas.md, F3.2)."""
    steps = tuple(step_terms((s.numerator,), (s.denominator,) if s.denominator else ()) for s in equation.steps)
    whole = product(steps) if equation.formula is None else expand(equation.formula, steps)
    leaves = tuple(Leaf(s.name, t, (k,)) for k, (s, t) in enumerate(zip(equation.steps, steps, strict=True)))
    bare = Plan(leaves, equation.formula, whole)
    return _with_days(bare) if with_days and any(leaf.is_volume for leaf in leaves) else bare


def merged(bare: Plan, columns: Columns, equation: Equation) -> Plan:
    """The plan with undefined bars merged towards the first (product), or into one bar (formula)."""
    if bare.node is not None:
        defined = np.isfinite(bare.values(columns)).all()
        return bare if defined else whole_in_one(bare, _reasons(equation.steps, columns))
    leaves = list(bare.leaves)
    position = 0
    while position < len(leaves):
        if len(leaves) == 1 or np.isfinite(leaves[position].terms.value(columns)).all():
            position += 1
            continue
        position = max(position - 1, 0)
        leaves[position : position + 2] = [_joined(leaves[position], leaves[position + 1], equation.steps)]
    return replace(bare, leaves=tuple(_noted(leaf, equation.steps, columns) for leaf in leaves))


def whole_in_one(bare: Plan, reason: str) -> Plan:
    """One bar that carries the whole change."""
    members = tuple(sorted({member for leaf in bare.leaves for member in leaf.members}))
    note = f"One bar carries the whole change: {reason}."
    return Plan((Leaf("all steps", bare.kpi, members, note),), None, bare.kpi)


def _with_days(bare: Plan) -> Plan:
    per_day = step_terms((), (DAYS,))
    volumes = [k for k, leaf in enumerate(bare.leaves) if leaf.is_volume]
    if bare.node is None:
        volumes = volumes[:1]
    leaves = tuple(
        replace(leaf, terms=product((leaf.terms, per_day))) if k in volumes else leaf
        for k, leaf in enumerate(bare.leaves)
    )
    taken = {leaf.name for leaf in leaves}
    name = next(name for name in ("days", "calendar days", "days of the period", DAYS) if name not in taken)
    node = None if bare.node is None else _times_days(bare.node, set(volumes))
    return Plan((Leaf(name, step_terms((DAYS,))), *leaves), node, bare.kpi)


def _times_days(node: Node, volumes: set[int]) -> Node:
    """The formula with days as step 0, times each volume."""
    if isinstance(node, Number):
        return node
    if isinstance(node, Ref):
        step = Ref(node.index + 1)
        return Operation("*", Ref(0), step) if node.index in volumes else step
    return replace(node, left=_times_days(node.left, volumes), right=_times_days(node.right, volumes))


def _joined(left: Leaf, right: Leaf, steps: tuple[Step, ...]) -> Leaf:
    members = (*left.members, *right.members)
    first, last = steps[members[0]], steps[members[-1]]
    name = f"{first.denominator or first.numerator} to {last.numerator}"
    return Leaf(name, product((left.terms, right.terms)), members)


def _noted(leaf: Leaf, steps: tuple[Step, ...], columns: Columns) -> Leaf:
    reasons = _reasons(tuple(steps[member] for member in leaf.members), columns)
    if len(leaf.members) < 2:
        return replace(leaf, note=f"Undefined: {reasons}.") if reasons else leaf
    names = ", ".join(f"'{steps[member].name}'" for member in leaf.members)
    return replace(leaf, note=f"{names} are shown as one: {reasons}.")


def _reasons(steps: tuple[Step, ...], columns: Columns) -> str:
    return "; ".join(dict.fromkeys(_zero_denominators(steps, columns)))


def _zero_denominators(steps: tuple[Step, ...], columns: Columns) -> Iterator[str]:
    for step in steps:
        if step.denominator is None:
            continue
        zero = [side for side, value in zip(SIDES, columns[step.denominator][:, 0], strict=True) if value == 0]
        if zero:
            yield f"{step.denominator} is 0 in {' and '.join(zero)}, so '{step.name}' is undefined there"
