"""The drawing of a report for channels: the same for a run and for the preview of what it will send."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.delivery.messages import Drawing
from core.delivery.reports import make_report
from core.model.analysis import AnalysisSpec
from core.model.delivery import ReportContent
from core.report.tables import bridge_json
from core.report.words import Words
from core.warehouse import Version, Warehouse


@dataclass(frozen=True)
class Occasion:
    """What a report is drawn for. The fields are those of `Drawing`."""

    export_id: str
    export_name: str
    file_stem: str
    run_id: str
    link: str
    is_test: bool = False
    can_leave: bool = False


def render(
    warehouse: Warehouse,
    analysis: AnalysisSpec,
    content: ReportContent,
    version: Version,
    occasion: Occasion,
    *,
    now: datetime,
    words: Words,
    hidden: Collection[str] = (),
) -> Drawing:
    """The report with its figures, ready for every channel. hidden: as of `make_report`. Raises as it does."""
    made = make_report(warehouse, analysis, content, version, rendered_at=now, words=words, hidden=hidden)
    figures = bridge_json(
        made.bridge,
        analysis=analysis.slug,
        revision=None,
        data_version=version.number,
        as_of=version.as_of,
        rendered_at=now,
        locale=content.locale,
        depth=analysis.comment_depth,
        words=words,
        second=made.second,
        labels=made.labels,
    )
    return Drawing(
        made=made,
        content=content,
        figures=figures,
        export_id=occasion.export_id,
        export_name=occasion.export_name,
        file_stem=occasion.file_stem,
        run_id=occasion.run_id,
        link=occasion.link,
        is_test=occasion.is_test,
        can_leave=occasion.can_leave,
    )
