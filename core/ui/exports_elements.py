"""Elements of a report as the form of an export offers them: single titles, charts, comments and tables."""

from __future__ import annotations

from collections.abc import Iterable

from core.app import App
from core.model.delivery import ALL_VIEWS, ElementSpec
from core.ui.exports_words import VIEW_NAMES

PARTS = ("title", "chart", "comment", "table")
PART_NAMES = {"title": "title", "chart": "chart", "comment": "comment", "table": "table", "text": "text"}


def element_key(element: ElementSpec) -> str:
    """An element as the list of choices knows it: "waterfall/chart", "step/chart/Conversion"."""
    return "/".join(part for part in (element.view, element.part, element.step) if part)


def element_of(key: str) -> ElementSpec:
    """The element of a choice."""
    view, part, *step = key.split("/", 2)
    return ElementSpec.model_validate({"view": view, "part": part, "step": step[0] if step else None})


def element_label(key: str) -> str:
    """What people read for a choice."""
    element = element_of(key)
    if element.view == "step":
        return f"{element.step}: {PART_NAMES[element.part]}"
    return f"{VIEW_NAMES[element.view]}: {PART_NAMES[element.part]}"


def offered_elements(app: App, slugs: Iterable[str]) -> list[str]:
    """All elements of these analyses."""
    shown = [app.analyses.get(slug).spec for slug in slugs]
    steps = dict.fromkeys(step.name or step.formula for one in shown for step in one.equation.steps)
    whole = [ElementSpec(view=view, part=part) for view in ALL_VIEWS if view != "alert" for part in PARTS]
    single = [ElementSpec(view="step", part=part, step=step) for step in steps for part in PARTS]
    return [element_key(element) for element in (ElementSpec(view="alert", part="text"), *whole, *single)]
