"""Comparisons as people choose them."""

from datetime import date

import pytest

from core.model.analysis import ComparisonSpec
from core.model.comparison import Comparison, DateSide, GroupSide
from core.ui.bridge_periods import as_fixed, comparison_label, dates_of, kind_of, moving_like, period_of, relative_of


@pytest.mark.parametrize("relative", ["last_full_week", "last_7_days", "year_to_date"])
def test_a_moving_period_survives_the_form(relative: str) -> None:
    assert relative_of(*period_of(relative)) == relative


def test_dates_on_a_date_column_are_fixed_dates_and_on_another_column_groups() -> None:
    by_day = ComparisonSpec(by="day", base=("2026-01-01",), current=("2026-02-01",))
    by_country = ComparisonSpec(by="country", base=("FR",), current=("DE",))
    assert [kind_of(c, ("day",)) for c in (by_day, by_country)] == ["dates", "groups"]


def test_compared_columns_are_a_kind_of_their_own_and_have_no_two_dates() -> None:
    planned = ComparisonSpec(by="day", current=("2026-02-01",), metrics={"revenue": "revenue_plan"})
    day = DateSide(date(2026, 2, 1), date(2026, 2, 1))
    assert kind_of(planned, ("day",)) == "metrics"
    assert as_fixed(Comparison("day", day, day, (("revenue", "revenue_plan"),))) is None


def test_moving_periods_become_the_dates_they_stand_for() -> None:
    resolved = Comparison(
        "day", DateSide(date(2026, 1, 1), date(2026, 1, 31)), DateSide(date(2026, 2, 1), date(2026, 2, 28))
    )
    fixed = as_fixed(resolved)
    assert fixed is not None
    assert (fixed.base, fixed.current) == (("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28"))


def test_groups_have_no_dates() -> None:
    assert as_fixed(Comparison("country", GroupSide(("FR",)), GroupSide(("DE",)))) is None
    assert dates_of(("FR",)) is None


def test_one_date_is_one_day() -> None:
    assert dates_of(("2026-01-05",)) == (date(2026, 1, 5), date(2026, 1, 5))


@pytest.mark.parametrize(
    ("comparison", "label"),
    [
        (ComparisonSpec(by="day", relative="last_7_days"), "last 7 days with the one before"),
        (
            ComparisonSpec(by="day", relative="last_full_month", against="same_last_year"),
            "last full month with the same a year ago",
        ),
        (ComparisonSpec(by="day", base=("2026-01-01",), current=("2026-02-01",)), "fixed dates"),
        (ComparisonSpec(by="country", base=("FR",), current=("DE",)), "two groups of country"),
        (
            ComparisonSpec(by="day", relative="last_full_month", metrics={"revenue": "revenue_plan"}),
            "plan with actual, last full month",
        ),
    ],
)
def test_a_comparison_is_one_line(comparison: ComparisonSpec, label: str) -> None:
    assert comparison_label(comparison) == label


@pytest.mark.parametrize(
    ("base", "current", "relative", "against"),
    [
        (("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28"), "last_full_month", "previous"),
        (("2025-02-01", "2025-02-28"), ("2026-02-01", "2026-02-28"), "last_full_month", "same_last_year"),
        (("2025-07-01", "2025-09-30"), ("2025-10-01", "2025-12-31"), "last_full_quarter", "previous"),
        (("2024-01-01", "2024-12-31"), ("2025-01-01", "2025-12-31"), "last_full_year", "previous"),
        (("2026-02-02", "2026-02-08"), ("2026-02-09", "2026-02-15"), "last_full_week", "previous"),
        (("2026-02-03", "2026-02-09"), ("2026-02-10", "2026-02-16"), "last_7_days", "previous"),
    ],
)
def test_fixed_dates_have_moving_periods_like_them(
    base: tuple[str, str], current: tuple[str, str], relative: str, against: str
) -> None:
    moving = moving_like(ComparisonSpec(by="day", base=base, current=current))
    assert (moving.relative, moving.against) == (relative, against)
