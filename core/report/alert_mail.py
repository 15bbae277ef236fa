"""Alerts about exports themselves, as sentences: what happened, what was tried, what to do next, and where to look.

The same sentences are a mail, a card in the inbox, and the text of chats and webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, Literal

from css_inline import CSSInliner
from jinja2 import Environment

from core.report.dates import moment_label
from core.report.mail import CONTROLS, LONGEST_SUBJECT
from core.report.messages import text
from core.report.numbers import language
from core.report.templating import TEMPLATES, environment

What = Literal[
    "failed",
    "failing",
    "unmade",
    "unmade_still",
    "recovered",
    "made_again",
    "disabled",
    "connection",
    "stopped",
    "late",
    "missed",
    "empty",
    "succeeded",
]
NEXT: Mapping[str, str] = {
    "failed": "failed",
    "failing": "failed",
    "unmade": "unmade",
    "unmade_still": "unmade",
    "disabled": "disabled",
    "connection": "connection",
    "stopped": "stopped",
    "late": "late",
    "missed": "missed",
}
"""What is advised, by what happened."""
OPENS: Mapping[str, str] = {
    "connection": "told_open_connections",
    "disabled": "told_open_runs",
    "stopped": "told_open_export",
}
"""What the link is called, by what happened; of all else it leads to the run."""
MOST_LISTED = 50
"""More pieces of news than these are counted in a mail, and stand in the app."""


@dataclass(frozen=True)
class News:
    """One piece of news. export, name: of export and destination (or connection), as people call them.

    text: the reason, or what was found. tried, at: tries of the delivery, and the last one's moment; of what is late,
    its time. count, since: failures since the last alert, and since when it fails. link: where to look.
    """

    what: What
    export: str
    name: str = ""
    text: str = ""
    tried: int = 0
    count: int = 0
    at: datetime | None = None
    since: datetime | None = None
    link: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        moments = {
            "at": self.at.isoformat() if self.at else None,
            "since": self.since.isoformat() if self.since else None,
        }
        return {**self.__dict__, **moments}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> News:
        """What was kept."""
        moments = {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in ("at", "since")}
        return cls(**{**kept, **moments})


@dataclass(frozen=True)
class Told:
    """One piece of news in words. open: what the link is called."""

    title: str
    lines: tuple[str, ...]
    link: str
    open: str


def told(news: News, locale: str, zone: str) -> Told:
    """The news in words. zone: of moments, which name it."""
    say = partial(text, language(locale))
    at, since = (f"{moment_label(when, zone, locale)} {zone}" if when else "" for when in (news.at, news.since))
    lines = [say("told_why", text=news.text)] if news.text else []
    if news.tried:
        lines.append(say("told_tried", count=str(news.tried), at=at))
    if news.count and news.what in {"failing", "unmade_still"}:
        lines.append(say("told_again", count=str(news.count), since=since))
    if news.what in NEXT:
        lines.append(say(f"told_next_{NEXT[news.what]}"))
    title = say(f"told_{news.what}", export=news.export, name=news.name, at=at)
    opens = OPENS.get(news.what, "told_open")
    return Told(_line(title), tuple(lines), news.link, say(opens))


def alert_subject(news: Sequence[Told], locale: str) -> str:
    """One line for all of it."""
    if len(news) == 1:
        return news[0].title
    return _line(text(language(locale), "told_several", count=str(len(news)), first=news[0].title))


def alert_mail(news: Sequence[Told], locale: str) -> dict[str, Any]:
    """What the mail connector is handed."""
    say = partial(text, language(locale))
    subject, shown = alert_subject(news, locale), news[:MOST_LISTED]
    drawn = (
        _environment()
        .get_template("alert.html")
        .render(subject=subject, lang=language(locale), news=shown, reason=say("told_reason"))
    )
    blocks = ["\n".join([each.title, "", *each.lines, each.open, each.link]) for each in shown]
    plain = "\n\n".join([*blocks, f"-- \n{say('told_reason')}"]) + "\n"
    return {"subject": subject, "text": plain, "html": _inliner().inline(drawn), "pictures": [], "attachments": []}


def alert_card(news: Sequence[Told], locale: str) -> dict[str, Any]:
    """What a card of the inbox holds: the same keys as a report's."""
    lines = list(news[0].lines) if len(news) == 1 else [each.title for each in news[:MOST_LISTED]]
    return {
        "title": alert_subject(news, locale),
        "alert": "",
        "has_crossed": False,
        "lines": lines,
        "link": news[0].link,
        "export": "",
    }


def _line(words: str) -> str:
    """One line, as a subject must be."""
    line = CONTROLS.sub(" ", words).strip()
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@cache
def _environment() -> Environment:
    return environment(TEMPLATES / "mail")
