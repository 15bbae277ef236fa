"""Units of columns: those given, else what a header says."""

import pytest

from core.model.data import ColumnSpec
from core.ui.bridge_steps import chain_of_ratios, sum_of
from core.ui.bridge_units import unit_in, units_of, without_unit


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Umsatz (€)", "€"),
        ("Revenue ($)", "$"),
        ("revenue_eur", ""),
        ("revenue_EUR", "EUR"),
        ("Omsetning i kr", "kr"),
        ("Cost Total $", "$"),
        ("Umsatz [in EUR]", "EUR"),
        ("Conversion (%)", ""),
        ("Price (net)", ""),
        ("DISCOUNT", ""),
    ],
)
def test_a_currency_is_found_in_a_header(header: str, unit: str) -> None:
    assert unit_in(header) == unit


def test_a_unit_in_brackets_is_no_part_of_the_name() -> None:
    assert (without_unit("Umsatz (€)"), without_unit("(€)")) == ("Umsatz", "(€)")


def test_a_given_unit_counts_more_than_the_header() -> None:
    column = ColumnSpec(name="Umsatz (€)", type="number", role="metric", unit="$.*M")
    assert units_of([column]) == {"Umsatz (€)": "$.*M"}


def test_a_chain_is_in_its_last_metric_s_unit() -> None:
    equation = chain_of_ratios(["Visits", "Umsatz (€)"], {"Umsatz (€)": "€"})
    assert (equation.total, equation.unit, [step.unit for step in equation.steps]) == ("Umsatz", "€", ["", "€"])


def test_money_over_money_has_no_unit() -> None:
    assert chain_of_ratios(["cost", "revenue"], {"cost": "€", "revenue": "€"}).steps[1].unit == ""


@pytest.mark.parametrize(("units", "wanted"), [({"a": "€", "b": "€"}, "€"), ({"a": "€"}, ""), ({}, "")])
def test_a_sum_has_the_unit_that_its_parts_share(units: dict[str, str], wanted: str) -> None:
    assert sum_of(["a", "b"], units).unit == wanted
