"""Steps and formulas are read, or refused with a message that points at the place."""

from __future__ import annotations

import pytest

from core.engine.equation import parse
from core.errors import DataError, EquationError, UnknownColumn
from core.model.analysis import EquationSpec, StepSpec

METRICS = ["visits", "orders", "revenue", "Cost Total $", "strikes", "a / b", 'so "called"', "c/d"]
COLUMNS = ["day", "country", *METRICS]


def read(*steps, formula=None, names=None, **spec):
    given = tuple(
        StepSpec(formula=step, name=name) for step, name in zip(steps, names or [None] * len(steps), strict=True)
    )
    return parse(EquationSpec(steps=given, formula=formula, **spec), COLUMNS, summable=METRICS)


def parts(step):
    (found,) = read(step).steps
    return found.numerator, found.denominator


def refusal(*steps, **spec):
    with pytest.raises(DataError) as refused:
        read(*steps, **spec)
    return refused.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("visits", ("visits", None)),
        ("orders / visits", ("orders", "visits")),
        ("orders/visits", ("orders", "visits")),
        ("a / b", ("a / b", None)),
        ("a / b / visits", ("a / b", "visits")),
        ("visits / a / b", ("visits", "a / b")),
        ("c/d", ("c/d", None)),
        ("c/d / visits", ("c/d", "visits")),
        ("Cost Total $ / strikes", ("Cost Total $", "strikes")),
        ('"Cost Total $" / strikes', ("Cost Total $", "strikes")),
        ('"a / b" / "c/d"', ("a / b", "c/d")),
        ('"visits"', ("visits", None)),
        ('"so ""called""" / visits', ('so "called"', "visits")),
    ],
)
def test_a_step_is_a_column_or_two(text, expected):
    assert parts(text) == expected


def test_a_step_is_called_by_its_formula_unless_named():
    equation = read("visits", "orders / visits", names=[None, "Conversion"])
    assert [step.name for step in equation.steps] == ["visits", "Conversion"]


def test_metrics_come_in_order_of_first_use():
    assert read("visits", "orders / visits", "revenue / orders").metrics == ("visits", "orders", "revenue")


@pytest.mark.parametrize(
    ("steps", "formula", "expected"),
    [
        (["visits", "orders / visits"], None, "orders"),
        (["orders / visits", "revenue / orders"], None, "revenue / visits"),
        (["revenue", "orders"], "[1] - [2]", "revenue - orders"),
    ],
)
def test_the_kpi_is_named_after_what_it_comes_to(steps, formula, expected):
    assert read(*steps, formula=formula).total == expected


def test_a_formula_that_is_the_product_of_all_steps_is_a_chain():
    assert read("visits", "orders / visits", formula="[2] * ([1])").is_product
    assert not read("visits", "orders", formula="[1] + [2]").is_product


def test_a_kpi_in_percent_is_a_rate():
    assert read("orders / visits", unit="%").is_rate
    assert not read("visits").is_rate


def test_a_misspelt_column_is_named_with_a_guess():
    error = refusal("visits", "ordres / visits")
    assert isinstance(error, UnknownColumn)
    assert str(error).startswith("Column 'ordres' is not in 'this dataset'. Did you mean 'orders'?")
    assert error.field == "equation.steps.1.formula"


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("", "A step is empty.", 0),
        ("orders / country", "Column 'country' is no metric, so it cannot be added up.", 9),
        ("visits / visits", "Step 'visits / visits' divides 'visits' by itself.", 0),
        ('"visits / orders', "Step '\"visits / orders' has a double quote that is never closed.", 0),
        ("orders / ", "Step 'orders /' lacks a column on one side of '/'.", 8),
        ("orders / visits / revenue", "Step 'orders / visits / revenue' has more than one '/'.", 16),
    ],
)
def test_a_wrong_step_is_refused_at_its_place(text, message, position):
    error = refusal(text)
    assert isinstance(error, EquationError)
    assert str(error).startswith(message)
    assert (error.field, error.position) == ("equation.steps.0.formula", position)


def test_two_steps_cannot_share_a_name():
    assert str(refusal("visits", "orders", names=["x", "x"])).startswith("Two steps are called 'x'.")


def test_a_step_cannot_be_called_total():
    error = refusal("visits", names=["total"])
    assert str(error).startswith("A step cannot be called 'total'")
    assert error.field == "equation.steps.0.name"


@pytest.mark.parametrize(
    ("formula", "message", "position"),
    [
        ("[1] + [3]", "There is no step [3]; the steps are [1] to [2]", 6),
        ("[1] + [0]", "There is no step [0]", 6),
        ("[1] [2]", "An operator (+ - * /) is missing before '2'", 4),
        ("[1] + ", "A step such as [1], a number or '(' is expected, but the formula ends", 5),
        ("[1] * / [2]", "A step such as [1], a number or '(' is expected, but '/' stands there", 6),
        ("([1] + [2]", "The parenthesis opened here is never closed", 0),
        ("[1] + [2])", "An operator (+ - * /) is missing before ')'", 9),
        ("[1] + visits", "'v' cannot be read.", 6),
        ("[1] ^ [2]", "'^' cannot be read.", 4),
    ],
)
def test_a_wrong_formula_is_refused_at_its_place(formula, message, position):
    error = refusal("visits", "orders", formula=formula)
    assert isinstance(error, EquationError)
    assert str(error).startswith(message)
    assert (error.field, error.position) == ("equation.formula", position)


def test_a_formula_uses_every_step():
    assert str(refusal("visits", "orders", formula="[1]")).startswith("Step [2] does not occur in the formula")


def test_a_formula_too_entangled_for_all_mixtures_is_refused():
    steps = [f"{one} / {other}" for one in METRICS[:4] for other in METRICS[:5] if one != other][:13]
    sums = " + ".join(f"[{k}]" for k in range(1, 14))
    assert "works with up to 12 steps, and there are 13" in str(refusal(*steps, formula=f"{sums} + [1]"))
    assert read(*steps, formula=sums).formula is not None
