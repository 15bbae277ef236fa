"""Figures in words are those of charts and tables, to the printed digit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.bridge import Bridge
from core.model.analysis import EquationSpec, StepSpec
from core.model.document import Table, plain
from core.report.alert import printed_alert
from core.report.bars import bridge_bars, detail_bars
from core.report.comment import Depth, printed_comment, printed_headline
from core.report.comment_detail import detail_comment, detail_for
from core.report.dates import both_labels
from core.report.printed import PrintedBridge, print_bridge
from core.report.sections import detail_table, steps_table
from core.report.shapes import Waterfall
from tests.report.conftest import SHOP_STEPS, bridge_of

FIGURE = re.compile(r"\d[\d.,\u202f\u00a0]*\d|\d")
NAMES = ("mobile", "desktop", "tablet")
COUNTS = st.integers(min_value=0, max_value=3_000_000)
SIDE = st.tuples(COUNTS, COUNTS, st.integers(min_value=-2_000, max_value=50_000_000))
SEGMENTS = st.fixed_dictionaries({name: st.tuples(SIDE, SIDE) for name in NAMES})
FORMS = st.sampled_from([("€", None), ("$.*M", None), ("€.*", 0), (".*k€", 2), ("", None), ("CHF", 1)])


def figures(text: str) -> set[str]:
    return set(FIGURE.findall(text))


def drawn(waterfall: Waterfall) -> str:
    return " ".join(" ".join((bar.from_to, bar.printed, *bar.beneath, bar.description)) for bar in waterfall.bars)


def cells(table: Table) -> str:
    return " ".join(cell.text for row in table.rows for cell in row)


def shown(printed: PrintedBridge) -> set[str]:
    """Every figure of the charts and tables of a bridge: the whole, and each step by its best dimension."""
    texts = [drawn(bridge_bars(printed)), cells(steps_table(printed)), *both_labels(None, printed.locale)]
    for step in printed.steps:
        if detail := detail_for(printed, step.name):
            texts += [drawn(detail_bars(detail)), cells(detail_table(detail))]
    return figures(" ".join(texts))


def said(printed: PrintedBridge) -> set[str]:
    depths: tuple[Depth, ...] = ("low", "medium", "high")
    lines = [printed_headline(printed), *(line for depth in depths for line in printed_comment(printed, depth))]
    for step in printed.steps:
        if detail := detail_for(printed, step.name):
            lines += detail_comment(detail)
    return figures(" ".join(map(plain, lines)))


def bridge_with(
    segments: dict[str, tuple[tuple[int, ...], tuple[int, ...]]], unit: str, decimals: int | None
) -> Bridge:
    steps = (*SHOP_STEPS[:2], StepSpec(formula="revenue / orders", name="Basket", unit=unit, decimals=decimals))
    spec = EquationSpec(steps=steps, unit=unit, decimals=decimals)
    return bridge_of(spec, ("visits", "orders", "revenue"), segments)


@settings(deadline=None, max_examples=25)
@given(SEGMENTS, FORMS, st.sampled_from(["en", "fr", "de", "nb"]))
def test_every_figure_of_the_comment_is_shown(
    segments: dict[str, tuple[tuple[int, ...], tuple[int, ...]]], form: tuple[str, int | None], locale: str
) -> None:
    printed = print_bridge(bridge_with(segments, *form), locale)
    assert said(printed) - {"0"} <= shown(printed)


def test_an_alert_gives_the_contributions_that_bars_have(shop: Bridge) -> None:
    drivers = plain(printed_alert(print_bridge(shop, "en"))[0]).partition("Conversion contributed")[2]
    assert figures(drivers) == {"63.5", "12.6", "9.6"}
    assert figures(drivers) <= shown(print_bridge(shop, "en"))


@pytest.mark.parametrize("locale", ["en", "fr", "de", "nb"])
def test_bars_of_a_detail_add_up_to_the_step(locale: str) -> None:
    segments = {name: ((1_000 + i, 31 * i + 7, 977), (1_313, 41, 1_211 * i)) for i, name in enumerate(NAMES)}
    printed = print_bridge(bridge_with(segments, "$.*M", 2), locale)
    for step in printed.steps:
        detail = detail_for(printed, step.name)
        assert detail is None or sum(segment.total for segment in detail.segments) == step.units
