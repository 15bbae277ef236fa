"""The making of a report: from what an export says and a data version to a document."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.analyses import compute_both, dimensions_for
from core.engine.bridge import Bridge
from core.engine.segments import Found
from core.model.analysis import AnalysisSpec
from core.model.delivery import ReportContent
from core.model.document import Report
from core.report.document import build_report, wants_segments
from core.report.words import Words
from core.segment_search import find_segments
from core.warehouse import Version, Warehouse


@dataclass(frozen=True, eq=False)
class Made:
    """A report and what it was drawn from, so that files beside it carry the same numbers.

    second: of the second comparison; found: segments, where the report shows them.
    """

    report: Report
    bridge: Bridge
    second: Bridge | None
    found: Found | None


def locked(analysis: AnalysisSpec, content: ReportContent) -> AnalysisSpec:
    """The analysis with the export's locked filters; where both filter a column, the export's holds."""
    return analysis.model_copy(update={"where": {**analysis.where, **content.where}})


def make_report(
    warehouse: Warehouse,
    analysis: AnalysisSpec,
    content: ReportContent,
    version: Version,
    *,
    rendered_at: datetime,
    words: Words | None = None,
    hidden: Collection[str] = (),
) -> Made:
    """The report on `version`.

    words: of the content's locale, by default the catalogue's. hidden: columns whose filters are not named, and by
    which nothing is split.
    Raises as `compute`, and DataError for an element of a step that is not there.
    """
    filtered = locked(analysis, content)
    if hidden:
        shown = tuple(d for d in dimensions_for(filtered, version) if d not in hidden)
        filtered = filtered.model_copy(update={"dimensions": shown})
    bridge, second = compute_both(warehouse, filtered, version)
    found = find_segments(warehouse, filtered, version) if wants_segments(content) else None
    report = build_report(
        bridge,
        content.model_copy(update={"where": {c: asked for c, asked in filtered.where.items() if c not in hidden}}),
        name=analysis.name,
        version=version,
        rendered_at=rendered_at,
        zone=version.calendar.time_zone,
        depth=analysis.comment_depth,
        words=words,
        second=second,
        show=filtered.second.show if filtered.second else "merged",
        found=found,
    )
    return Made(report, bridge, second, found)
