"""The drawing of a report for channels: the same for a run and for the preview of what it will send."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from core.delivery.messages import Drawing, as_bytes, draw
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


class Renderings:
    """The reports of one run, each drawn once for all destinations that show the same.

    new: draws a content without the columns that are hidden. files: by name, as they will be kept. The first
    rendering's files bear their own names, those of the others have its number in front.
    """

    def __init__(self, new: Callable[[ReportContent, tuple[str, ...]], Drawing]) -> None:
        self._new = new
        self.drawings: dict[str, tuple[str, Drawing]] = {}
        self.files: dict[str, bytes] = {}

    def draw(self, content: ReportContent, hidden: tuple[str, ...] = ()) -> tuple[str, Drawing]:
        """The drawing of this content, and what its files' names begin with. hidden: as of `make_report`."""
        key = f"{content.model_dump_json()}{sorted(hidden)}"
        if key not in self.drawings:
            prefix = f"{len(self.drawings) + 1}." if self.drawings else ""
            self.drawings[key] = (prefix, self._new(content, hidden))
            self.files[f"{prefix}bridge.json"] = as_bytes(self.drawings[key][1].figures)
        return self.drawings[key]

    def message(self, kind: str, content: ReportContent, hidden: tuple[str, ...] = ()) -> str:
        """The name of the message of a channel, drawn if it is not there yet."""
        prefix, drawing = self.draw(content, hidden)
        name = f"{prefix}{kind}.json"
        if name not in self.files:
            letter = draw(kind, drawing)
            self.files[name] = as_bytes(letter.message)
            self.files |= {f"{prefix}{file}": drawn for file, drawn in letter.files.items()}
        return name
