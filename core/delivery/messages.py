"""What each channel is handed of a report: its message, and the files that go with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.connectors.webhook import refreshed
from core.delivery.reports import Made
from core.model.delivery import Attachment, ChannelDestination, ReportContent
from core.model.document import Report, plain
from core.report.deck import deck
from core.report.images import png
from core.report.mail import MailOptions, mail_message, mail_pictures
from core.report.paper import paper
from core.report.slack_blocks import SlackOptions, slack_message, slack_pictures
from core.report.tables import csv_text, xlsx_bytes
from core.report.teams_card import CardOptions, card_pictures, teams_message

MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "png": "image/png",
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Letter:
    """A message and its files, by name, not written yet."""

    message: Mapping[str, Any]
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Drawing:
    """One report as it is drawn for some destinations, and what is said around it.

    figures: the bridge as the API answers it. link: the report's address, "" where it has none.
    """

    made: Made
    content: ReportContent
    figures: Mapping[str, Any]
    export_id: str
    export_name: str
    file_stem: str
    run_id: str
    link: str
    is_test: bool
    can_leave: bool

    @cached_property
    def attachments(self) -> dict[str, bytes]:
        """The files that people asked for, by name, in their order."""
        return {name: file for kind in dict.fromkeys(self.content.attachments) for name, file in self._files(kind)}

    def _files(self, kind: Attachment) -> Iterator[tuple[str, bytes]]:
        """The file of a kind, no picture without a chart; figures of a digest are a file for each analysis it tells."""
        if kind in _OF_FIGURES and self.content.parts:
            for number, part in enumerate(self.made.parts, start=1):
                yield f"{self.file_stem}-{number}-{part.source.analysis.slug}.{kind}", _OF_FIGURES[kind](part)
        elif kind in _OF_FIGURES:
            yield f"{self.file_stem}.{kind}", _OF_FIGURES[kind](self.made)
        elif kind != "png" or any(section.chart for section in self.made.report.sections):
            yield f"{self.file_stem}.{kind}", _OF_PAGES[kind](self.made.report)


def draw(kind: str, drawing: Drawing) -> Letter:
    """The message of a channel."""
    return _DRAWN[kind](drawing)


def as_bytes(message: Mapping[str, Any]) -> bytes:
    """A message as it is kept."""
    return json.dumps(message, ensure_ascii=False, sort_keys=True).encode("utf-8")


def media_type(name: str) -> str:
    """Of a file, by its ending."""
    return MEDIA_TYPES[name.rpartition(".")[2]]


def _email(drawing: Drawing) -> Letter:
    report, content = drawing.made.report, drawing.content
    pictures = mail_pictures(report)
    options = MailOptions(
        export=drawing.export_name,
        subject=content.subject,
        before=content.before,
        after=content.after,
        link=drawing.link,
        attachments=tuple((name, len(file)) for name, file in drawing.attachments.items()),
        has_unsubscribe=drawing.can_leave,
        is_test=drawing.is_test,
    )
    message = mail_message(report, pictures, options)
    named = {picture["file"] for picture in message["pictures"]}
    drawn = {picture.file: png(dict(picture.spec)) for picture in pictures if picture.file in named}
    attached = {name: file for name, file in drawing.attachments.items() if name in message["attachments"]}
    return Letter(message, drawn | attached)


def _slack(drawing: Drawing) -> Letter:
    report, content = drawing.made.report, drawing.content
    pictures = slack_pictures(report)
    options = SlackOptions(
        export=drawing.export_name,
        before=content.before,
        after=content.after,
        link=drawing.link,
        is_test=drawing.is_test,
    )
    return Letter(slack_message(report, pictures, options), {each.file: png(dict(each.spec)) for each in pictures})


def _teams(drawing: Drawing) -> Letter:
    report, content = drawing.made.report, drawing.content
    pictures = card_pictures(report)
    options = CardOptions(
        export=drawing.export_name,
        before=content.before,
        after=content.after,
        link=drawing.link,
        is_test=drawing.is_test,
    )
    message = teams_message(report, pictures, options)
    named = {picture["file"] for picture in message["pictures"]}
    return Letter(message, {each.file: png(dict(each.spec)) for each in pictures if each.file in named})


def _webhook(drawing: Drawing) -> Letter:
    links = {"report": drawing.link} if drawing.link else {}
    about = {"id": drawing.export_id, "name": drawing.export_name}
    return Letter(refreshed(about, drawing.run_id, drawing.figures, links), {})


def _inbox(drawing: Drawing) -> Letter:
    report = drawing.made.report
    lines = [plain(line) for section in report.sections for line in section.comment]
    message = {
        "title": plain(report.headline),
        "alert": plain(report.alert),
        "has_crossed": report.has_crossed,
        "lines": lines,
        "link": drawing.link,
        "export": drawing.export_name,
    }
    return Letter(message, {})


def _picture(report: Report) -> bytes:
    """The first chart: an attachment is one file."""
    return png(next(section.chart.spec for section in report.sections if section.chart))


_OF_PAGES: Mapping[str, Callable[[Report], bytes]] = {"png": _picture, "pdf": paper, "pptx": deck}
_OF_FIGURES: Mapping[str, Callable[[Made], bytes]] = {
    "csv": lambda made: csv_text(made.bridge).encode("utf-8-sig"),
    "xlsx": lambda made: xlsx_bytes(made.bridge),
}
_DRAWN: Mapping[str, Callable[[Drawing], Letter]] = {
    "email": _email,
    "slack": _slack,
    "teams": _teams,
    "webhook": _webhook,
    "inbox": _inbox,
}
CHANNELS: tuple[str, ...] = tuple(_DRAWN)
"""Kinds of destinations that reports are sent to."""


def content_for(content: ReportContent, channel: ChannelDestination) -> ReportContent:
    """What one destination is shown: the export's content with its own overrides.

    Where both filter a column, the destination's holds, of a digest in each of its parts. Own views stand for elements.
    """
    own = channel.overrides
    changed: dict[str, Any] = {
        name: value
        for name in ("views", "layout", "locale", "elements", "attachments")
        if (value := getattr(own, name)) is not None
    }
    alike = {"views": None, "elements": None} if "views" in changed or "elements" in changed else {}
    if "views" in changed:
        changed.setdefault("elements", None)
    changed["where"] = {**content.where, **own.where}
    changed["parts"] = tuple(
        part.model_copy(update={**alike, "where": {**part.where, **own.where}}) for part in content.parts
    )
    return content.model_copy(update=changed)
