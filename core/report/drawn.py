"""Pictures as Altair charts, in the colours and the typeface of the waterfalls; no data is fetched."""

from __future__ import annotations

from functools import partial
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from core.model.document import Chart
from core.report.chart import PICK, Rows, layered, specification
from core.report.picture import Box, Key, Mark, Picture, Place, Stroke
from core.report.shapes import Align, Label
from core.report.theme import PALETTES, Palette, ThemeName

FAINT = 0.35
POINTER_ROOM = 14
HEAD = "M0,-1L0.8,0.9L0,0.55L-0.8,0.9Z"
"""An arrow's head, pointing up."""


def drawn(picture: Picture, *, theme: ThemeName = "light", selectable: bool = False) -> alt.LayerChart:
    """The picture as a chart; `selectable` adds a click selection named "pick" over the picture's fields."""
    with debug_mode(False):
        return _chart(picture, PALETTES[theme], selectable=selectable)


def section_chart(wide: Picture, narrow: Picture, alt_text: str) -> Chart:
    """The picture as a section's chart, for the page and for a phone."""
    return Chart(partial(_specified, wide), alt_text, partial(_specified, narrow))


def _specified(picture: Picture) -> dict[str, Any]:
    return specification(drawn(picture))


def _chart(picture: Picture, palette: Palette, *, selectable: bool) -> alt.LayerChart:
    """Built without Altair's checks of every part, which take nine tenths of the time; a test validates the result."""
    pick = alt.selection_point(name=PICK, fields=list(picture.fields)) if selectable else None
    layers = [_outlines(picture, palette), _boxes(picture, palette, pick)]
    layers += [_strokes(picture, palette, pick, is_dotted=is_dotted) for is_dotted in (True, False)]
    layers += [_marks(picture, kind, palette, pick) for kind in sorted({_kind(mark) for mark in picture.marks})]
    layers += _texts(picture, palette)
    layers.append(_places(picture, pick))
    return layered(layers, picture.width, picture.height)


def _layer(picture: Picture, rows: list[dict[str, Any]]) -> alt.Chart:
    """An empty layer over those rows, placed by x and y."""
    chart: alt.Chart = alt.Chart(Rows(rows)).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, picture.width], nice=False, zero=False)),
        y=alt.Y("y:Q", axis=None, scale=None),
    )
    return chart


def _row(picture: Picture, key: Key, **values: Any) -> dict[str, Any]:
    places = {name: round(value, 2) if isinstance(value, float) else value for name, value in values.items()}
    return places | dict(zip(picture.fields, key, strict=False))


def _picked(layer: alt.Chart, pick: alt.Parameter | None) -> alt.Chart:
    """The layer, its pieces fainter while others are picked."""
    if pick is None:
        return layer
    picked: alt.Chart = layer.encode(opacity=alt.when(pick).then(alt.value(1.0)).otherwise(alt.value(FAINT)))
    return picked


def _boxes(picture: Picture, palette: Palette, pick: alt.Parameter | None) -> alt.Chart:
    rows = [_box_row(picture, box, palette) for box in picture.boxes if not box.is_outline]
    layer = _layer(picture, rows).mark_rect(cornerRadius=1.5, aria=False)
    return _picked(layer.encode(x2=alt.X2("x2:Q"), y2=alt.Y2("y2:Q"), color=alt.Color("color:N", scale=None)), pick)


def _outlines(picture: Picture, palette: Palette) -> alt.Chart:
    rows = [_box_row(picture, box, palette) for box in picture.boxes if box.is_outline]
    layer: alt.Chart = (
        _layer(picture, rows)
        .mark_rect(cornerRadius=4, aria=False, filled=False, strokeWidth=1)
        .encode(x2=alt.X2("x2:Q"), y2=alt.Y2("y2:Q"), color=alt.Color("color:N", scale=None))
    )
    return layer


def _box_row(picture: Picture, box: Box, palette: Palette) -> dict[str, Any]:
    return _row(picture, box.key, x=box.x, x2=box.x2, y=box.y, y2=box.y2, color=palette.role(box.role))


def _strokes(picture: Picture, palette: Palette, pick: alt.Parameter | None, *, is_dotted: bool) -> alt.Chart:
    rows = [_stroke_row(picture, stroke, palette) for stroke in picture.strokes if stroke.is_dotted == is_dotted]
    dash: dict[str, Any] = {"strokeDash": [2, 3]} if is_dotted else {}
    layer = _layer(picture, rows).mark_rule(aria=False, **dash)
    placed = layer.encode(
        x2=alt.X2("x2:Q"),
        y2=alt.Y2("y2:Q"),
        color=alt.Color("color:N", scale=None),
        strokeWidth=alt.StrokeWidth("width:Q", scale=None),
    )
    return _picked(placed, None if is_dotted else pick)


def _stroke_row(picture: Picture, stroke: Stroke, palette: Palette) -> dict[str, Any]:
    places = {"x": stroke.x, "x2": stroke.x2, "y": stroke.y, "y2": stroke.y2}
    return _row(picture, stroke.key, **places, color=palette.role(stroke.role), width=stroke.width)


def _kind(mark: Mark) -> tuple[str, bool]:
    return mark.shape, mark.is_hollow


def _marks(picture: Picture, kind: tuple[str, bool], palette: Palette, pick: alt.Parameter | None) -> alt.Chart:
    shape, is_hollow = kind
    rows = [_mark_row(picture, mark, palette) for mark in picture.marks if _kind(mark) == kind]
    look: dict[str, Any] = {"filled": not is_hollow, "opacity": 1, "strokeWidth": 2 if is_hollow else 0}
    layer = _layer(picture, rows).mark_point(shape=HEAD if shape == "head" else shape, aria=False, **look)
    placed = layer.encode(
        color=alt.Color("color:N", scale=None),
        size=alt.Size("size:Q", scale=None),
        angle=alt.Angle("angle:Q", scale=None),
    )
    return _picked(placed, pick)


def _mark_row(picture: Picture, mark: Mark, palette: Palette) -> dict[str, Any]:
    values = {"x": mark.x, "y": mark.y, "size": mark.size**2, "angle": mark.angle, "color": palette.role(mark.role)}
    return _row(picture, mark.key, **values)


def _texts(picture: Picture, palette: Palette) -> list[alt.Chart]:
    kinds = sorted({(label.align, label.is_bold) for label in picture.labels})
    return [_text_layer(picture, palette, align, is_bold=is_bold) for align, is_bold in kinds]


def _text_layer(picture: Picture, palette: Palette, align: Align, *, is_bold: bool) -> alt.Chart:
    chosen = [label for label in picture.labels if (label.align, label.is_bold) == (align, is_bold)]
    layer: alt.Chart = (
        _layer(picture, [_text_row(picture, label, palette) for label in chosen])
        .mark_text(align=align, baseline="middle", fontWeight=600 if is_bold else 400, aria=False)
        .encode(text=alt.Text("text:N"), color=alt.Color("color:N", scale=None), size=alt.Size("size:Q", scale=None))
    )
    return layer


def _text_row(picture: Picture, label: Label, palette: Palette) -> dict[str, Any]:
    colour = palette.role(label.role)
    return _row(picture, (), x=float(label.x), y=float(label.y), text=label.text, color=colour, size=label.size)


def _places(picture: Picture, pick: alt.Parameter | None) -> alt.Chart:
    """Unseen pieces over all others, which a pointer and a screen reader find."""
    rows = [_place_row(picture, place) for place in picture.places]
    look: dict[str, Any] = {"opacity": 0, "cursor": "pointer" if pick else "default"}
    base = _layer(picture, rows)
    if any(place.is_line for place in picture.places):
        layer = base.mark_rule(strokeWidth=POINTER_ROOM, strokeCap="round", **look)
    else:
        layer = base.mark_rect(**look)
    placed: alt.Chart = layer.encode(
        x2=alt.X2("x2:Q"),
        y2=alt.Y2("y2:Q"),
        tooltip=alt.Tooltip("description:N", title=" "),
        description=alt.Description("description:N"),
    )
    return placed if pick is None else placed.add_params(pick)


def _place_row(picture: Picture, place: Place) -> dict[str, Any]:
    places = {"x": place.x, "x2": place.x2, "y": place.y, "y2": place.y2}
    return _row(picture, place.key, **places, description=place.description)
