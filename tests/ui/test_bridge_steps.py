"""The table of steps and the equation say the same."""

import math

import pytest

from core.engine.equation import parse
from core.errors import EquationError
from core.model.analysis import EquationSpec, StepSpec
from core.ui.bridge_steps import chain_of_ratios, equation_of, rows_of, sum_of

METRICS = ["visits", "orders", 'net "revenue" / $']


def _total(equation: EquationSpec) -> dict[str, object]:
    return equation.model_dump(exclude={"steps"})


def test_an_equation_survives_the_table() -> None:
    equation = EquationSpec(
        steps=(
            StepSpec(formula="visits", good="up"),
            StepSpec(
                formula="orders / visits",
                name="Conversion",
                unit="%",
                decimals=2,
                threshold_pct=10,
                focus="device",
                exclude=("day",),
            ),
        ),
        total="Orders",
        formula="[1] * [2]",
        unit="€",
        decimals=0,
        good="down",
        total_threshold_pct=5,
    )
    assert equation_of(rows_of(equation), _total(equation)) == equation


def test_rows_without_a_formula_are_passed_over() -> None:
    rows = [{"formula": "visits"}, {"formula": "  ", "name": "later"}, {"formula": None, "threshold_pct": math.nan}]
    assert equation_of(rows, {}) == EquationSpec(steps=(StepSpec(formula="visits"),))


def test_a_table_without_any_formula_says_what_to_do() -> None:
    with pytest.raises(EquationError, match="Write a column"):
        equation_of([{"formula": ""}], {})


def test_a_wrong_cell_names_its_row_and_column() -> None:
    with pytest.raises(EquationError, match="Step 2, threshold_pct"):
        equation_of([{"formula": "visits"}, {"formula": "orders", "threshold_pct": -1}], {})


def test_a_chain_of_ratios_multiplies_to_the_last_metric() -> None:
    equation = parse(chain_of_ratios(METRICS), METRICS, summable=METRICS)
    assert [(step.numerator, step.denominator) for step in equation.steps] == [
        ("visits", None),
        ("orders", "visits"),
        ('net "revenue" / $', "orders"),
    ]


def test_a_chain_of_one_metric_is_the_metric() -> None:
    assert [step.formula for step in chain_of_ratios(["visits"]).steps] == ["visits"]


def test_a_sum_adds_all_chosen_metrics() -> None:
    assert sum_of(["visits", "orders"]).formula == "[1] + [2]"
    assert sum_of(["visits"]).formula is None


def test_quotes_of_a_formula_are_not_in_the_name() -> None:
    step = chain_of_ratios(["visits", "Cost Total $"]).steps[1]
    assert (step.formula, step.name) == ('"Cost Total $" / visits', "Cost Total $ / visits")
