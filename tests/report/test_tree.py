"""The KPI tree: formulas, segments, layout."""

from __future__ import annotations

import pytest

from core.engine.bridge import Bridge
from core.model.analysis import EquationSpec, StepSpec
from core.model.document import plain
from core.report.layout_tree import tree_picture
from core.report.printed import print_bridge
from core.report.printed_tree import Branch, equation_text, tree_of, walk
from core.report.tree import tree_section
from tests.report.conftest import bridge_of, sum_bridge
from tests.report.hard_bridges import HARD, margin, profit


def tree(bridge: Bridge) -> Branch:
    return tree_of(print_bridge(bridge, "en"))


def shape(branch: Branch) -> list[tuple[int, str, str]]:
    return [(depth, node.sign, node.label) for depth, node in walk(branch)]


def test_a_product_has_its_steps_beneath_it_and_segments_under_the_main_one(shop: Bridge) -> None:
    assert shape(tree(shop)) == [
        (0, "", "Revenue"),
        (1, "", "Visits"),
        (1, "×", "Conversion"),
        (2, "", "mobile"),
        (2, "", "desktop"),
        (2, "", "tablet"),
        (1, "×", "Basket"),
    ]


def test_a_formula_has_nodes_of_its_own() -> None:
    found = [node for node in shape(tree(profit())) if node[2] not in {"web", "app"}]
    assert found == [
        (0, "", "Profit"),
        (1, "", "Visits"),
        (1, "×", "revenue / visits − cost / visits"),
        (2, "", "revenue / visits"),
        (2, "−", "cost / visits"),
    ]


def test_a_formulas_node_contributes_what_its_steps_do() -> None:
    node = tree(profit()).children[1]
    assert node.units == sum(child.units for child in node.children)
    assert node.moved == "−€0.89 → €1.61"


def test_steps_that_occur_twice_stand_beneath_the_kpi_without_signs() -> None:
    assert [(child.sign, child.label) for child in tree(margin()).children] == [("", "Revenue"), ("", "Cost")]


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("[1] * ([2] - [3])", "a × (b − c)"),
        ("[1] - ([2] + [3])", "a − (b + c)"),
        ("-[1] + [2] * [3]", "−a + b × c"),
        ("[1] / ([2] * [3])", "a ÷ (b × c)"),
        ("[1] / [2] / [3]", "a ÷ b ÷ c"),
        ("2 * [1] + [2] - [3]", "2 × a + b − c"),
    ],
)
def test_a_formula_is_written_with_names(formula: str, written: str) -> None:
    assert equation_text(print_bridge(formula_bridge(formula), "en")) == written


@pytest.mark.parametrize(
    "formula", ["-[1] + [2] * [3]", "[1] / ([2] * [3])", "2 * [1] + [2] - [3]", "[1] - ([2] + [3])"]
)
def test_every_step_of_a_formula_is_in_its_tree_once(formula: str) -> None:
    steps = [node.step for _, node in walk(tree(formula_bridge(formula))) if node.step and not node.segment]
    assert sorted(steps) == ["a", "b", "c"]


def formula_bridge(formula: str) -> Bridge:
    spec = EquationSpec(steps=tuple(StepSpec(formula=name) for name in "abc"), formula=formula, total="k")
    return bridge_of(spec, "abc", {"x": ((3, 4, 5), (4, 4, 6)), "y": ((2, 1, 1), (1, 2, 3))})


def test_up_to_five_nodes_stand_side_by_side_more_are_a_list() -> None:
    few, many = (tree_picture(tree(sum_bridge(range(1, n), range(2, n + 1))), 800) for n in (6, 11))
    assert [bool([box for box in picture.boxes if box.is_outline]) for picture in (few, many)] == [True, False]


def test_it_says_the_equation_and_the_main_segments(shop: Bridge) -> None:
    comment = [plain(line) for line in tree_section(print_bridge(shop, "en")).comment]
    assert comment[0] == "Revenue = Visits × Conversion × Basket."
    assert comment[1].startswith("By device: mobile fell from 3.00\u202f% to 2.40\u202f%")


def test_a_tree_of_an_undefined_kpi_claims_nothing() -> None:
    kpi = tree(HARD["undefined"]())
    assert (kpi.impact, kpi.tone) == ("n/a", "rest")
