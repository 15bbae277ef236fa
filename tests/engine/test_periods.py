"""Relative periods, fixed dates and groups become two sides."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from core.engine.periods import before, resolve
from core.errors import DataError
from core.model.analysis import ComparisonSpec
from core.model.comparison import DateSide, GroupSide
from core.model.data import Calendar

WEDNESDAY = date(2026, 3, 18)


def periods(relative, newest=WEDNESDAY, *, against="previous", is_full=True, **calendar):
    found = resolve(
        ComparisonSpec(by="day", relative=relative, against=against),
        newest=newest,
        newest_is_full=is_full,
        calendar=Calendar(**calendar),
        is_date_column=True,
    )
    return " ".join(f"{side.first}..{side.last}" for side in (found.base, found.current))


def fixed(base, current, *, is_date_column=True):
    return resolve(
        ComparisonSpec(by="day", base=base, current=current),
        newest=None,
        newest_is_full=True,
        calendar=Calendar(),
        is_date_column=is_date_column,
    )


@pytest.mark.parametrize(
    ("relative", "expected"),
    [
        ("last_full_day", "2026-03-17..2026-03-17 2026-03-18..2026-03-18"),
        ("last_full_week", "2026-03-02..2026-03-08 2026-03-09..2026-03-15"),
        ("last_full_month", "2026-01-01..2026-01-31 2026-02-01..2026-02-28"),
        ("last_full_quarter", "2025-07-01..2025-09-30 2025-10-01..2025-12-31"),
        ("last_full_year", "2024-01-01..2024-12-31 2025-01-01..2025-12-31"),
        ("last_7_days", "2026-03-05..2026-03-11 2026-03-12..2026-03-18"),
        ("month_to_date", "2026-02-01..2026-02-18 2026-03-01..2026-03-18"),
        ("year_to_date", "2025-01-01..2025-03-18 2026-01-01..2026-03-18"),
    ],
)
def test_it_compares_with_the_period_before(relative, expected):
    assert periods(relative) == expected


@pytest.mark.parametrize(
    ("relative", "expected"),
    [
        ("last_full_day", "2025-03-18..2025-03-18 2026-03-18..2026-03-18"),
        ("last_full_week", "2025-03-10..2025-03-16 2026-03-09..2026-03-15"),
        ("last_full_month", "2025-02-01..2025-02-28 2026-02-01..2026-02-28"),
        ("last_full_quarter", "2024-10-01..2024-12-31 2025-10-01..2025-12-31"),
        ("last_full_year", "2024-01-01..2024-12-31 2025-01-01..2025-12-31"),
        ("last_7_days", "2025-03-12..2025-03-18 2026-03-12..2026-03-18"),
        ("month_to_date", "2025-03-01..2025-03-18 2026-03-01..2026-03-18"),
        ("year_to_date", "2025-01-01..2025-03-18 2026-01-01..2026-03-18"),
    ],
)
def test_it_compares_with_the_same_a_year_ago(relative, expected):
    assert periods(relative, against="same_last_year") == expected


def test_a_month_is_full_on_its_last_day():
    assert periods("last_full_month", date(2026, 3, 31)).endswith("2026-03-01..2026-03-31")


def test_a_newest_day_that_may_still_grow_does_not_fill_its_month():
    assert periods("last_full_month", date(2026, 3, 31), is_full=False).endswith("2026-02-01..2026-02-28")


def test_a_newest_day_that_may_still_grow_is_no_last_day():
    assert periods("last_full_day", is_full=False) == "2026-03-16..2026-03-16 2026-03-17..2026-03-17"


def test_a_week_is_full_on_its_last_day():
    assert periods("last_full_week", date(2026, 3, 15)).endswith("2026-03-09..2026-03-15")


def test_a_week_starts_where_the_dataset_says():
    assert periods("last_full_week", first_weekday=6) == "2026-03-01..2026-03-07 2026-03-08..2026-03-14"


def test_years_and_quarters_start_where_the_fiscal_year_does():
    assert periods("last_full_year", fiscal_year_start=2).endswith("2025-02-01..2026-01-31")
    assert periods("last_full_quarter", fiscal_year_start=2).endswith("2025-11-01..2026-01-31")
    assert periods("year_to_date", fiscal_year_start=2) == "2025-02-01..2025-03-18 2026-02-01..2026-03-18"


def test_to_date_is_cut_at_the_end_of_a_shorter_month():
    assert periods("month_to_date", date(2026, 3, 30)) == "2026-02-01..2026-02-28 2026-03-01..2026-03-30"


def test_to_date_compares_the_same_number_of_days_over_a_leap_day():
    assert periods("year_to_date", date(2025, 3, 10)) == "2024-01-01..2024-03-09 2025-01-01..2025-03-10"


def test_a_leap_day_has_its_month_end_a_year_ago():
    assert periods("last_full_day", date(2024, 2, 29), against="same_last_year").startswith("2023-02-28")


@pytest.mark.parametrize("value", ["2026-01-31", "2026-01-31T10:00:00", date(2026, 1, 31)])
def test_a_date_may_be_written_in_several_ways(value):
    assert fixed([value], ["2026-02-01", "2026-02-28"]).base == DateSide(date(2026, 1, 31), date(2026, 1, 31))


def test_periods_may_overlap():
    found = fixed(["2026-01-01", "2026-01-31"], ["2026-01-15", "2026-02-28"])
    assert found.is_dates
    assert found.current.days == 45


@pytest.mark.parametrize(
    ("base", "message"),
    [
        (["2026-01-31", "2026-01-01"], "Base ends on 2026-01-01, before it starts on 2026-01-31. Swap the two dates."),
        (["31/01/2026"], "'31/01/2026' is no date for 'day'. Write year-month-day, such as 2026-01-31."),
        ([7], "'7' is no date for 'day'."),
        (["2026-01-01", "2026-01-02", "2026-01-03"], "Base has 3 dates."),
    ],
)
def test_a_wrong_range_is_refused_with_a_sentence(base, message):
    with pytest.raises(DataError) as refused:
        fixed(base, ["2026-02-01"])
    assert str(refused.value).startswith(message)
    assert refused.value.field == "comparison.base"


def test_groups_keep_their_values_once():
    found = fixed(["FR", None, "FR"], ["DE"], is_date_column=False)
    assert (found.base, found.current) == (GroupSide(("FR", None)), GroupSide(("DE",)))
    assert not found.is_dates


def test_a_relative_period_needs_a_date_column():
    spec = ComparisonSpec(by="country", relative="last_full_day")
    with pytest.raises(DataError, match="needs a date column, and 'country' is none"):
        resolve(spec, newest=WEDNESDAY, newest_is_full=True, calendar=Calendar(), is_date_column=False)


def test_a_relative_period_needs_a_date():
    spec = ComparisonSpec(by="day", relative="last_full_day")
    with pytest.raises(DataError, match="holds no date"):
        resolve(spec, newest=None, newest_is_full=True, calendar=Calendar(), is_date_column=True)


def test_a_side_cannot_be_left_out():
    with pytest.raises(ValidationError, match="base and current are both needed"):
        ComparisonSpec(by="day", base=["2026-01-01"])


@pytest.mark.parametrize("newest", [date.max, date.min])
@pytest.mark.parametrize("relative", ["last_full_month", "last_full_year"])
def test_a_day_at_the_end_of_all_days_is_named(relative, newest) -> None:
    with pytest.raises(DataError, match=f"the newest day of 'day' is {newest}. Take rows with such a date out"):
        periods(relative, newest)


def earlier(spec, *, newest=WEDNESDAY, calendar=None, is_date_column=True):
    """The comparison before the one that `spec` says."""
    known = {"newest": newest, "newest_is_full": True, "calendar": calendar or Calendar()}
    return before(spec, resolve(spec, is_date_column=is_date_column, **known))


def sides(comparison):
    return " ".join(f"{side.first}..{side.last}" for side in (comparison.base, comparison.current))


@pytest.mark.parametrize(
    ("relative", "against", "expected"),
    [
        ("last_full_day", "previous", "2026-03-16..2026-03-16 2026-03-17..2026-03-17"),
        ("last_full_week", "previous", "2026-02-23..2026-03-01 2026-03-02..2026-03-08"),
        ("last_full_month", "previous", "2025-12-01..2025-12-31 2026-01-01..2026-01-31"),
        ("last_full_quarter", "previous", "2025-04-01..2025-06-30 2025-07-01..2025-09-30"),
        ("last_7_days", "previous", "2026-02-26..2026-03-04 2026-03-05..2026-03-11"),
        ("month_to_date", "previous", "2026-01-01..2026-01-18 2026-02-01..2026-02-18"),
        ("last_full_month", "same_last_year", "2024-02-01..2024-02-29 2025-02-01..2025-02-28"),
        ("last_full_week", "same_last_year", "2024-03-11..2024-03-17 2025-03-10..2025-03-16"),
        ("year_to_date", "previous", "2024-01-01..2024-03-17 2025-01-01..2025-03-18"),
    ],
)
def test_the_comparison_before_ends_where_the_first_begins(relative, against, expected):
    assert sides(earlier(ComparisonSpec(by="day", relative=relative, against=against))) == expected


@pytest.mark.parametrize(
    ("base", "current", "expected"),
    [
        (["2026-02-01", "2026-02-28"], ["2026-03-01", "2026-03-31"], "2026-01-01..2026-01-31 2026-02-01..2026-02-28"),
        (["2026-01-01", "2026-03-31"], ["2026-04-01", "2026-06-30"], "2025-10-01..2025-12-31 2026-01-01..2026-03-31"),
        (["2026-02-01", "2026-02-10"], ["2026-02-11", "2026-02-20"], "2026-01-22..2026-01-31 2026-02-01..2026-02-10"),
        (["2025-02-01", "2025-02-28"], ["2026-02-01", "2026-02-28"], "2024-02-01..2024-02-29 2025-02-01..2025-02-28"),
        (["2024-02-01", "2024-02-29"], ["2025-02-01", "2025-02-28"], "2023-02-01..2023-02-28 2024-02-01..2024-02-29"),
    ],
)
def test_fixed_periods_go_back_by_their_own_length_or_by_a_year(base, current, expected):
    assert sides(earlier(ComparisonSpec(by="day", base=base, current=current))) == expected


def test_groups_have_nothing_before_them():
    with pytest.raises(DataError, match="Name base and current of the second comparison"):
        earlier(ComparisonSpec(by="country", base=["FR"], current=["DE"]), is_date_column=False)


def test_nothing_lies_before_the_first_of_all_days():
    with pytest.raises(DataError, match="No period lies before 0001-01-01"):
        earlier(ComparisonSpec(by="day", base=["0001-01-01"], current=["0001-01-02"]))


def test_two_columns_are_compared_over_one_period():
    found = resolve(
        ComparisonSpec(by="day", relative="last_full_month", metrics={"revenue": "plan"}),
        newest=WEDNESDAY,
        newest_is_full=True,
        calendar=Calendar(),
        is_date_column=True,
    )
    assert sides(found) == "2026-02-01..2026-02-28 2026-02-01..2026-02-28"
    assert (found.metrics, found.is_dates) == ((("revenue", "plan"),), False)


def test_two_columns_are_compared_over_the_period_before():
    spec = ComparisonSpec(by="day", current=["2026-02-01", "2026-02-28"], metrics={"revenue": "plan"})
    assert sides(earlier(spec)) == "2026-01-01..2026-01-31 2026-01-01..2026-01-31"
