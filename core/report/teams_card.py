"""A report as an Adaptive Card 1.5 for Teams, small enough for it: what is cut off says so.

Three cards are drawn of each report: one whose pictures have addresses, one of text and figures alone, and a short
one for a receiver to which the others are too large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.connectors.teams import DELIVERY, DELIVERY_ELEMENT, MOST_BYTES, PICTURE, Card, size_of
from core.errors import DataError
from core.model.document import Chart, Report, Section, Table, plain
from core.report.card_parts import band, fact, heading, image, opening, toneless
from core.report.card_schema import require_card
from core.report.card_text import Element, bare, escaped, line_block, text_block, words_blocks
from core.report.cut import first_rows
from core.report.footing import footing
from core.report.messages import text
from core.report.numbers import language
from core.report.sections import option_label

PICTURE_WIDTH = 560
MOST_PRIMARY = 6
"""Buttons of a row that are seen; the others are behind three dots."""
MOST_OF_A_LABEL = 24
PANEL = "view-{}"
EMPTY = "–"


@dataclass(frozen=True)
class CardPicture:
    """A chart as it is shown in a card. spec: to be drawn as PNG. section: the key of the section it belongs to."""

    content_id: str
    section: str
    spec: Mapping[str, Any]
    alt: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"card-{self.content_id}.png"


@dataclass(frozen=True)
class CardOptions:
    """What surrounds the report.

    export: its name, told in the footer. before, after: own words in Markdown. link: the report's address, "" for none.
    """

    export: str
    before: str = ""
    after: str = ""
    link: str = ""
    is_test: bool = False


@dataclass(frozen=True)
class Room:
    """How much of a report there is room for. rows: of each table; lines: of each comment."""

    rows: int = 40
    lines: int = 40
    has_words: bool = True


ROOMS = (Room(), Room(12, 12), Room(5, 6, has_words=False), Room(0, 3, has_words=False))
"""Tried one after the other until the card is small enough."""
SHORT = Room(0, 3, has_words=False)


def card_pictures(report: Report) -> tuple[CardPicture, ...]:
    """The pictures of a report's card."""
    return tuple(
        CardPicture(f"chart-{number}", section.key, section.chart.at_width(PICTURE_WIDTH), section.chart.alt)
        for number, section in enumerate(report.sections, 1)
        if section.chart and _is_pictured(report, section)
    )


def teams_message(report: Report, pictures: Sequence[CardPicture], options: CardOptions) -> dict[str, Any]:
    """What the connector is handed: the three cards, and the pictures that the first one names.

    Raises DataError for a card that does not fit the official schema or is too large even when it is short.
    """
    cards = {
        "pictured": _fitting(report, pictures, options),
        "bare": _fitting(report, (), options),
        "short": _Drawing(replace(report, sections=report.sections[:1]), (), options, SHORT, is_cut=True).card(),
    }
    for card in cards.values():
        require_card(card)
        if (size := size_of(card)) > MOST_BYTES:
            raise DataError(f"The card for Teams has {size} bytes and {MOST_BYTES} are taken. Shorten the alert.")
    named = set(_urls(cards["pictured"]))
    shown = [picture for picture in pictures if f"{PICTURE}{picture.content_id}" in named]
    told = [{"content_id": p.content_id, "file": p.file, "alt": p.alt} for p in shown]
    return {"title": plain(report.headline), "cards": cards, "pictures": told}


def _fitting(report: Report, pictures: Sequence[CardPicture], options: CardOptions) -> Card:
    """The card below its limit: with shorter tables and comments, then without the last sections."""
    for room in ROOMS:
        card = _Drawing(report, pictures, options, room).card()
        if size_of(card) <= MOST_BYTES:
            return card
    for count in range(len(report.sections) - 1, 0, -1):
        fewer = replace(report, sections=report.sections[:count])
        card = _Drawing(fewer, pictures, options, SHORT, is_cut=True).card()
        if size_of(card) <= MOST_BYTES:
            return card
    return card


def _is_pictured(report: Report, section: Section) -> bool:
    """A list is compact: figures stand for a chart that shows the same."""
    return report.layout != "list" or section.table is None


class _Drawing:
    """One card, drawn with so much room. is_cut: whether something of the report is left out."""

    def __init__(
        self,
        report: Report,
        pictures: Sequence[CardPicture],
        options: CardOptions,
        room: Room,
        *,
        is_cut: bool = False,
    ) -> None:
        self._report, self._options, self._room, self.is_cut = report, options, room, is_cut
        self._pictures = {picture.section: picture for picture in pictures}
        self._say = partial(text, language(report.locale))

    def card(self) -> Card:
        """The whole card."""
        report, options = self._report, self._options
        body = [*self._head(), *self._words(options.before), *self._alert(), *self._sections()]
        body += self._words(options.after)
        if self.is_cut:
            body.append(band([text_block(self._say("card_cut" if options.link else "card_cut_alone"))], "emphasis"))
        return {
            "type": "AdaptiveCard",
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "version": "1.5",
            "lang": language(report.locale),
            "fallbackText": escaped(plain(report.headline)),
            "msteams": {"width": "Full"},
            "body": [*body, *self._foot()],
            "actions": [opening(self._say("mail_open"), options.link)] if options.link else [],
        }

    def _head(self) -> list[Element]:
        """Whose numbers these are; a headline where no section says it."""
        report = self._report
        head = [band([text_block(self._say("card_test"))], "warning")] if self._options.is_test else []
        head.append(text_block(report.name, isSubtle=True, weight="Bolder"))
        said = [*(plain(section.title) for section in report.sections), plain(report.alert)]
        if not any(line.startswith(plain(report.headline)) for line in said):
            head.append(heading(report.headline, size="Large"))
        return head

    def _words(self, markdown: str) -> list[Element]:
        if markdown.strip() and not self._room.has_words:
            self.is_cut = True
            return []
        return words_blocks(markdown)

    def _alert(self) -> list[Element]:
        report = self._report
        is_short = not self._room.rows
        said = text_block(plain(report.alert)) if is_short else line_block(toneless(report.alert))
        bands = [band([said], _mood(report))] if report.alert else []
        return bands + [band([text_block(warning)], "warning") for warning in report.warnings]

    def _sections(self) -> list[Element]:
        """A container a section; of a dropdown the first is seen, and a row of buttons shows each of the others."""
        sections = self._report.sections
        is_choice = self._report.layout == "dropdown" and len(sections) > 1
        drawn = [self._container(number, section) for number, section in enumerate(sections, 1)]
        if not is_choice:
            return drawn
        hidden = [container | {"isVisible": False} for container in drawn[1:]]
        return [self._choices(), drawn[0], *hidden]

    def _choices(self) -> Element:
        names = [PANEL.format(number) for number in range(1, len(self._report.sections) + 1)]
        actions = []
        for place, section in enumerate(self._report.sections):
            targets = [{"elementId": name, "isVisible": at == place} for at, name in enumerate(names)]
            label = _label(section, self._report.locale)
            mode = "primary" if place < MOST_PRIMARY else "secondary"
            actions.append({"type": "Action.ToggleVisibility", "title": label, "mode": mode, "targetElements": targets})
        return {"type": "ActionSet", "actions": actions}

    def _container(self, number: int, section: Section) -> Element:
        size = "Medium" if section.subtitle or section.chart or section.comment else "Large"
        items = [heading(section.title, size)] if section.title else []
        if section.subtitle:
            items.append(text_block(section.subtitle, isSubtle=True, size="Small", spacing="None"))
        items += [*self._figures(section), *self._comment(section)]
        items += [text_block(note, isSubtle=True, size="Small") for note in section.notes]
        name = PANEL.format(number)
        return {"type": "Container", "id": name, "separator": True, "spacing": "Large", "items": items}

    def _figures(self, section: Section) -> list[Element]:
        """The chart, or the figures that stand for it."""
        picture = self._pictures.get(section.key)
        shown = [image(f"{PICTURE}{picture.content_id}", picture.alt)] if picture and section.chart else []
        if section.table and (not shown or self._report.layout == "list"):
            return shown + self._facts(section.table)
        return shown or (self._bars(section.chart) if section.chart else [])

    def _facts(self, table: Table) -> list[Element]:
        """A fact a row, behind one that says what the figures are."""
        shorter, missing = first_rows(table, self._room.rows)
        facts = [fact(list(table.columns)), *(fact([cell.text or EMPTY for cell in row]) for row in shorter.rows)]
        if not missing:
            return [{"type": "FactSet", "facts": facts}]
        self.is_cut = True
        more = text_block(self._say("mail_more_rows", count=str(missing)), isSubtle=True, size="Small")
        return [{"type": "FactSet", "facts": facts}, more]

    def _bars(self, chart: Chart) -> list[Element]:
        """A chart's bars as facts; what has none is told in words."""
        most = max(self._room.rows, 1)
        if not chart.bars:
            return [text_block(chart.alt)]
        self.is_cut = self.is_cut or len(chart.bars) > most
        facts = [fact([" · ".join(filter(None, (bar.group, bar.label))), bar.printed]) for bar in chart.bars[:most]]
        return [{"type": "FactSet", "facts": facts}]

    def _comment(self, section: Section) -> list[Element]:
        most = self._room.lines
        self.is_cut = self.is_cut or len(section.comment) > most
        return [line_block(line) for line in section.comment[:most] if plain(line)]

    def _foot(self) -> list[Element]:
        reason = self._say("card_reason", export=self._options.export)
        shown = {"isSubtle": True, "size": "Small"}
        return [
            text_block(footing(self._report), separator=True, spacing="Large", **shown),
            text_block(reason, spacing="None", **shown),
            {
                "type": "TextBlock",
                "id": DELIVERY_ELEMENT,
                "text": self._say("card_delivery", id=DELIVERY),
                "wrap": True,
                "spacing": "None",
                **shown,
            },
        ]


def _mood(report: Report) -> str:
    """How the band of an alert looks: as what moved first is good or bad; quiet when nothing crossed its threshold."""
    tones = [part.tone for part in report.alert if part.tone in {"good", "bad"}]
    return ("good" if tones[:1] == ["good"] else "attention") if report.has_crossed else "emphasis"


def _label(section: Section, locale: str) -> str:
    """A button's words, short since several stand in a row: of a step its name. No Markdown is read there."""
    step = section.key.partition(":")[2]
    line = bare(step if step and not section.part else option_label(section, locale))
    return line if len(line) <= MOST_OF_A_LABEL else f"{line[: MOST_OF_A_LABEL - 1]}…"


def _urls(card: Card) -> list[str]:
    """The addresses of the pictures that a card shows."""
    return [item["url"] for part in card["body"] for item in part.get("items", ()) if item["type"] == "Image"]
