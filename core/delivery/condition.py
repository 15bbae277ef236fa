"""Send on alert only: whether a bridge moved enough to be worth telling, and when it would have lately."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.analyses import compute
from core.comparisons import comparison_for
from core.engine.bridge import Bridge
from core.engine.periods import before
from core.errors import DataError, EmptyComparison
from core.model.analysis import AnalysisSpec, ComparisonSpec
from core.model.comparison import Comparison, DateSide
from core.model.delivery import Crossing, SendCondition
from core.warehouse import Version, Warehouse

TOTAL = "total"
PERIODS = 12
WHOLE_FROM = 10_000
"""How far the look back goes."""


@dataclass(frozen=True)
class Movement:
    """What is compared with a condition: the KPI or one of its steps. impact_pct: percent of the KPI's base."""

    name: str
    base: float | None
    current: float | None
    change_pct: float | None
    impact_pct: float | None

    @property
    def is_beyond_percent(self) -> bool:
        """Whether it is the KPI and moved away from 0: that is beyond every percentage."""
        return self.name == TOTAL and self.base == 0 and bool(self.current)


@dataclass(frozen=True)
class Verdict:
    """Whether a condition holds, and for each of its parts what was found, as sentences."""

    holds: bool
    found: tuple[str, ...]


@dataclass(frozen=True)
class Looked:
    """One period of the look back. total_pct: the KPI's change, None where its base is 0 or it is undefined."""

    comparison: Comparison
    verdict: Verdict
    total_pct: float | None


def judge(condition: SendCondition, bridge: Bridge) -> Verdict:
    """Whether `condition` holds for a bridge.

    Where "alert" names nothing, the analysis's own thresholds count, and one that is reached is enough. Nothing counts
    as reached where a figure is undefined. Raises DataError for a step that is not there.
    """
    if condition.kind == "always":
        return Verdict(True, ())
    any_of, all_of = condition.any, condition.all
    if not any_of and not all_of:
        any_of = own_thresholds(bridge)
    if not any_of and not all_of:
        return Verdict(False, ("The analysis has no threshold that could be crossed.",))
    moved = movements(bridge)
    some = [_judged(crossing, moved) for crossing in any_of]
    every = [_judged(crossing, moved) for crossing in all_of]
    holds = (not some or any(is_met for is_met, _ in some)) and all(is_met for is_met, _ in every)
    return Verdict(holds, tuple(sentence for _, sentence in (*some, *every)))


def judge_part(condition: SendCondition, bridge: Bridge) -> Verdict:
    """Whether `condition` holds for one analysis of several, of which not all have every step that it names."""
    known = movements(bridge)
    if condition.kind == "always" or not (condition.any or condition.all):
        return judge(condition, bridge)
    here = tuple(crossing for crossing in condition.any if crossing.step in known)
    lacking = [crossing.step for crossing in (*condition.any, *condition.all) if crossing.step not in known]
    if (condition.any and not here) or any(crossing.step not in known for crossing in condition.all):
        return Verdict(False, tuple(f"There is no step '{step}'." for step in lacking))
    return judge(condition.model_copy(update={"any": here}), bridge)


def own_thresholds(bridge: Bridge) -> tuple[Crossing, ...]:
    """The thresholds that the analysis itself has, as crossings; without those of steps that were merged away."""
    equation, shown = bridge.equation, bridge.steps["step"].to_list()
    limits = [(step.name, step.threshold_pct) for step in equation.steps if step.name in shown]
    limits.insert(0, (TOTAL, equation.total_threshold_pct))
    return tuple(Crossing(step=name, change_pct=limit) for name, limit in limits if limit is not None)


def movements(bridge: Bridge) -> dict[str, Movement]:
    """The KPI, as "total", and each step of a bridge, by name."""
    whole = bridge.total
    found = {
        row["step"]: Movement(row["step"], row["base"], row["current"], _percent(row), row["contribution_pct"])
        for row in bridge.steps.iter_rows(named=True)
    }
    return found | {TOTAL: Movement(TOTAL, whole.base, whole.current, whole.change_pct, whole.change_pct)}


def _percent(step: Mapping[str, Any]) -> float | None:
    base, change = step["base"], step["change"]
    return 100 * change / abs(base) if base and change is not None else None


def look_back(
    condition: SendCondition,
    warehouse: Warehouse,
    analysis: AnalysisSpec,
    version: Version,
    *,
    periods: int = PERIODS,
    is_part: bool = False,
) -> list[Looked]:
    """What the condition would have said of the last periods, the newest first; fewer where the data begin later.

    is_part: whether it is one analysis of several, as of `judge_part`.
    Empty where no periods are compared. Raises as `compute`.
    """
    judged = judge_part if is_part else judge
    comparison = comparison_for(analysis.comparison, version)
    found: list[Looked] = []
    while len(found) < periods and comparison.is_dates:
        try:
            bridge = compute(warehouse, _on(analysis, comparison), version, dimensions=())
            found.append(Looked(comparison, judged(condition, bridge), bridge.total.change_pct))
            comparison = before(analysis.comparison, comparison)
        except EmptyComparison:
            break
    return found


def _on(analysis: AnalysisSpec, comparison: Comparison) -> AnalysisSpec:
    base, current = comparison.base, comparison.current
    if not (isinstance(base, DateSide) and isinstance(current, DateSide)):
        return analysis
    fixed = ComparisonSpec(by=comparison.by, base=(base.first, base.last), current=(current.first, current.last))
    return analysis.model_copy(update={"comparison": fixed, "second": None})


def _judged(crossing: Crossing, moved: dict[str, Movement]) -> tuple[bool, str]:
    movement = moved.get(crossing.step)
    if movement is None:
        raise DataError(
            f"The condition names step '{crossing.step}', which the analysis has not. There are: {', '.join(moved)}.",
            field="condition",
        )
    tests = [test for asked, test in _TESTS if asked(crossing)]
    said = f"{movement.name}: {_number(movement.base)} → {_number(movement.current)}"
    if movement.change_pct is not None:
        said += f" ({movement.change_pct:+.2f} %)"
    return all(test(crossing, movement) for test in tests), f"{said}; asked for {describe(crossing)}"


def describe(crossing: Crossing) -> str:
    """What a crossing asks for, in words."""
    way = {"up": "up", "down": "down", "both": "up or down"}[crossing.direction]
    parts = [way]
    if crossing.change_pct is not None:
        parts = [f"{way} by {crossing.change_pct:g} % or more"]
    if crossing.value is not None:
        parts.append(f"crossing {crossing.value:g}")
    if crossing.min_impact_pct is not None:
        parts.append(f"moving the KPI by {crossing.min_impact_pct:g} % or more")
    return ", ".join(parts)


def _goes_that_way(crossing: Crossing, movement: Movement) -> bool:
    if movement.base is None or movement.current is None or movement.base == movement.current:
        return False
    way = "up" if movement.current > movement.base else "down"
    return crossing.direction in (way, "both")


def _moves_enough(crossing: Crossing, movement: Movement) -> bool:
    if movement.change_pct is None:
        return movement.is_beyond_percent
    return abs(movement.change_pct) >= (crossing.change_pct or 0.0)


def _crosses_value(crossing: Crossing, movement: Movement) -> bool:
    if movement.base is None or movement.current is None or crossing.value is None:
        return False
    return (movement.base < crossing.value <= movement.current) or (movement.base > crossing.value >= movement.current)


def _weighs_enough(crossing: Crossing, movement: Movement) -> bool:
    return movement.impact_pct is not None and abs(movement.impact_pct) >= (crossing.min_impact_pct or 0.0)


Asked = Callable[[Crossing], bool]
Test = Callable[[Crossing, Movement], bool]
_TESTS: tuple[tuple[Asked, Test], ...] = (
    (lambda crossing: True, _goes_that_way),
    (lambda crossing: crossing.change_pct is not None, _moves_enough),
    (lambda crossing: crossing.value is not None, _crosses_value),
    (lambda crossing: crossing.min_impact_pct is not None, _weighs_enough),
)


def _number(value: float | None) -> str:
    if value is None:
        return "undefined"
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:,.6g}"
