"""A report as Slack messages: one that comes first and its thread, in blocks; pictures are named by their file.

What the connector fills in, since it alone knows: of an image block `picture` names a file, which becomes an uploaded
one, an address, or its text; the block `CHOOSE` holds the menu of a dropdown, which needs somebody who answers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from core.model.document import Report, Section, Table, plain
from core.report.cut import first_rows
from core.report.dates import day_label, moment_label
from core.report.messages import text
from core.report.mrkdwn import bold, bullets, escaped, line_text, words_text
from core.report.numbers import language
from core.report.sections import option_label
from core.report.slack_packing import (
    LONGEST_SECTION,
    LONGEST_TEXT,
    MOST_BLOCKS,
    MOST_LETTERS,
    Block,
    context_of,
    cut,
    first_words,
    packed,
    sections_of,
    size_of,
    within,
)

CHOOSE, PART = "choose", "part"
"""The block of a dropdown's menu; the key of a digest's heading."""
LONGEST_HEADER, LONGEST_ALT, LONGEST_LABEL = 150, 2_000, 75
MOST_POSTS, MOST_ROWS = 20, 40
MOST_CHOICES, CHOICE_LETTERS = 60, LONGEST_LABEL + 20
"""Choices of a menu, which Slack limits to 100, and letters that each takes of its message."""
PICTURE_WIDTH = 720
ENDS_AFTER = 8
"""Blocks that stand around what is shown of a dropdown, words beside: menu or rows of buttons, notes, button."""


@dataclass(frozen=True)
class SlackPicture:
    """A chart as it is shown in Slack. spec: to be drawn as PNG."""

    file: str
    section: str
    spec: Mapping[str, Any]
    alt: str


@dataclass(frozen=True)
class SlackOptions:
    """What surrounds the report: the export's name, own words in Markdown, the report's address ("" for none)."""

    export: str
    before: str = ""
    after: str = ""
    link: str = ""
    is_test: bool = False


def slack_pictures(report: Report) -> tuple[SlackPicture, ...]:
    """The pictures that a report's messages show."""
    return tuple(
        SlackPicture(f"slack-{number}.png", section.key, section.chart.at_width(PICTURE_WIDTH), section.chart.alt)
        for number, section in enumerate(report.sections, 1)
        if section.chart
    )


def slack_message(report: Report, pictures: Sequence[SlackPicture], options: SlackOptions) -> dict[str, Any]:
    """What the connector is handed: messages in their order, the choices of a dropdown, the pictures that they name."""
    drawing = _Drawing(report, {picture.section: picture for picture in pictures}, options)
    choices = drawing.choices() if report.layout == "dropdown" else []
    posts = drawing.dropdown(choices) if report.layout == "dropdown" else drawing.thread()
    return {
        "text": drawing.notification(),
        "posts": posts,
        "choices": choices,
        "pictures": [{"file": p.file, "alt": p.alt, "content_id": p.file.removesuffix(".png")} for p in pictures],
        "link": options.link,
        "cut": drawing.cut_note(),
    }


class _Drawing:
    """One report while it is drawn."""

    def __init__(self, report: Report, pictures: Mapping[str, SlackPicture], options: SlackOptions) -> None:
        self._report, self._pictures, self._options = report, pictures, options
        self._say = partial(text, language(report.locale))

    def cut_note(self) -> str:
        """What a message says that had to be shortened."""
        return self._say("slack_cut")

    def notification(self) -> str:
        """What people see before they open Slack, and what is read aloud."""
        headline = plain(self._report.alert or self._report.headline)
        said = f"{self._report.name}: {headline}"
        if self._options.is_test:
            said = self._say("mail_subject_test", subject=said)
        return escaped(cut(said, LONGEST_TEXT))

    def thread(self) -> list[dict[str, Any]]:
        """The report in one message, or in several where one has no room."""
        draw = self._slide if self._report.layout == "slides" else self._part
        groups = [self._head(), *(list(draw(section)) for section in self._report.sections)]
        groups.append(self._after())
        foot = self._foot()
        posts = packed(groups, room=size_of(foot) + LONGEST_TEXT, places=len(foot) + 1)
        posts, left_out = posts[:MOST_POSTS], posts[MOST_POSTS:]
        if left_out:
            posts[-1].append(context_of([escaped(self._say("slack_cut"))]))
        if len(posts) > 1:
            foot = [context_of([f"_{escaped(self._say('slack_thread'))}_"]), *foot]
        posts[0] = [*posts[0], *foot]
        said = [self.notification(), *map(first_words, posts[1:])]
        return [{"text": words, "blocks": post} for words, post in zip(said, posts, strict=True)]

    def choices(self) -> list[dict[str, Any]]:
        """Every chart and every comment, with what is shown when it is chosen."""
        sections = [(place, section) for place, section in enumerate(self._report.sections, 1)]
        every = [choice for place, section in sections for choice in self._choices_of(place, section)]
        return every[:MOST_CHOICES]

    def dropdown(self, choices: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One message, of which a choice replaces a part."""
        first = list(choices[0]["blocks"]) if choices else []
        menu = [menu_block(choices, self._say("choose"))] if choices else []
        blocks = [*self._head(), *menu, *first, *self._after(), *self._foot()]
        if len(choices) == MOST_CHOICES:
            blocks.append(context_of([escaped(self._say("slack_cut"))]))
        return [{"text": self.notification(), "blocks": blocks}]

    def _head(self) -> list[Block]:
        """What stands above all: that it is a test, own words, the alert."""
        report = self._report
        test = [context_of([f":test_tube: *{escaped(self._say('slack_test'))}*"])] if self._options.is_test else []
        words = list(sections_of(words_text(self._options.before)))
        mark = ":rotating_light: " if report.has_crossed else ""
        alert = list(sections_of([f"{mark}{line_text(report.alert)}"])) if report.alert else []
        return [*test, *words, *alert]

    def _after(self) -> list[Block]:
        return list(sections_of(words_text(self._options.after)))

    def _foot(self) -> list[Block]:
        report, say = self._report, self._say
        as_of = f"{moment_label(report.as_of, report.zone, report.locale)} {report.zone}"
        covers = day_label(report.covers_until, report.locale) if report.covers_until else ""
        rendered = say("rendered_at", moment=moment_label(report.rendered_at, report.zone, report.locale))
        dates = say("data_as_of", moment=as_of) + (f", {say('covers_until', day=covers)}" if covers else "")
        notes = [*report.warnings, f"{dates} · {rendered}", say("slack_reason", export=self._options.export)]
        return [*self._button(), context_of([cut(escaped(note), LONGEST_SECTION) for note in notes])]

    def _button(self) -> list[Block]:
        if not self._options.link:
            return []
        return [{"type": "actions", "elements": [button(self._say("mail_open"), self._options.link, "primary")]}]

    def _slide(self, section: Section) -> Iterator[Block]:
        """Header, picture, what is said."""
        yield from self._title(section)
        yield from self._subtitle(section)
        yield from self._picture(section)
        yield from sections_of(bullets(section.comment))
        if section.table and not (section.chart or section.comment):
            yield from self._table(section.table)
        yield from self._notes(section)

    def _part(self, section: Section) -> Iterator[Block]:
        """The elements that were chosen, closely set."""
        if section.key.partition(".")[0] == PART:
            yield from self._title(section)
            return
        title = plain(section.title).strip()
        lines = [bold(title)] if title else []
        lines += [escaped(section.subtitle)] if section.subtitle else []
        yield from sections_of(lines)
        yield from self._picture(section)
        yield from sections_of(bullets(section.comment))
        if section.table:
            yield from self._table(section.table)
        yield from self._notes(section)

    def _choices_of(self, place: int, section: Section) -> Iterator[dict[str, Any]]:
        name = option_label(section, self._report.locale)
        if section.chart:
            shown = [*self._title(section), *self._subtitle(section), *self._picture(section)]
            shown += sections_of(bullets(section.comment[:1]))
            yield self._choice(f"{place}.chart", name, "part_chart", section, shown)
        if section.comment or section.table:
            said = [*self._title(section), *self._subtitle(section), *sections_of(bullets(section.comment))]
            said += self._table(section.table) if section.table else []
            part = "part_comment" if section.comment else "part_table"
            yield self._choice(f"{place}.comment", name, part, section, [*said, *self._notes(section)])

    def _choice(self, value: str, name: str, part: str, section: Section, blocks: list[Block]) -> dict[str, Any]:
        kind = f" ({self._say(part)})"
        label = name if name.endswith(self._say(part)) else cut(name, LONGEST_LABEL - len(kind)) + kind
        link = f"{self._options.link}?view={quote(section.key, safe='')}" if self._options.link else ""
        words = [*self._head(), *self._after()]
        around = size_of([*words, *self._foot()]) + self._menu_letters()
        kept = within(blocks, MOST_LETTERS - around, MOST_BLOCKS - len(words) - ENDS_AFTER)
        kept += [context_of([escaped(self._say("slack_cut"))])] if len(kept) < len(blocks) else []
        return {"value": value, "label": cut(label, LONGEST_LABEL), "link": link, "blocks": kept}

    def _menu_letters(self) -> int:
        return CHOICE_LETTERS * min(MOST_CHOICES, 2 * len(self._report.sections)) + LONGEST_TEXT

    def _title(self, section: Section) -> Iterator[Block]:
        title = plain(section.title).strip()
        if len(title) > LONGEST_HEADER:
            yield from sections_of([bold(title)])
        elif title:
            yield {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}

    def _subtitle(self, section: Section) -> Iterator[Block]:
        if section.subtitle:
            yield context_of([cut(escaped(section.subtitle), LONGEST_SECTION)])

    def _picture(self, section: Section) -> Iterator[Block]:
        if picture := self._pictures.get(section.key):
            yield {"type": "image", "picture": picture.file, "alt_text": cut(picture.alt, LONGEST_ALT)}

    def _notes(self, section: Section) -> Iterator[Block]:
        if section.notes:
            yield context_of([cut(escaped(" ".join(section.notes)), LONGEST_SECTION)])

    def _table(self, table: Table) -> Iterator[Block]:
        """A row a line: its name in bold, then each figure with what it is."""
        shorter, missing = first_rows(table, MOST_ROWS)
        lines = [" · ".join(_cells(table, [cell.text for cell in row])) for row in shorter.rows]
        if missing:
            lines.append(f"_{escaped(self._say('mail_more_rows', count=str(missing)))}_")
        yield from sections_of(lines)


def menu_block(choices: Sequence[Mapping[str, Any]], placeholder: str, chosen: int = 0) -> Block:
    """The menu of a dropdown."""
    options = [
        {"text": {"type": "plain_text", "text": one["label"], "emoji": False}, "value": one["value"]} for one in choices
    ]
    menu = {
        "type": "static_select",
        "action_id": CHOOSE,
        "placeholder": {"type": "plain_text", "text": placeholder},
        "options": options,
        "initial_option": options[chosen],
    }
    return {"type": "actions", "block_id": CHOOSE, "elements": [menu]}


def button(label: str, url: str, style: str = "") -> Block:
    """A button that opens an address."""
    shown = {"type": "plain_text", "text": cut(label, LONGEST_LABEL), "emoji": False}
    return {"type": "button", "text": shown, "url": url} | ({"style": style} if style else {})


def _cells(table: Table, cells: Sequence[str]) -> list[str]:
    first, *rest = cells
    named = zip(table.columns[1:], rest, strict=False)
    return [bold(first), *(f"{escaped(column)} {escaped(cell)}" for column, cell in named if cell)]
