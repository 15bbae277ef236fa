"""The drawing of a report for channels: the same for a run and for the preview of what it will send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.delivery.messages import Drawing, as_bytes, draw
from core.delivery.reports import Made
from core.model.delivery import ReportContent
from core.model.document import plain
from core.model.naming import plain_name
from core.report.tables import bridge_json
from core.report.words import Words


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


def file_stem(name: str, day: date) -> str:
    """What the files of a report are called, without their endings. name: of its export."""
    return f"{plain_name(name, longest=60, otherwise='report')}-{day:%Y-%m-%d}"


def drawing_of(made: Made, content: ReportContent, occasion: Occasion, words: Words) -> Drawing:
    """A report with its figures, ready for every channel."""
    return Drawing(
        made=made,
        content=content,
        figures=figures_of(made, content, words),
        export_id=occasion.export_id,
        export_name=occasion.export_name,
        file_stem=occasion.file_stem,
        run_id=occasion.run_id,
        link=occasion.link,
        is_test=occasion.is_test,
        can_leave=occasion.can_leave,
    )


def figures_of(made: Made, content: ReportContent, words: Words) -> dict[str, Any]:
    """The figures as the API answers them: of one bridge, or of each part of a digest."""
    if not content.parts:
        return bridge_figures(made, content, words)
    return {
        "headline": plain(made.report.headline),
        "parts": [{"name": part.report.name, **bridge_figures(part, content, words)} for part in made.parts],
    }


def bridge_figures(
    made: Made, content: ReportContent, words: Words, *, step: str | None = None, dimension: str | None = None
) -> dict[str, Any]:
    """The figures of one bridge. step, dimension: which detail, as of `bridge_json`."""
    report, analysis = made.report, made.source.analysis
    return bridge_json(
        made.bridge,
        analysis=analysis.slug,
        revision=made.source.revision,
        data_version=made.source.version.number,
        as_of=made.source.version.as_of,
        rendered_at=report.rendered_at,
        locale=content.locale,
        depth=analysis.comment_depth,
        words=words,
        step=step,
        dimension=dimension,
        second=made.second,
        labels=made.labels,
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
