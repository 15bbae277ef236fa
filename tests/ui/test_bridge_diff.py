"""What differs between two revisions, in words."""

from core.model.analysis import AnalysisSpec
from core.ui.bridge_diff import differences

BEFORE = AnalysisSpec.model_validate(
    {
        "slug": "revenue",
        "name": "Revenue",
        "dataset": "shop",
        "equation": {"steps": [{"formula": "visits"}, {"formula": "orders / visits"}]},
        "comparison": {"by": "day", "relative": "last_full_month"},
    }
)


def changed(**parts: object) -> list[str]:
    return differences(BEFORE, AnalysisSpec.model_validate(BEFORE.model_dump() | parts))


def test_the_same_has_no_differences() -> None:
    assert changed() == []


def test_filters_name_their_values() -> None:
    assert changed(where={"country": ["FR", None]}) == ["Filters: none → country: FR, (not set)"]


def test_a_comparison_is_said_in_words() -> None:
    fixed = {"by": "day", "base": ["2026-01-01"], "current": ["2026-02-01"]}
    assert changed(comparison=fixed) == [
        "Comparison: last full month with the one before → day 2026-01-01 against 2026-02-01"
    ]


def test_a_changed_step_is_named() -> None:
    steps = [{"formula": "visits"}, {"formula": "orders / visits", "name": "Conversion"}]
    assert changed(equation={"steps": steps}) == ["orders / visits, name: none → Conversion"]


def test_other_steps_are_listed() -> None:
    assert changed(equation={"steps": [{"formula": "visits"}]}) == [
        "Steps: visits, orders / visits → visits",
    ]


def test_choices_are_called_as_their_inputs_call_them() -> None:
    assert changed(method="lmdi", comment_depth="high", dimensions=("country",)) == [
        "Dimensions: all → country",
        "Method: Shapley → LMDI",
        "Comment: Medium → Long",
    ]


def test_a_switch_reads_on_and_off() -> None:
    assert changed(per_day=True) == ["Days as a step: off → on"]


def test_a_second_comparison_is_named_with_its_place() -> None:
    assert changed(second={"show": "behind"}) == ["Second comparison: none → the one before the first, behind it"]


def test_compared_columns_are_named() -> None:
    planned = {"by": "day", "current": ["2026-01-01"], "metrics": {"revenue": "revenue_plan"}}
    assert changed(comparison=planned) == [
        "Comparison: last full month with the one before → plan with actual, day 2026-01-01 (revenue: revenue_plan)"
    ]
