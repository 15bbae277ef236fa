"""A waterfall on the page whose bars can be clicked. Drawn once for the same bars, theme and width."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import streamlit as st
from altair import LayerChart

from core.report.chart import NARROW_WIDTH, PICK, draw, specification
from core.report.shapes import Waterfall
from core.report.theme import ThemeName
from core.ui import frame
from core.ui.charts import for_page, is_phone, room

WIDE = 1080.0
DRAWN_KEPT = 64


def show_waterfall(
    bars: Waterfall,
    *,
    key: str,
    alt: str,
    on_select: Literal["rerun"] | Callable[[], None] = "rerun",
    width: float = WIDE,
) -> None:
    """The chart; what was clicked is read by `picked`. width: in design pixels, where there is room."""
    _show(_drawn(bars, frame.theme(), NARROW_WIDTH if is_phone() else width), key=key, alt=alt, on_select=on_select)


def show_picture(
    chart: LayerChart, *, key: str, alt: str, on_select: Literal["rerun"] | Callable[[], None] = "rerun"
) -> None:
    """A chart that is no waterfall; what was clicked is read by `picked`."""
    _show(specification(for_page(chart)), key=key, alt=alt, on_select=on_select)


def _show(spec: dict[str, Any], *, key: str, alt: str, on_select: Literal["rerun"] | Callable[[], None]) -> None:
    with room(key):
        st.vega_lite_chart(spec, theme=None, key=key, on_select=on_select, selection_mode=PICK, alt=alt)


def picked(key: str, field: Literal["step", "segment", "dimension"]) -> str | None:
    """What was clicked in a chart; None when nothing or a bar without a name of its own was."""
    picks = st.session_state.get(key, {}).get("selection", {}).get(PICK) or []
    return picks[0].get(field) or None if picks else None


@lru_cache(maxsize=DRAWN_KEPT)
def _drawn(bars: Waterfall, theme: ThemeName, width: float) -> dict[str, Any]:
    return specification(for_page(draw(bars, theme=theme, selectable=True, width=width)))
