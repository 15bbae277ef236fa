"""Which plan belongs to a metric, and which second comparison to a first."""

from __future__ import annotations

import pytest

from core.model.analysis import AnalysisSpec, ComparisonSpec, EquationSpec, SecondComparisonSpec, StepSpec
from core.ui.bridge_pairs import following, guess_plan, second_kind, year_ago

MONTH = ComparisonSpec(by="day", relative="last_full_month")
FEBRUARY = ComparisonSpec(by="day", base=("2026-01-01", "2026-01-31"), current=("2026-02-01", "2026-02-28"))
COUNTRIES = ComparisonSpec(by="country", base=("FR",), current=("DE",))


def analysis(first: ComparisonSpec, second: SecondComparisonSpec | None) -> AnalysisSpec:
    equation = EquationSpec(steps=(StepSpec(formula="visits"),))
    return AnalysisSpec(slug="a", name="A", dataset="d", equation=equation, comparison=first, second=second)


@pytest.mark.parametrize(
    ("metric", "columns", "plan"),
    [
        ("revenue", ["visits", "revenue_plan"], "revenue_plan"),
        ("revenue", ["revenue forecast", "Budget revenue"], "Budget revenue"),
        ("netRevenue", ["plan_net_revenue"], "plan_net_revenue"),
        ("Umsatz", ["Soll Umsatz"], "Soll Umsatz"),
        ("revenue", ["revenue_plan_2025", "plan"], None),
        ("orders", ["revenue_plan"], None),
    ],
)
def test_a_plan_is_guessed_by_its_name(metric: str, columns: list[str], plan: str | None) -> None:
    assert guess_plan(metric, columns) == plan


def test_a_year_ago_keeps_the_current_period() -> None:
    assert year_ago(MONTH) == ComparisonSpec(by="day", relative="last_full_month", against="same_last_year")
    leap = ComparisonSpec(by="day", base=("2028-01-01", "2028-01-31"), current=("2028-02-01", "2028-02-29"))
    assert year_ago(leap) == ComparisonSpec(
        by="day", base=("2027-02-01", "2027-02-28"), current=("2028-02-01", "2028-02-29")
    )
    after = ComparisonSpec(by="day", base=("2029-01-01", "2029-01-31"), current=("2029-02-01", "2029-02-28"))
    assert year_ago(after) == ComparisonSpec(
        by="day", base=("2028-02-01", "2028-02-29"), current=("2029-02-01", "2029-02-28")
    )


def test_groups_and_what_is_a_year_ago_already_have_no_year_ago() -> None:
    lately = ComparisonSpec(by="day", relative="last_full_month", against="same_last_year")
    assert [year_ago(first) for first in (COUNTRIES, lately)] == [None, None]


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (None, "none"),
        (SecondComparisonSpec(), "before"),
        (SecondComparisonSpec(comparison=year_ago(FEBRUARY), show="beside"), "year"),
        (SecondComparisonSpec(comparison=FEBRUARY, show="below"), "dates"),
        (SecondComparisonSpec(comparison=COUNTRIES, show="below"), "other"),
    ],
)
def test_the_form_knows_its_entry(second: SecondComparisonSpec | None, kind: str) -> None:
    assert second_kind(analysis(FEBRUARY if kind == "year" else MONTH, second)) == kind


def test_the_second_comparison_follows_the_first() -> None:
    week = ComparisonSpec(by="day", relative="last_full_week")
    spec = analysis(MONTH, SecondComparisonSpec(comparison=year_ago(MONTH), show="beside"))
    assert following(spec, week) == SecondComparisonSpec(comparison=year_ago(week), show="beside")


def test_own_dates_stay_when_the_first_comparison_changes() -> None:
    own = SecondComparisonSpec(comparison=FEBRUARY, show="behind")
    assert following(analysis(MONTH, own), ComparisonSpec(by="day", relative="last_full_week")) == own


def test_groups_take_the_comparison_before_away() -> None:
    assert following(analysis(MONTH, SecondComparisonSpec()), COUNTRIES) is None
