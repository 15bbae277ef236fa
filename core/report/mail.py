"""A report as a mail: subject, plain text, and HTML that survives Outlook and Gmail; pictures are named by cid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Literal
from urllib.parse import quote

from css_inline import CSSInliner
from jinja2 import Environment

from core.connectors.email import UNSUBSCRIBE
from core.model.document import Chart, Report, Section, Table, plain
from core.report.cut import first_rows
from core.report.dates import day_label, moment_label
from core.report.mail_text import Around, mail_text
from core.report.messages import text
from core.report.numbers import language
from core.report.own_words import words_html
from core.report.sections import option_label
from core.report.templating import TEMPLATES, band, environment

PICTURE_WIDTH, LARGER = 552, 1.25
PHONE_LETTERS, MAIL_LETTERS = 40, 62
"""So many stand side by side in a table of a phone, and of a mail."""
MOST_BYTES = 90_000
"""Gmail cuts a mail's HTML off at about 102 kB."""
MOST_ROWS = (40, 12, 5, 0)
"""Of each table, tried one after the other until the mail is small enough."""
MOST_ATTACHED = 15_000_000
LONGEST_SUBJECT = 200
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029 ]+")


@dataclass(frozen=True)
class MailPicture:
    """A chart as it is shown in a mail. spec: to be drawn as PNG, width: at which it is seen.

    section: the key of the section that it belongs to. seen: on phones, on wider screens, or on both.
    """

    content_id: str
    section: str
    spec: Mapping[str, Any]
    width: int
    alt: str
    seen: Literal["wide", "phone", "both"] = "both"

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.content_id}.png"


@dataclass(frozen=True)
class MailOptions:
    """What surrounds the report.

    export: its name, told in the footer. subject: with {headline}, {name} or {day} in it; "" for the headline.
    before, after: own words in Markdown. link: the report's address, "" for none. attachments: the files' names and
    bytes. has_unsubscribe: whether each recipient has an address to leave by, which stands for `UNSUBSCRIBE`.
    """

    export: str
    subject: str = ""
    before: str = ""
    after: str = ""
    link: str = ""
    attachments: tuple[tuple[str, int], ...] = ()
    has_unsubscribe: bool = False
    is_test: bool = False


def mail_pictures(report: Report) -> tuple[MailPicture, ...]:
    """The pictures of a report's mail: each chart for wide screens and, where it is laid out for them, for phones."""
    return tuple(
        picture
        for number, section in enumerate(_shown(report), 1)
        if section.chart
        for picture in _pictures(f"chart-{number}", section.key, section.chart)
    )


def _pictures(content_id: str, section: str, chart: Chart) -> tuple[MailPicture, ...]:
    """A chart that cannot be laid out for a mail's width is seen as on phones, where its letters are large enough."""
    if chart.narrow is None:
        return (MailPicture(content_id, section, chart.at_width(PICTURE_WIDTH), PICTURE_WIDTH, chart.alt),)
    narrow = int(chart.narrow["width"])
    if chart.redraw is None:
        return (MailPicture(content_id, section, chart.narrow, round(narrow * LARGER), chart.alt),)
    wide = chart.redraw(PICTURE_WIDTH)
    return (
        MailPicture(content_id, section, wide, PICTURE_WIDTH, chart.alt, "wide"),
        MailPicture(f"{content_id}-phone", section, chart.narrow, narrow, chart.alt, "phone"),
    )


def mail_message(report: Report, pictures: Sequence[MailPicture], options: MailOptions) -> dict[str, Any]:
    """What the mail connector is handed: subject, text, html, the pictures that it names, the files that go with it."""
    attached, left_out = fitting(options.attachments)
    html = _fitting_html(report, pictures, options, left_out)
    named = [picture for picture in pictures if f'cid:{picture.content_id}"' in html]
    return {
        "subject": mail_subject(report, options),
        "text": mail_text(report, _around(report, options, left_out)),
        "html": html,
        "pictures": [{"content_id": p.content_id, "file": p.file, "alt": p.alt} for p in named],
        "attachments": list(attached),
    }


def mail_subject(report: Report, options: MailOptions) -> str:
    """One line; what the author wrote, or the headline."""
    filled = options.subject or "{headline}"
    day = day_label(report.covers_until or report.as_of.date(), report.locale)
    for name, value in {"headline": plain(report.headline), "name": report.name, "day": day}.items():
        filled = filled.replace(f"{{{name}}}", value)
    marked = text(language(report.locale), "mail_subject_test", subject=filled) if options.is_test else filled
    line = CONTROLS.sub(" ", marked).strip()
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def fitting(files: Sequence[tuple[str, int]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files that a mail can carry, in their order, and those for which there is no room left."""
    room, kept, left_out = MOST_ATTACHED, [], []
    for name, size in files:
        if size <= room:
            room -= size
            kept.append(name)
        else:
            left_out.append(name)
    return tuple(kept), tuple(left_out)


def _shown(report: Report) -> tuple[Section, ...]:
    """The sections that a mail draws: a dropdown cannot open, so its first choice is seen and the others are links."""
    return report.sections[:1] if report.layout == "dropdown" else report.sections


def _fitting_html(
    report: Report, pictures: Sequence[MailPicture], options: MailOptions, left_out: Sequence[str]
) -> str:
    """The HTML below its limit: with shorter tables, then without the last sections, which the report itself has."""
    sections = _shown(report)
    for most_rows in MOST_ROWS:
        drawn = _html(report, sections, pictures, options, left_out, most_rows)
        if len(drawn.encode("utf-8")) <= MOST_BYTES:
            return drawn
    while len(sections) > 1:
        sections = sections[: len(sections) // 2]
        drawn = _html(report, sections, pictures, options, left_out, 0)
        if len(drawn.encode("utf-8")) <= MOST_BYTES:
            return drawn
    return drawn


def _html(
    report: Report,
    sections: Sequence[Section],
    pictures: Sequence[MailPicture],
    options: MailOptions,
    left_out: Sequence[str],
    most_rows: int,
) -> str:
    drawn = (
        _environment()
        .get_template("mail.html")
        .render(
            report=report,
            options=options,
            subject=mail_subject(report, options),
            lang=language(report.locale),
            say=partial(text, language(report.locale)),
            sections=[_cut(section, most_rows) for section in sections],
            pictures={section.key: _drawn(pictures, section) for section in sections},
            others=_others(report, sections, options),
            before=words_html(options.before),
            after=words_html(options.after),
            around=_around(report, options, left_out),
            preview=_preview(report),
            crossed=band(report),
            unsubscribe=UNSUBSCRIBE,
        )
    )
    return _inliner().inline(drawn)


@dataclass(frozen=True)
class _Cut:
    """A section whose table lost `missing` rows. wide: columns of it that phones have no room for.

    wraps: whether its cells are broken into lines, since they do not fit side by side.
    """

    section: Section
    missing: int = 0
    wide: frozenset[int] = frozenset()
    wraps: bool = False


def _cut(section: Section, most_rows: int) -> _Cut:
    """Of a table the first rows, and its total."""
    table = section.table
    if table is None:
        return _Cut(section)
    shorter, missing = first_rows(table, most_rows)
    if missing and not most_rows:
        section, missing = replace(section, table=None), len(table.rows)
    elif missing:
        section = replace(section, table=shorter)
    widths = _widths(table)
    return _Cut(section, missing, _wide_columns(table, widths), sum(widths) > MAIL_LETTERS)


def _widths(table: Table) -> list[int]:
    """Letters that each column needs; its heading may be broken into words."""
    return [
        max([*(len(row[index].text) for row in table.rows), *map(len, head.split())], default=0)
        for index, head in enumerate(table.columns)
    ]


def _wide_columns(table: Table, widths: Sequence[int]) -> frozenset[int]:
    """The columns to be left out on a phone until the others have room; never the first one, nor the last effect.

    Figures in small print go first, then values, then effects; the widest first.
    """
    tones = [{row[index].tone for row in table.rows} for index in range(len(widths))]
    effects = [index for index, found in enumerate(tones) if found & {"good", "bad"}]
    left = list(range(len(widths)))
    droppable = sorted(
        set(left) - {0, *effects[-1:]},
        key=lambda index: ("muted" in tones[index], index not in effects, widths[index], -index),
    )
    while droppable and sum(widths[index] + 1 for index in left) > PHONE_LETTERS:
        left.remove(droppable.pop())
    return frozenset(range(len(widths))) - frozenset(left)


def _drawn(pictures: Sequence[MailPicture], section: Section) -> list[MailPicture]:
    return [picture for picture in pictures if picture.section == section.key]


def _others(report: Report, sections: Sequence[Section], options: MailOptions) -> tuple[tuple[str, str], ...]:
    """What the mail does not show, each with its address in the report; "" where there is none."""
    rest = report.sections[len(sections) :]
    link = f"{options.link}?view=" if options.link else ""
    return tuple((option_label(each, report.locale), link and link + quote(each.key, safe="")) for each in rest)


def _around(report: Report, options: MailOptions, left_out: Sequence[str]) -> Around:
    """The words around the report, for HTML and plain text alike."""
    say = partial(text, language(report.locale))
    as_of = f"{moment_label(report.as_of, report.zone, report.locale)} {report.zone}"
    covers = day_label(report.covers_until, report.locale) if report.covers_until else ""
    return Around(
        link=options.link,
        before=options.before,
        after=options.after,
        test=say("mail_test") if options.is_test else "",
        as_of=say("data_as_of", moment=as_of) + (f", {say('covers_until', day=covers)}" if covers else ""),
        rendered=say("rendered_at", moment=moment_label(report.rendered_at, report.zone, report.locale)),
        left_out=say("mail_left_out", files=", ".join(left_out)) if left_out else "",
        reason=say("mail_reason", export=options.export),
        unsubscribe=say("mail_unsubscribe") if options.has_unsubscribe else "",
        others=_others(report, _shown(report), options),
    )


def _preview(report: Report) -> str:
    """What mail programs show behind the subject."""
    said = [line for section in report.sections[:1] for line in section.comment[:1]]
    return plain(report.alert) or next(map(plain, said), "")


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@cache
def _environment() -> Environment:
    return environment(TEMPLATES / "mail")
