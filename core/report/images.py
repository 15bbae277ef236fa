"""Charts as pictures, drawn in process by vl-convert: no browser, no address is ever fetched."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import vl_convert

from core.report.theme import LIGHT

FONTS = Path(__file__).resolve().parent / "fonts"
VEGA_LITE = "6.4"
SVG = "http://www.w3.org/2000/svg"
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
KEPT_ARIA = "aria-label"
COLOUR_CLASSES = {LIGHT.role(name): name.replace("_", "-") for name in LIGHT.__dataclass_fields__}


@cache
def _prepare() -> None:
    vl_convert.register_font_directory(str(FONTS))


def png(spec: dict[str, Any], *, scale: float = 2.0, background: str = "#ffffff") -> bytes:
    """The chart as PNG on a plain background."""
    _prepare()
    drawn: bytes = vl_convert.vegalite_to_png(
        in_xml(spec) | {"background": background}, vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[]
    )
    return drawn


def raw_svg(spec: dict[str, Any]) -> str:
    """The chart as vl-convert writes it."""
    _prepare()
    drawn: str = vl_convert.vegalite_to_svg(in_xml(spec), vl_version=VEGA_LITE, allowed_base_urls=[])
    return drawn


def in_xml(part: Any) -> Any:
    """The same with a mark for every character that XML cannot hold: the converter ends the process at one."""
    if isinstance(part, str):
        return NOT_IN_XML.sub("\ufffd", part)
    if isinstance(part, dict):
        return {name: in_xml(value) for name, value in part.items()}
    return [in_xml(value) for value in part] if isinstance(part, (list, tuple)) else part


def inside(spec: dict[str, Any], width: float, height: float) -> tuple[str, float]:
    """The chart as an element of another SVG, as large as `width` and `height` allow; and how high it became."""
    root = ElementTree.fromstring(raw_svg(spec))  # noqa: S314 - our own converter wrote it
    own_width, own_height = float(root.get("width", width)), float(root.get("height", height))
    factor = min(width / own_width, height / own_height)
    root.set("viewBox", f"0 0 {own_width:g} {own_height:g}")
    root.set("width", f"{own_width * factor:.1f}")
    root.set("height", f"{own_height * factor:.1f}")
    return _written(root), own_height * factor


def svg(spec: dict[str, Any], *, alt: str, background: str | None = None) -> str:
    """The chart as an SVG of its own: alternative text, a tooltip a bar, no style attribute, no script, no address."""
    return _written(_accessible(raw_svg(spec), alt, background))


def inline_svg(spec: dict[str, Any], *, alt: str, css_class: str) -> str:
    """The chart as an element of a page: as wide as its place, its colours as classes of the page."""
    root = _accessible(raw_svg(spec), alt, None)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.set("class", css_class)
    for element in root.iter():
        _class_colours(element)
    return _written(root)


def _accessible(drawn: str, alt: str, background: str | None) -> ElementTree.Element:
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own converter wrote it
    root.set("role", "img")
    root.set("aria-label", in_xml(alt))
    for element in list(root.iter()):
        _clean(element)
    if background:
        size = {"width": root.get("width", "100%"), "height": root.get("height", "100%"), "fill": background}
        root.insert(0, ElementTree.Element(f"{{{SVG}}}rect", size))
    return root


def _clean(element: ElementTree.Element) -> None:
    """Turn a bar's description into a tooltip, drop what only Vega needs."""
    if element.get("aria-roledescription") in {"rect mark", "bar", "rule mark"} and element.get(KEPT_ARIA):
        title = ElementTree.Element(f"{{{SVG}}}title")
        title.text = element.get(KEPT_ARIA)
        element.insert(0, title)
    if element.get("role") != "img":
        for name in ("role", "aria-roledescription", KEPT_ARIA, "aria-hidden"):
            element.attrib.pop(name, None)
    for name in ("style", "id"):
        element.attrib.pop(name, None)
    if element.get("class") and element.get("role") != "img":
        element.attrib.pop("class")


def _class_colours(element: ElementTree.Element) -> None:
    names = [
        f"{prefix}-{COLOUR_CLASSES[colour]}"
        for prefix, attribute in (("f", "fill"), ("s", "stroke"))
        if (colour := element.get(attribute, "")) in COLOUR_CLASSES
    ]
    if names:
        element.set("class", " ".join(names))


def _written(root: ElementTree.Element) -> str:
    ElementTree.register_namespace("", SVG)
    return re.sub(r">\s+<", "><", ElementTree.tostring(root, encoding="unicode"))
