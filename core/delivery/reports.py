"""The making of a report: from what an export says and a data version to a document."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.analyses import compute, compute_both, dimensions_for
from core.delivery.filters import NO_LOCKS, narrowed
from core.engine.bridge import Bridge
from core.engine.segments import NOT_ADDITIVE, Found
from core.model.analysis import AnalysisSpec, Condition
from core.model.delivery import ReportContent
from core.model.document import Report
from core.report.document import build_report, wants_segments
from core.report.tables import chosen_detail
from core.report.words import Words
from core.segment_search import find_segments
from core.warehouse import Version, Warehouse


@dataclass(frozen=True)
class Source:
    """What a report, or one part of it, is made of: an analysis on a version of its dataset.

    locks: filters that hold besides those of analysis and content.
    """

    analysis: AnalysisSpec
    version: Version
    revision: int | None = None
    locks: Mapping[str, Condition] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Made:
    """A report and what it was drawn from, so that files beside it carry the same numbers.

    second: of the second comparison; found: segments, where the report shows them; labels: what columns are called.
    parts: of a digest, what each of the analyses that it shows was drawn from; all else is then of the first of them.
    """

    report: Report
    bridge: Bridge
    second: Bridge | None
    found: Found | None
    labels: Mapping[str, str]
    source: Source
    parts: tuple[Made, ...] = ()

    @property
    def each(self) -> tuple[Made, ...]:
        """Every analysis by itself."""
        return self.parts or (self,)


def locked(analysis: AnalysisSpec, content: ReportContent) -> AnalysisSpec:
    """The analysis with the export's locked filters; where both filter a column, the export's holds."""
    return analysis.model_copy(update={"where": {**analysis.where, **content.where}})


def search_for(bridge: Bridge, warehouse: Warehouse, analysis: AnalysisSpec, version: Version) -> Found | None:
    """The segments that a report shows; None where the KPI is undefined. Raises as `find_segments`."""
    return None if bridge.total.change is None else search_main(warehouse, analysis, version, bridge=bridge)


def search_main(
    warehouse: Warehouse, analysis: AnalysisSpec, version: Version, *, k: int = 5, bridge: Bridge | None = None
) -> Found:
    """Segments of the KPI's change, of the main step where the KPI itself does not add up. Raises as `find_segments`.

    bridge: the analysis' own on this version, where it is known; else it is computed when it is needed.
    """
    found = find_segments(warehouse, analysis, version, k=k)
    if NOT_ADDITIVE not in found.notes:
        return found
    main = chosen_detail(bridge or compute(warehouse, analysis, version), None, None)
    return find_segments(warehouse, analysis, version, step=main[0], k=k) if main else found


def make_report(
    warehouse: Warehouse,
    analysis: AnalysisSpec,
    content: ReportContent,
    version: Version,
    *,
    rendered_at: datetime,
    words: Words | None = None,
    hidden: Collection[str] = (),
    revision: int | None = None,
    locks: Mapping[str, Condition] = NO_LOCKS,
) -> Made:
    """The report of one analysis on `version`.

    words: of the content's locale, by default the catalogue's. hidden: columns whose filters are not named, and by
    which nothing is split. locks: filters that hold besides all others.
    Raises as `compute`, and DataError for an element of a step that is not there.
    """
    filtered = narrowed(locked(analysis, content), locks)
    if hidden:
        shown = tuple(d for d in dimensions_for(filtered, version) if d not in hidden)
        filtered = filtered.model_copy(update={"dimensions": shown})
    bridge, second = compute_both(warehouse, filtered, version)
    found = search_for(bridge, warehouse, filtered, version) if wants_segments(content) else None
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
    return Made(report, bridge, second, found, version.labels, Source(analysis, version, revision, locks))
