"""The address of the Bridge page says all that differs from the saved analysis, and nothing else."""

from dataclasses import replace

import pytest

from core.model.analysis import AnalysisSpec, ComparisonSpec, EquationSpec, SecondComparisonSpec, StepSpec
from core.ui.bridge_url import (
    NO_SECOND,
    PageState,
    apply_state,
    read_state,
    with_comparison,
    with_second,
    with_where,
    write_state,
)


@pytest.fixture
def saved() -> AnalysisSpec:
    return AnalysisSpec(
        slug="revenue",
        name="Revenue",
        dataset="shop",
        equation=EquationSpec(steps=(StepSpec(formula="visits"),)),
        comparison=ComparisonSpec(by="day", relative="last_full_month"),
        where={"country": ["FR"]},
    )


@pytest.mark.parametrize(
    "comparison",
    [
        ComparisonSpec(by="day", relative="last_7_days", against="same_last_year"),
        ComparisonSpec(by="day", base=("2026-01-01", "2026-01-31"), current=("2026-02-01", "2026-02-28")),
        ComparisonSpec(by="country", base=("FR", None), current=("DE",)),
        ComparisonSpec(by="zip code", base=(75001, 75002), current=("a/b", "[c]")),
        ComparisonSpec(by="flag", base=(True,), current=(False,)),
        ComparisonSpec(by="day", relative="last_full_month", metrics={"revenue": "revenue_plan"}),
        ComparisonSpec(by="country", current=("FR",), metrics={"visits": "visits plan"}),
    ],
)
def test_a_comparison_survives_the_address(comparison: ComparisonSpec) -> None:
    assert read_state(write_state(PageState(comparison=comparison))).comparison == comparison


def test_a_range_of_dates_is_readable_in_the_address() -> None:
    comparison = ComparisonSpec(by="day", base=("2026-01-01", "2026-01-31"), current=("2026-02-01", "2026-02-28"))
    assert write_state(PageState(comparison=comparison))["base"] == "2026-01-01/2026-01-31"


def test_filters_survive_the_address() -> None:
    where = {"country": ["FR", None, "Ålesund"], "amount": {">": 0, "<=": 9.5}}
    assert read_state(write_state(PageState(where=where))).where == where


def test_no_filter_at_all_differs_from_the_saved_filters(saved: AnalysisSpec) -> None:
    state = read_state(write_state(with_where(PageState(analysis="revenue"), {}, saved)))
    assert apply_state(saved, state).where == {}


def test_what_is_as_saved_is_not_in_the_address(saved: AnalysisSpec) -> None:
    state = with_comparison(with_where(PageState(analysis="revenue"), saved.where, saved), saved.comparison, saved)
    assert write_state(state) == {"analysis": "revenue"}


def test_the_address_changes_the_comparison_only(saved: AnalysisSpec) -> None:
    other = ComparisonSpec(by="day", relative="last_full_week")
    changed = apply_state(saved, with_comparison(PageState(), other, saved))
    assert changed == saved.model_copy(update={"comparison": other})


@pytest.mark.parametrize(
    "second",
    [
        NO_SECOND,
        SecondComparisonSpec(),
        SecondComparisonSpec(show="below", comparison=ComparisonSpec(by="day", relative="last_full_year")),
        SecondComparisonSpec(
            show="beside", comparison=ComparisonSpec(by="day", base=("2025-01-01",), current=("2025-02-01",))
        ),
    ],
)
def test_a_second_comparison_survives_the_address(second: SecondComparisonSpec | None) -> None:
    assert read_state(write_state(PageState(second=second))).second == second


def test_no_second_comparison_differs_from_the_saved_one(saved: AnalysisSpec) -> None:
    doubled = saved.model_copy(update={"second": SecondComparisonSpec(show="behind")})
    state = read_state(write_state(with_second(PageState(analysis="revenue"), None, doubled)))
    assert apply_state(doubled, state).second is None
    assert write_state(with_second(state, doubled.second, doubled)) == {"analysis": "revenue"}


def test_step_dimension_and_view_survive_the_address() -> None:
    state = PageState(analysis="revenue", step="orders / visits", dimension="device", view="tree")
    state = replace(state, shape="moves", first="dimension", segment="mobile")
    assert read_state(write_state(state)) == state


def test_a_segment_is_named_only_where_the_dimension_comes_first() -> None:
    state = PageState(analysis="revenue", dimension="device", segment="mobile", first="dimension")
    assert read_state(write_state(state)) == state
    assert "segment" not in write_state(replace(state, first="step", step="orders"))


def test_a_dimension_without_a_step_is_left_out() -> None:
    assert "dimension" not in write_state(PageState(analysis="revenue", dimension="device"))


def test_the_dataset_is_named_for_a_new_analysis_only() -> None:
    assert write_state(PageState(dataset="shop")) == {"dataset": "shop"}
    assert write_state(PageState(analysis="revenue", dataset="shop")) == {"analysis": "revenue"}


@pytest.mark.parametrize(
    ("params", "unread"),
    [
        ({"by": "day", "relative": "last_full_moon"}, ("comparison",)),
        ({"by": "day", "base": "[1", "current": "[2]"}, ("comparison",)),
        ({"where": "country=FR"}, ("where",)),
        ({"where": '["FR"]'}, ("where",)),
        ({"view": "pie"}, ("view",)),
        ({"shape": "round", "first": "last"}, ("shape", "first")),
        ({"second": "above"}, ("second",)),
        ({"second": "beside", "second_by": "day", "second_base": "[1"}, ("second",)),
        ({"by": "day", "relative": "last_full_month", "metrics": "revenue"}, ("comparison",)),
    ],
)
def test_what_cannot_be_read_is_named_and_passed_over(params: dict[str, str], unread: tuple[str, ...]) -> None:
    state = read_state({"analysis": "revenue", **params})
    assert (state.unread, state.comparison, state.where, state.analysis) == (unread, None, None, "revenue")
