"""Units: suffixes, rates, patterns."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.model.analysis import EquationSpec, StepSpec
from core.model.units import read_unit


@pytest.mark.parametrize(
    ("text", "before", "after", "scale"),
    [
        ("$.*M", "$", "M", 6),
        ("USD .* bn", "USD ", " bn", 9),
        (".*k€", "", "k€", 3),
        (".* kg", "", " kg", 0),
        (".* Tsd. €", "", " Tsd. €", 3),
        (".*", "", "", 0),
    ],
)
def test_a_pattern_is_taken_apart(text: str, before: str, after: str, scale: int) -> None:
    unit = read_unit(text)
    assert (unit.before, unit.after, unit.scale) == (before, after, scale)


def test_a_suffix_has_no_scale_of_its_own() -> None:
    assert read_unit("kg").scale is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("$.*.*", "'$.*.*' cannot be read: in a pattern '.*' stands for the number, once"),
        ("$*M", "'$*M' cannot be read"),
        ("about .*%", "'about .*%' mixes a pattern with %"),
        ("a\nb", "a unit is one short line"),
        ("x" * 31, "a unit is one short line of at most 30 characters"),
    ],
)
def test_a_unit_that_cannot_be_printed_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        StepSpec(formula="revenue", unit=text)
    assert sentence in str(refused.value)


def test_a_pattern_of_percent_is_a_rate() -> None:
    assert EquationSpec(steps=(StepSpec(formula="a"),), unit=".* %").unit == "%"
