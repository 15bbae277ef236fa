"""Waterfalls as Altair charts. Standing bars where labels have room, lying bars otherwise; no data is fetched.

`draw` lays out and draws any `Waterfall`; `waterfall` and `step_detail` do it for a Bridge.
"""

from __future__ import annotations

from typing import Any, Literal

import altair as alt
from altair.utils.schemapi import debug_mode

from core.engine.bridge import Bridge
from core.report.bars import bridge_bars, detail_bars
from core.report.layout_columns import columns
from core.report.layout_rows import rows
from core.report.printed import print_bridge
from core.report.printed_detail import print_detail
from core.report.shapes import Align, Drawing, Label, Rect, Rule, Waterfall
from core.report.theme import FONT, PALETTES, Palette, ThemeName

PAGE_WIDTH, NARROW_WIDTH = 800.0, 320.0
PICK = "pick"
LIGHT_LOOK: dict[str, Any] = {"fillOpacity": 0.22, "strokeOpacity": 0.75, "strokeWidth": 1}
Form = Literal["auto", "rows"]


def waterfall(
    bridge: Bridge,
    locale: str = "en",
    *,
    theme: ThemeName = "light",
    selectable: bool = False,
    max_bars: int = 12,
    width: float = PAGE_WIDTH,
    form: Form = "auto",
) -> alt.LayerChart:
    """The whole bridge: base, steps, current; at most `max_bars` steps, the smallest ones together."""
    bars = bridge_bars(print_bridge(bridge, locale), max_bars)
    return draw(bars, theme=theme, selectable=selectable, width=width, form=form)


def step_detail(
    bridge: Bridge,
    step: str,
    dimension: str,
    locale: str = "en",
    *,
    theme: ThemeName = "light",
    selectable: bool = False,
    width: float = PAGE_WIDTH,
    form: Form = "auto",
) -> alt.LayerChart:
    """One step by the segments of a dimension, performance first, then mix. Raises what `Bridge.detail` raises."""
    bars = detail_bars(print_detail(print_bridge(bridge, locale), step, dimension))
    return draw(bars, theme=theme, selectable=selectable, width=width, form=form)


def draw(
    waterfall: Waterfall,
    *,
    theme: ThemeName = "light",
    selectable: bool = False,
    width: float = PAGE_WIDTH,
    form: Form = "auto",
) -> alt.LayerChart:
    """The waterfall as a chart of that design width; `selectable` adds a click selection named "pick"."""
    standing = columns(waterfall, width) if form == "auto" else None
    with debug_mode(False):
        return _chart(standing or rows(waterfall, width), waterfall.field, PALETTES[theme], selectable=selectable)


def paint(drawing: Drawing, *, theme: ThemeName = "light") -> alt.LayerChart:
    """A drawing of another layout than the waterfall's as a chart."""
    with debug_mode(False):
        return _chart(drawing, "step", PALETTES[theme], selectable=False)


def _chart(drawing: Drawing, field: str, palette: Palette, *, selectable: bool) -> alt.LayerChart:
    """Built without Altair's checks of every part, which take nine tenths of the time; a test validates the result."""
    layers = [_rules(drawing, palette, dotted=False), _rules(drawing, palette, dotted=True)]
    if any(rect.bar.is_light for rect in drawing.rects):
        layers.append(_light_bars(drawing, palette, field))
    layers.append(_bars(drawing, palette, field, selectable=selectable))
    layers += [_swatches(drawing, palette, is_light=is_light) for is_light in (True, False) if drawing.swatches]
    return layered([*layers, *_texts(drawing, palette)], drawing.width, drawing.height)


class Rows(alt.InlineData):
    """The rows of a layer. They never change once they are there, so Altair's copies of a chart share them."""

    def __init__(self, values: list[dict[str, Any]]) -> None:
        super().__init__(values=values)

    def __deepcopy__(self, memo: object) -> Rows:
        return self


def layered(layers: list[alt.Chart], width: float, height: float) -> alt.LayerChart:
    """The layers as one chart, made in one call: every further one would copy all of it."""
    return alt.LayerChart(
        layer=layers,
        width=width,
        height=height,
        padding=4,
        background="transparent",
        config=alt.Config(font=FONT, view=alt.ViewConfig(stroke=None)),
    )


def specification(chart: alt.LayerChart) -> dict[str, Any]:
    """The chart as Vega-Lite JSON. It is built here from checked parts, so it is not validated once more."""
    found: dict[str, Any] = chart.to_dict(validate=False)
    return found


def _x(drawing: Drawing, field: str) -> alt.X:
    return alt.X(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, drawing.width], nice=False, zero=False))


def _y(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", axis=None, scale=None)


def _bars(drawing: Drawing, palette: Palette, field: str, *, selectable: bool) -> alt.Chart:
    chart: alt.Chart = (
        _placed(drawing, [_bar_row(rect, palette, field) for rect in drawing.rects if not rect.bar.is_light])
        .mark_rect(cornerRadius=1.5, cursor="pointer" if selectable else "default")
        .encode(
            color=alt.Color("color:N", scale=None),
            tooltip=alt.Tooltip("description:N", title=" "),
            description=alt.Description("description:N"),
        )
    )
    if not selectable:
        return chart
    pick = alt.selection_point(name=PICK, fields=[field])
    picked: alt.Chart = chart.encode(opacity=alt.when(pick).then(alt.value(1.0)).otherwise(alt.value(0.4)))
    return picked.add_params(pick)


def _placed(drawing: Drawing, rows: list[dict[str, Any]]) -> alt.Chart:
    """An empty layer of rectangles over those rows."""
    chart: alt.Chart = alt.Chart(Rows(rows)).encode(x=_x(drawing, "x"), x2=alt.X2("x2:Q"), y=_y("y"), y2=alt.Y2("y2:Q"))
    return chart


def _light_bars(drawing: Drawing, palette: Palette, field: str) -> alt.Chart:
    """Bars of the second comparison: seen and read, never picked."""
    chart: alt.Chart = (
        _placed(drawing, [_bar_row(rect, palette, field) for rect in drawing.rects if rect.bar.is_light])
        .mark_rect(cornerRadius=1.5, **LIGHT_LOOK)
        .encode(
            fill=alt.Fill("color:N", scale=None),
            stroke=alt.Stroke("color:N", scale=None),
            tooltip=alt.Tooltip("description:N", title=" "),
            description=alt.Description("description:N"),
        )
    )
    return chart


def _swatches(drawing: Drawing, palette: Palette, *, is_light: bool) -> alt.Chart:
    """Samples of bars in the legend."""
    chosen = [swatch for swatch in drawing.swatches if swatch.is_light == is_light]
    rows = [_short({"x": s.x, "x2": s.x2, "y": s.y, "y2": s.y2}) for s in chosen]
    look: dict[str, Any] = LIGHT_LOOK if is_light else {}
    chart: alt.Chart = _placed(drawing, rows).mark_rect(
        cornerRadius=1.5, aria=False, fill=palette.total, stroke=palette.total, **look
    )
    return chart


def _bar_row(rect: Rect, palette: Palette, field: str) -> dict[str, Any]:
    place = {"x": rect.x, "x2": rect.x2, "y": rect.y, "y2": rect.y2}
    return _short(place) | {
        field: rect.bar.key,
        "color": palette.role(rect.bar.tone),
        "description": rect.bar.description,
    }


def _rules(drawing: Drawing, palette: Palette, *, dotted: bool) -> alt.Chart:
    chosen = [rule for rule in drawing.rules if rule.is_dotted == dotted]
    mark: dict[str, Any] = {"color": palette.dots, "strokeDash": [2, 2]} if dotted else {"color": palette.line}
    layer: alt.Chart = (
        alt.Chart(Rows([_rule_row(rule) for rule in chosen]))
        .mark_rule(aria=False, **mark)
        .encode(x=_x(drawing, "x"), x2=alt.X2("x2:Q"), y=_y("y"), y2=alt.Y2("y2:Q"))
    )
    return layer


def _rule_row(rule: Rule) -> dict[str, float]:
    return _short({"x": rule.x, "x2": rule.x2, "y": rule.y, "y2": rule.y2})


def _texts(drawing: Drawing, palette: Palette) -> list[alt.Chart]:
    kinds = sorted({(label.align, label.is_bold) for label in drawing.labels})
    return [_text_layer(drawing, palette, align, is_bold=is_bold) for align, is_bold in kinds]


def _text_layer(drawing: Drawing, palette: Palette, align: Align, *, is_bold: bool) -> alt.Chart:
    chosen = [label for label in drawing.labels if (label.align, label.is_bold) == (align, is_bold)]
    layer: alt.Chart = (
        alt.Chart(Rows([_text_row(label, palette) for label in chosen]))
        .mark_text(align=align, baseline="middle", fontWeight=600 if is_bold else 400, aria=False)
        .encode(
            x=_x(drawing, "x"),
            y=_y("y"),
            text=alt.Text("text:N"),
            color=alt.Color("color:N", scale=None),
            size=alt.Size("size:Q", scale=None),
        )
    )
    return layer


def _text_row(label: Label, palette: Palette) -> dict[str, Any]:
    return _short({"x": label.x, "y": label.y}) | {
        "text": label.text,
        "color": palette.role(label.role),
        "size": label.size,
    }


def _short(place: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in place.items()}
