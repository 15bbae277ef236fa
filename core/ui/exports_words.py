"""What layouts, views and languages are called where people choose them."""

from __future__ import annotations

from core.model.delivery import Layout, Locale, View

LAYOUTS: dict[Layout, str] = {"slides": "Slides", "list": "List", "dropdown": "Dropdown"}
LAYOUT_HELP = (
    "Slides: title, chart and comment each. List: everything in order. Dropdown: one chart, the reader chooses."
)
VIEW_NAMES: dict[View, str] = {
    "alert": "Alert",
    "waterfall": "Waterfall",
    "step_detail": "Main step in detail",
    "funnel": "Funnel",
    "dimensions": "Dimensions compared",
    "moves": "Moves of segments",
    "tree": "KPI tree",
    "segments": "Segments found",
}
VIEW_HELP = """\
- **Alert**: a message only
- **Waterfall**: the whole bridge
- **Main step in detail**: by its most telling dimension, as a bridge
- **Funnel**: each step on both sides, with numerator and denominator
- **Dimensions compared**: for each step, the range of its segments' effects and the mix
- **Moves of segments**: the main step, an arrow a segment over share and own value
- **KPI tree**: the steps as the formula joins them
- **Segments found**: a search over several dimensions; it may take some seconds
"""
LOCALES: dict[Locale, str] = {"en": "English", "fr": "Français", "de": "Deutsch", "nb": "Norsk bokmål"}
