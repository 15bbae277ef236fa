"""The form of plan against actual: the plan column of every metric, and the period both are of."""

from __future__ import annotations

import streamlit as st

from core.analyses import equation_for
from core.errors import DataError
from core.model.analysis import ComparisonSpec, EquationSpec
from core.ui import bridge_state as keys
from core.ui import inputs
from core.ui.bridge_days import choose_period, days_input
from core.ui.bridge_pairs import guess_plan
from core.ui.bridge_periods import dates_of, default_dates, first_comparison
from core.ui.bridge_state import Work, as_now, compare, follow_closed, seen
from core.ui.text import escape

MOVING, FIXED = "Moving period", "Fixed dates"


def begin_plan(work: Work) -> None:
    """Callback of choosing this kind: compare at once where every metric's plan shows by its name."""
    work = as_now(work)
    plans = {metric: _plan(work, metric) for metric in _metrics(work, work.spec.equation)}
    known = {metric: plan for metric, plan in plans.items() if plan is not None}
    if known and len(known) == len(plans):
        compare(work, _over_same_period(work, known))


def follow_equation(work: Work, equation: EquationSpec) -> None:
    """Give the metrics that an equation brings their plans where names tell them; others wait to be chosen."""
    work = as_now(work)
    chosen = work.spec.comparison.metrics
    new = [metric for metric in _metrics(work, equation) if metric not in (chosen or {})]
    known = {metric: plan for metric in new if (plan := _guess(work, metric)) is not None}
    if chosen and known:
        compare(work, work.spec.comparison.model_copy(update={"metrics": chosen | known}))


def edit_plan(work: Work) -> None:
    """A choice a metric; the period once there are plans for all."""
    metrics = _metrics(work, work.spec.equation)
    if not metrics:
        st.caption("Mend the equation first: its metrics are what has a plan.")
        return
    for metric in metrics:
        _choose_plan(work, metric, metrics)
    if work.spec.comparison.metrics:
        _choose_period(work)
    else:
        st.caption(
            "Choose the plan of each metric: a column of the same rows, or the metric itself where there is none."
        )


def _metrics(work: Work, equation: EquationSpec) -> tuple[str, ...]:
    try:
        return equation_for(equation, work.version).metrics
    except DataError:
        return ()


def _plan(work: Work, metric: str) -> str | None:
    """The plan that is chosen; before any is, the one that its name tells. A form never shows what does not hold."""
    chosen = work.spec.comparison.metrics
    return chosen.get(metric) if chosen else _guess(work, metric)


def _guess(work: Work, metric: str) -> str | None:
    return guess_plan(metric, [column.name for column in work.version.metrics])


def _choose_plan(work: Work, metric: str, metrics: tuple[str, ...]) -> None:
    labels = {column.name: column.label for column in work.version.metrics}
    others = [name for name in labels if name != metric]
    st.selectbox(
        f"Plan of {escape(labels[metric])}",
        [*others, metric],
        index=None,
        format_func=lambda name: (
            f"{labels.get(name, name)} itself: no plan" if name == metric else labels.get(name, name)
        ),
        key=follow_closed(f"{keys.PLAN}_{metric}", _plan(work, metric)),
        placeholder="Choose a column",
        on_change=_change_plans,
        args=(work, metrics),
    )


def _change_plans(work: Work, metrics: tuple[str, ...]) -> None:
    work = as_now(work)
    plans = {
        metric: seen(f"{keys.PLAN}_{metric}") if metric in metrics else _plan(work, metric)
        for metric in _metrics(work, work.spec.equation)
    }
    known = {metric: plan for metric, plan in plans.items() if plan}
    if known and len(known) == len(plans):
        compare(work, _over_same_period(work, known))


def _over_same_period(work: Work, plans: dict[str, str]) -> ComparisonSpec:
    """Plans over the period that is current now."""
    now = work.spec.comparison
    if now.relative:
        return ComparisonSpec(by=now.by, relative=now.relative, metrics=plans)
    if dates_of(now.current):
        return ComparisonSpec(by=now.by, current=now.current, metrics=plans)
    moving = first_comparison(work.version)
    if moving is None:
        raise AssertionError("plans are offered for data with days only")
    return moving.model_copy(update={"metrics": plans})


def _choose_period(work: Work) -> None:
    comparison = work.spec.comparison
    is_moving = comparison.relative is not None
    inputs.segmented_control(
        "Over",
        [MOVING, FIXED],
        key=follow_closed(keys.PLAN_DAYS, MOVING if is_moving else FIXED),
        required=True,
        on_change=_change_way,
        args=(work,),
    )
    if is_moving:
        choose_period(
            comparison.relative or "",
            f"{keys.PLAN}_period",
            f"{keys.PLAN}_days",
            lambda name: _put(work, relative=name),
        )
        return
    days = dates_of(comparison.current) or default_dates(work.version)[1]
    days_input("Period", f"{keys.PLAN}_current", days, lambda chosen: _put(work, current=tuple(map(str, chosen))))


def _change_way(work: Work) -> None:
    if seen(keys.PLAN_DAYS) == MOVING:
        moving = first_comparison(work.version)
        _put(work, relative=moving.relative if moving else "last_full_month")
    else:
        _put(work, current=tuple(map(str, default_dates(work.version)[1])))


def _put(work: Work, **period: object) -> None:
    now = as_now(work).spec.comparison
    kept = {"by": now.by, "metrics": now.metrics}
    compare(work, ComparisonSpec.model_validate(kept | period))
