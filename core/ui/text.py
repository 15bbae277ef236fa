"""Words on pages: other people's text made harmless for Markdown, toned lines, ages, moments, sizes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import streamlit as st
from babel.dates import format_timedelta
from babel.numbers import format_decimal

from core.model.document import Line, Table, Tone
from core.report.comment import Depth
from core.report.dates import day_label, moment_label
from core.report.numbers import MINUS
from core.warehouse import Version

LOCALE = "en"
WORD_JOINER = "\u2060"
SIGN_BEFORE_UNIT = rf"([+{MINUS}])(?=[^\s\d*])"
DEPTHS: dict[Depth, str] = {"low": "Short", "medium": "Medium", "high": "Long"}
"""How long a comment is."""
MARKS = "\\`*_{}[]<>#|$~:"
LIST_OR_LINE = re.compile(r"(?m)^(\s*\d*)([-+=.)])(?=[-=\s]|$)")
"""What a line must not begin with: lists, which labels drop, and rules."""
LINK = re.compile(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)")
"""Where something cuts an address apart that Streamlit would make a link of."""
TONES: dict[Tone, str] = {"good": ":green[**{}**]", "bad": ":red[**{}**]", "strong": "**{}**", "muted": ":gray[{}]"}
JUST_NOW = timedelta(seconds=10)
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def escape(text: str) -> str:
    """Text of other people's making, such that Markdown shows it as it is, and makes no link of it.

    What people are to copy, such as a mail address, belongs into `st.text`: here an invisible sign cuts it apart.
    """
    text = LINK.sub(WORD_JOINER, text)
    for mark in MARKS:
        text = text.replace(mark, f"\\{mark}")
    return LIST_OR_LINE.sub(r"\1\\\2", text)


def markdown(line: Line) -> str:
    """A line with its tones, for st.markdown; no sign is left behind at the end of a line."""
    said = "".join(TONES.get(part.tone, "{}").format(escape(part.text)) for part in line)
    return re.sub(SIGN_BEFORE_UNIT, rf"\1{WORD_JOINER}", said)


def markdown_table(table: Table) -> str:
    """A table with its tones, for st.markdown."""
    rules = [":--" if align == "left" else "--:" for align in table.aligns]
    head = [escape(name) for name in table.columns]
    rows = [[markdown((cell,)).replace("\n", " ") for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rules, *rows))


def ago(moment: datetime, now: datetime) -> str:
    """How long ago: "just now", "3 minutes ago"."""
    if now - moment < JUST_NOW:
        return "just now"
    return f"{format_timedelta(now - moment, locale=LOCALE, threshold=1)} ago"


def zone() -> str:
    """The reader's time zone as the browser names it, UTC when it does not."""
    return st.context.timezone or "UTC"


def moment(when: datetime) -> str:
    """A moment in the reader's zone: "1 Dec 2026, 06:02". Name the zone (`zone()`) once beside it."""
    return moment_label(when, zone(), LOCALE)


def counted(number: int) -> str:
    """A count with its thousands marked: "1,234,567"."""
    return str(format_decimal(number, locale=LOCALE))


def plural(number: int, noun: str) -> str:
    """ "1 row", "1,234 rows"."""
    return f"{counted(number)} {noun}" if number == 1 else f"{counted(number)} {noun}s"


def size(number: int) -> str:
    """A number of bytes: "3.4 MB"."""
    amount, unit = float(number), UNITS[0]
    for bigger in UNITS[1:]:
        if amount < 1000:
            break
        amount, unit = amount / 1000, bigger
    return f"{amount:.0f} {unit}" if unit == UNITS[0] else f"{amount:.1f} {unit}"


def covers_until(version: Version) -> str:
    """The newest day in the data: "31 Oct 2026", or "no date column"."""
    return day_label(version.newest, LOCALE) if version.newest else "no date column"


def age_line(version: Version, now: datetime) -> str:
    """ "Data version 3 · as of 2 hours ago · covers until 31 Oct 2026"."""
    parts = [f"Data version {version.number}", f"as of {ago(version.as_of, now)}"]
    if version.newest:
        parts.append(f"covers until {covers_until(version)}")
    return " · ".join(parts)
