"""What goes with what: the plan of a metric, and the second comparison that belongs to a first one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

from core.comparisons import comparison_for, second_for
from core.engine.pair import joint
from core.errors import DataError
from core.model.analysis import AnalysisSpec, ComparisonSpec, SecondComparisonSpec, Show
from core.ui.bridge_periods import dates_of, fixed_dates, moving_like
from core.warehouse import Version

PLAN_WORDS = ("plan", "planned", "budget", "budgeted", "target", "forecast", "goal", "soll", "ziel", "objectif", "mål")
SecondKind = Literal["none", "before", "year", "dates", "other"]
SHOWS: dict[Show, str] = {
    "merged": "One chart",
    "behind": "Behind it",
    "beside": "Beside it",
    "below": "Below it",
}


def guess_plan(metric: str, columns: Sequence[str]) -> str | None:
    """The column that holds the plan of `metric` by its name, such as revenue_plan or "Budget revenue"."""
    wanted = _words(metric)
    for word in PLAN_WORDS:
        for column in columns:
            words = _words(column)
            if word in words and words - {word} == wanted:
                return column
    return None


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()))


def second_kind(spec: AnalysisSpec) -> SecondKind:
    """Which entry of the form the second comparison is; "other" where the form has none for it."""
    if spec.second is None:
        return "none"
    chosen = spec.second.comparison
    if chosen is None:
        return "before"
    if chosen == year_ago(spec.comparison):
        return "year"
    return "dates" if dates_of(chosen.base) and dates_of(chosen.current) and not chosen.metrics else "other"


def has_before(first: ComparisonSpec) -> bool:
    """Whether there is a comparison before the first one: not for groups."""
    return bool(first.relative or dates_of(first.current))


def year_ago(first: ComparisonSpec) -> ComparisonSpec | None:
    """The same current period against the one a year ago; None for groups, and where the first is that already."""
    if first.relative:
        second = ComparisonSpec(by=first.by, relative=first.relative, against="same_last_year")
        return None if second == first else second
    current = dates_of(first.current)
    if current is None:
        return None
    earlier = (_year_before(current[0]), _last_year_before(current[1]))
    second = fixed_dates(first.by, earlier, current)
    return None if dates_of(first.base) == earlier and not first.metrics else second


def following(spec: AnalysisSpec, first: ComparisonSpec) -> SecondComparisonSpec | None:
    """The second comparison after the first one was changed to `first`: of the same kind, or none that fits."""
    second, kind = spec.second, second_kind(spec)
    if second is None or (kind == "before" and not has_before(first)):
        return None
    if kind == "year":
        other = year_ago(first)
        return second.model_copy(update={"comparison": other}) if other else None
    return second


def moved(spec: AnalysisSpec, version: Version) -> AnalysisSpec:
    """The analysis with moving periods in the place of fixed dates; its second comparison follows where it can."""
    first = moving_like(spec.comparison)
    changed = spec.model_copy(update={"comparison": first, "second": following(spec, first)})
    if changed.second is None or changed.second.show in shows_for(changed, version):
        return changed
    return changed.model_copy(update={"second": changed.second.model_copy(update={"show": "beside"})})


def shows_for(spec: AnalysisSpec, version: Version) -> tuple[Show, ...]:
    """How the second comparison can be shown: in one chart only where the two meet."""
    if spec.second is None:
        return ()
    beside = spec.model_copy(update={"second": spec.second.model_copy(update={"show": "beside"})})
    try:
        second = second_for(beside, version)
        meets = second is not None and joint(comparison_for(spec.comparison, version), second) is not None
    except DataError:
        meets = spec.second.show == "merged"
    return tuple(show for show in SHOWS if show != "merged" or meets)


def _year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _last_year_before(day: date) -> date:
    """A month's last day stays one, as in moving periods."""
    after = day + timedelta(days=1)
    return after.replace(year=after.year - 1) - timedelta(days=1) if after.day == 1 else _year_before(day)
