"""The reconcile view in words and figures: columns add up as printed, differences and their reasons are said."""

from __future__ import annotations

import pytest

from core.engine.reconcile import reconcile
from core.model.analysis import EquationSpec, StepSpec
from core.model.document import plain
from core.report.chart import paint, specification
from core.report.printed import print_bridge
from core.report.reconcile import PrintedMethods, covariance_badge, methods_comment, methods_table, print_methods
from core.report.reconcile_chart import methods_alt, methods_drawing
from tests.report.conftest import bridge_of, sum_bridge

STEPS = (
    StepSpec(formula="visits", name="Visits"),
    StepSpec(formula="orders / visits", name="Conversion", unit="%"),
    StepSpec(formula="revenue / orders", name="Basket", unit="€"),
)
METRICS = ("visits", "orders", "revenue")


def methods_of(base: tuple[float, ...], current: tuple[float, ...], **spec: object) -> PrintedMethods:
    equation = EquationSpec.model_validate({"steps": STEPS, "unit": "€", **spec})
    bridge = bridge_of(equation, METRICS, {"all": (base, current)})
    return print_methods(print_bridge(bridge, "en"), reconcile(bridge))


@pytest.fixture
def e1() -> PrintedMethods:
    return methods_of((1000, 50, 4000), (1200, 48, 4320))


def said(methods: PrintedMethods) -> str:
    return "\n".join(plain(line) for line in methods_comment(methods))


def test_every_column_adds_up_to_the_printed_change(e1: PrintedMethods) -> None:
    assert [sum(way.units) for way in e1.ways] == [e1.printed.change] * 4


def test_the_table_holds_e1_as_printed(e1: PrintedMethods) -> None:
    rows = [[cell.text for cell in row] for row in methods_table(e1).rows]
    assert rows[1] == ["Conversion", "−€937", "−€928", "−€960", "−€869", "€91"]
    assert rows[-1] == ["Revenue", "+€320", "+€320", "+€320", "+€320", ""]


def test_it_says_where_the_methods_differ_most(e1: PrintedMethods) -> None:
    assert "differ most on Conversion: −€960 (Sequential) to −€869 (Covariance)" in said(e1)


def test_it_says_what_only_arises_together(e1: PrintedMethods) -> None:
    assert "the steps come to +€500; the change is +€320. −€180 arises only where several move together" in said(e1)


def test_it_says_what_another_order_would_give(e1: PrintedMethods) -> None:
    assert "with the last step first, Visits would be +€720 instead of +€800" in said(e1)


def test_it_says_why_lmdi_is_left_out_of_a_formula() -> None:
    methods = print_methods(*_sum())
    assert "All methods agree" in said(methods)
    assert "LMDI is left out: it explains products only, and this KPI has a formula." in said(methods)


def _sum() -> tuple[object, object]:
    bridge = sum_bridge((100, 50), (120, 40))
    return print_bridge(bridge, "en"), reconcile(bridge)


def test_it_names_the_negative_step_that_lmdi_cannot_take() -> None:
    said_of = said(methods_of((1000, 50, -4000), (1200, 48, 4320)))
    assert "needs values of 0 or more" not in said_of
    assert "which need values of 0 or more, and Basket is negative" in said_of


def test_a_step_that_was_zero_takes_all_by_lmdi() -> None:
    assert "Visits to revenue is 0 on one side" in said(methods_of((500, 0, 0), (600, 12, 600)))


def test_an_undefined_kpi_is_explained_by_no_method() -> None:
    steps = (StepSpec(formula="orders / visits"),)
    methods = methods_of((0, 5, 5), (10, 5, 5), steps=steps)
    assert "no method explains a change" in said(methods)
    assert [cell.text for cell in methods_table(methods).rows[0][1:5]] == ["n/a"] * 4
    assert specification(paint(methods_drawing(methods, 800)))


@pytest.mark.parametrize(
    ("share", "label", "advice", "is_large"),
    [
        (0.086, "Covariance 9\u202f%", "hands it out by their size", False),
        (0.31, "Covariance 31\u202f%", "Rather take Shapley", True),
    ],
)
def test_the_badge_warns_above_thirty_percent(share: float, label: str, advice: str, is_large: bool) -> None:
    badge = covariance_badge(share, "en")
    assert (badge[0], badge[2]) == (label, is_large)
    assert advice in badge[1]


@pytest.mark.parametrize("width", [1080, 320])
def test_bars_and_figures_stay_within_the_width(e1: PrintedMethods, width: float) -> None:
    drawing = methods_drawing(e1, width)
    assert len(drawing.rects) == 12
    assert min(rect.x for rect in drawing.rects) >= 0
    assert max(rect.x2 for rect in drawing.rects) <= width


def test_the_alternative_text_carries_the_figures(e1: PrintedMethods) -> None:
    assert "Conversion: Shapley −€937, LMDI −€928, Sequential −€960, Covariance −€869" in methods_alt(e1)
