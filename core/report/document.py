"""A Bridge and what is wanted of it → a `Report`, ready to be drawn by page, mail, card or deck."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.engine.bridge import Bridge
from core.errors import DataError
from core.model.delivery import ElementSpec, ReportContent
from core.model.document import Report, Section
from core.report.alert import has_threshold, printed_alert
from core.report.comment import Depth, printed_headline
from core.report.printed import PrintedBridge, print_bridge
from core.report.sections import alert_section, main_detail, step_section, waterfall_section
from core.warehouse import Version

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
) -> Report:
    """The report of `bridge` in the content's views, layout and locale.

    zone: IANA name in which its times are printed; depth: of the comment.
    Raises DataError for an element of a step that the bridge does not have.
    """
    printed = print_bridge(bridge, content.locale, version.labels)
    alert, has_crossed = printed_alert(printed)
    chosen = _elements(printed, content, depth) if content.elements is not None else _views(printed, content, depth)
    return Report(
        name=name,
        headline=printed_headline(printed),
        sections=_with_own_keys(chosen),
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


def _views(printed: PrintedBridge, content: ReportContent, depth: Depth) -> list[Section]:
    """Whole views in their order; a dropdown offers every step."""
    sections = []
    for view in content.views:
        if view == "waterfall":
            sections.append(waterfall_section(printed, depth, content.where))
        elif view == "step_detail" and content.layout == "dropdown":
            sections += [step_section(printed, step.name, f"step:{step.name}") for step in printed.steps]
        elif view == "step_detail" and (detail := main_detail(printed)):
            sections.append(step_section(printed, detail.step.name, "step_detail", detail))
    return sections or [alert_section(printed)]


def _elements(printed: PrintedBridge, content: ReportContent, depth: Depth) -> list[Section]:
    """Chosen parts in their order; parts of one view that follow each other stand in one section."""
    whole: dict[str, Section] = {}
    sections: list[Section] = []
    placed: list[int] = []
    for element in content.elements or ():
        key = f"step:{element.step}" if element.view == "step" else element.view
        if key not in whole:
            whole[key] = _whole(printed, element, key, content, depth)
        rank = PART_ORDER.index(element.part)
        if sections and sections[-1].key == key and rank > placed[-1]:
            sections[-1] = _with_part(sections[-1], whole[key], element.part)
        else:
            sections.append(_with_part(Section(key, ()), whole[key], element.part))
            placed.append(rank)
        placed[-1] = rank
    return sections


def _whole(printed: PrintedBridge, element: ElementSpec, key: str, content: ReportContent, depth: Depth) -> Section:
    if element.view == "alert":
        return alert_section(printed)
    if element.view == "waterfall":
        return waterfall_section(printed, depth, content.where)
    if element.view == "step_detail":
        detail = main_detail(printed)
        name = detail.step.name if detail else printed.bridge.main_step()
        return step_section(printed, name, key, detail)
    known = [step.name for step in printed.steps]
    if element.step not in known:
        raise DataError(
            f"There is no step '{element.step}' in this bridge. Choose one of: {', '.join(known)}.", field="elements"
        )
    return step_section(printed, str(element.step), key)


def _with_part(section: Section, whole: Section, part: str) -> Section:
    if part == "title":
        return replace(section, title=whole.title, subtitle=whole.subtitle)
    if part == "chart":
        return replace(section, chart=whole.chart)
    if part == "table":
        return replace(section, table=whole.table)
    return replace(section, comment=whole.comment, notes=whole.notes)


def _with_own_keys(sections: list[Section]) -> tuple[Section, ...]:
    """The sections with a number behind a key that came before."""
    seen: dict[str, int] = {}
    named = []
    for section in sections:
        seen[section.key] = seen.get(section.key, 0) + 1
        times = seen[section.key]
        named.append(section if times == 1 else replace(section, key=f"{section.key}.{times}"))
    return tuple(named)
