"""The views of a bridge on its card besides the table: each gives its chart, its sentences and its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import altair as alt
import streamlit as st

from core.model.document import Line, Table
from core.report.bars import bridge_alt, bridge_bars
from core.report.chart import NARROW_WIDTH, draw
from core.report.comment import printed_comment
from core.report.dimensions import (
    dimensions_alt,
    dimensions_chart,
    dimensions_comment,
    dimensions_section,
    dimensions_table,
)
from core.report.funnel import funnel_alt, funnel_chart, funnel_comment, funnel_table
from core.report.pair import pair_alt, pair_bars, print_pair
from core.report.pair_comment import pair_comment
from core.report.printed import PrintedBridge
from core.report.printed_dimensions import compared
from core.report.printed_tree import tree_of
from core.report.shapes import Waterfall
from core.report.theme import ThemeName
from core.report.tree import tree_alt, tree_chart, tree_comment, tree_table
from core.ui import frame
from core.ui.bridge_chart import WIDE, show_picture, show_waterfall
from core.ui.bridge_state import Work
from core.ui.charts import is_phone
from core.ui.tables import show_table
from core.ui.text import markdown

MAX_BARS = 12
Field = Literal["step", "dimension"]


@dataclass(frozen=True)
class Drawn:
    """A view ready to be shown. make: the chart in a theme and width; bars: a waterfall, which is drawn once and kept.

    picks: what a click on the chart says.
    """

    alt_text: str
    comment: tuple[Line, ...] = ()
    table: Table | None = None
    bars: Waterfall | None = None
    make: Callable[..., alt.LayerChart | None] | None = None
    picks: tuple[Field, ...] = ("step",)

    def picture(self) -> alt.LayerChart | None:
        """For a file: light, as wide as a slide."""
        if self.bars is not None:
            return draw(self.bars)
        return self.make() if self.make else None


def waterfall_view(work: Work, printed: PrintedBridge, second: PrintedBridge | None) -> Drawn:
    """The bridge, with the second comparison where there is one."""
    comment = printed_comment(printed, work.spec.comment_depth)
    if second is None or work.spec.second is None:
        bars = bridge_bars(printed, MAX_BARS)
        return Drawn(bridge_alt(printed, bars), comment, bars=bars)
    pair = print_pair(printed, second, work.spec.second.show)
    both = (*comment, *pair_comment(pair, work.spec.comment_depth))
    return Drawn(pair_alt(pair), both, bars=pair_bars(pair, MAX_BARS))


def funnel_view(printed: PrintedBridge) -> Drawn:
    """Each step's value on both sides, its change, its numerator and denominator."""
    return Drawn(
        funnel_alt(printed), funnel_comment(printed), funnel_table(printed), make=partial(funnel_chart, printed)
    )


def dimensions_view(printed: PrintedBridge) -> Drawn:
    """Which dimension splits which step; one sentence where none does."""
    groups = compared(printed)
    if not groups:
        return Drawn("", dimensions_section(printed).comment)
    # Not the whole section: it draws the chart for a report twice, which the page draws for itself.
    return Drawn(
        dimensions_alt(printed, groups),
        dimensions_comment(printed, groups),
        dimensions_table(printed, groups),
        make=partial(dimensions_chart, printed),
        picks=("step", "dimension"),
    )


def tree_view(printed: PrintedBridge) -> Drawn:
    """The KPI, what it is made of, and the segments of its main step."""
    tree = tree_of(printed)
    return Drawn(
        tree_alt(printed, tree), tree_comment(printed), tree_table(printed, tree), make=partial(tree_chart, printed)
    )


def show_chart(drawn: Drawn, *, key: str, on_select: Callable[[], None]) -> None:
    """The chart, which can be clicked."""
    if drawn.bars is not None:
        show_waterfall(drawn.bars, key=key, alt=drawn.alt_text, on_select=on_select)
    elif drawn.make is not None:
        chart = _on_page(drawn.make, frame.theme(), is_narrow=is_phone())
        if chart is not None:
            show_picture(chart, key=key, alt=drawn.alt_text, on_select=on_select)


def show_words(drawn: Drawn) -> None:
    """The sentences, and the numbers behind a line that opens."""
    for line in drawn.comment:
        st.markdown(markdown(line))
    if drawn.table is not None:
        with st.expander("Numbers", icon=":material/table_rows:"):
            show_table(drawn.table, key="bridge_numbers")


def pickable(printed: PrintedBridge, step: str | None) -> bool:
    """Whether a click named a step; the KPI and what is summed up are none."""
    return step is not None and step in {row.name for row in printed.steps}


def _on_page(make: Callable[..., alt.LayerChart | None], theme: ThemeName, *, is_narrow: bool) -> alt.LayerChart | None:
    return make(theme=theme, selectable=True, width=NARROW_WIDTH if is_narrow else WIDE, is_narrow=is_narrow)
