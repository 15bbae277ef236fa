"""A Bridge and what is wanted of it → a `Report`, ready to be drawn by page, mail, card or deck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from core.engine.bridge import Bridge
from core.engine.segments import Found
from core.errors import DataError
from core.model.analysis import Show
from core.model.delivery import ElementSpec, ReportContent, View
from core.model.document import Report, Section
from core.report.alert import has_threshold, printed_alert
from core.report.comment import Depth, printed_headline
from core.report.dimensions import dimensions_section
from core.report.funnel import funnel_section
from core.report.moves import moves_section
from core.report.pair import PrintedPair, print_pair
from core.report.printed import PrintedBridge, print_bridge
from core.report.sections import (
    absent_section,
    alert_section,
    main_detail,
    step_section,
    unsearched_section,
    waterfall_section,
    with_own_keys,
)
from core.report.segments import segments_section
from core.report.tree import tree_section
from core.report.words import Words
from core.warehouse import Version

PARTS_OF_A_VIEW = ("title", "chart", "comment", "table")
PARTS_OF_THE_ALERT = ("text",)
ELEMENTS = "content.elements"
PART_ORDER = ("title", "text", "chart", "comment", "table")


def build_report(
    bridge: Bridge,
    content: ReportContent,
    *,
    name: str,
    version: Version,
    rendered_at: datetime,
    zone: str,
    depth: Depth = "medium",
    words: Words | None = None,
    second: Bridge | None = None,
    show: Show = "merged",
    found: Found | None = None,
) -> Report:
    """The report of `bridge` in the content's views, layout and locale.

    zone: IANA name in which its times are printed; depth: of the comment; words: of its locale, by default the
        catalogue's. second, show: the second comparison, and how it stands in the waterfall.
    found: the segments of a search, for the view that shows them.
    An element of a step that this bridge does not have is a sentence: data may merge steps that an author chose.
    Raises DataError for no element at all and for a part that its view does not have.
    """
    printed = print_bridge(bridge, content.locale, version.labels, words)
    pair = print_pair(printed, print_bridge(second, content.locale), show) if second else None
    alert, has_crossed = printed_alert(printed)
    given = _Given(printed, content, depth, pair, found)
    chosen = _elements(given) if content.elements is not None else _views(given)
    return Report(
        name=name,
        headline=printed_headline(printed),
        sections=with_own_keys(chosen),
        layout=content.layout,
        locale=content.locale,
        zone=zone,
        as_of=version.as_of,
        rendered_at=rendered_at,
        data_version=version.number,
        covers_until=version.newest,
        alert=alert if content.elements is None and "alert" in content.views and has_threshold(bridge) else (),
        has_crossed=has_crossed,
    )


@dataclass(frozen=True)
class _Given:
    """What sections are made of."""

    printed: PrintedBridge
    content: ReportContent
    depth: Depth
    pair: PrintedPair | None
    found: Found | None


def wants_segments(content: ReportContent) -> bool:
    """Whether the report shows segments that have to be searched for."""
    if content.elements is not None:
        return any(element.view == "segments" for element in content.elements)
    return "segments" in content.views


def _views(given: _Given) -> list[Section]:
    """Whole views in their order; a dropdown offers every step."""
    printed, sections = given.printed, []
    for view in given.content.views:
        if view == "step_detail" and given.content.layout == "dropdown":
            sections += [step_section(printed, step.name, f"step:{step.name}") for step in printed.steps]
        elif view == "step_detail":
            sections += [_main_section(printed, view)] if main_detail(printed) else []
        elif view != "alert":
            sections.append(_view_section(given, view))
    return sections or [alert_section(printed)]


def _elements(given: _Given) -> list[Section]:
    """Chosen parts in their order; parts of one view that follow each other stand in one section."""
    whole: dict[str, Section] = {}
    sections: list[Section] = []
    placed: list[int] = []
    for element in _checked(given.content.elements or ()):
        key = f"step:{element.step}" if element.view == "step" else element.view
        if key not in whole:
            whole[key] = _whole(given, element, key)
        rank = PART_ORDER.index(element.part)
        if sections and sections[-1].key == key and rank > placed[-1]:
            sections[-1] = _with_part(sections[-1], whole[key], element.part)
        else:
            sections.append(_with_part(Section(key, ()), whole[key], element.part))
            placed.append(rank)
        placed[-1] = rank
    return sections


def _whole(given: _Given, element: ElementSpec, key: str) -> Section:
    printed = given.printed
    if element.view != "step":
        return _view_section(given, element.view)
    if element.step not in [step.name for step in printed.steps]:
        return absent_section(printed, str(element.step), key)
    return step_section(printed, str(element.step), key)


def _view_section(given: _Given, view: View) -> Section:
    """A whole view of the bridge."""
    printed = given.printed
    sections: dict[View, Callable[[], Section]] = {
        "alert": lambda: alert_section(printed),
        "waterfall": lambda: waterfall_section(printed, given.depth, given.content.where, given.pair),
        "step_detail": lambda: _main_section(printed, "step_detail"),
        "funnel": lambda: funnel_section(printed),
        "dimensions": lambda: dimensions_section(printed),
        "moves": lambda: moves_section(printed),
        "tree": lambda: tree_section(printed),
        "segments": lambda: segments_section(printed, given.found) if given.found else unsearched_section(printed),
    }
    return sections[view]()


def _main_section(printed: PrintedBridge, key: str) -> Section:
    """The main step by its most telling dimension, or in one sentence where there is none."""
    detail = main_detail(printed)
    name = detail.step.name if detail else printed.bridge.main_step()
    return step_section(printed, name, key, detail)


def require_steps(content: ReportContent, bridge: Bridge) -> None:
    """Raises DataError for an element of a step that neither the bridge nor its equation has."""
    shown = bridge.steps["step"].to_list()
    known = {*shown, *(step.name for step in bridge.equation.steps)}
    for position, element in enumerate(content.elements or ()):
        if element.view == "step" and element.step not in known:
            found = f"There is no step '{element.step}' in this bridge." if element.step else "Which step is not said."
            raise DataError(f"{found} Choose one of: {', '.join(shown)}.", field=f"{ELEMENTS}.{position}.step")


def _checked(elements: tuple[ElementSpec, ...]) -> tuple[ElementSpec, ...]:
    if not elements:
        raise DataError("The list of elements is empty. Choose one at least, or leave it out for all.", field=ELEMENTS)
    for position, element in enumerate(elements):
        parts = PARTS_OF_THE_ALERT if element.view == "alert" else PARTS_OF_A_VIEW
        if element.part not in parts:
            raise DataError(
                f"View '{element.view}' has no part '{element.part}'. Choose one of: {', '.join(parts)}.",
                field=f"{ELEMENTS}.{position}.part",
            )
    return elements


def _with_part(section: Section, whole: Section, part: str) -> Section:
    """The section with one part more; the comment stands in for a chart or table that a step without segments lacks."""
    if part == "title":
        return replace(section, title=whole.title, subtitle=whole.subtitle)
    if part == "chart" and whole.chart:
        return replace(section, chart=whole.chart)
    if part == "table" and whole.table:
        return replace(section, table=whole.table)
    return replace(section, comment=whole.comment, notes=whole.notes)
