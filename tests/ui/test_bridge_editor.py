"""The sentence of an equation."""

from __future__ import annotations

from core.model.analysis import EquationSpec
from core.ui.bridge_editor import sentence


def sentence_of(formula: str, name: str) -> str:
    return sentence(EquationSpec.model_validate({"steps": [{"formula": formula, "name": name}]}), "KPI")


def test_a_step_shows_its_formula_and_its_name() -> None:
    assert (
        sentence_of("orders / visits", "Conversion") == ":blue-badge[KPI] = :gray-badge[orders / visits · Conversion]"
    )


def test_a_name_that_only_leaves_out_the_quotes_stands_alone() -> None:
    assert sentence_of('orders / "web visits"', "orders / web visits").endswith(":gray-badge[orders / web visits]")
