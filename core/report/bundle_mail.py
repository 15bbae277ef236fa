"""Mails of several reports in one: each report's part one after the other, with its own links."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from core.connectors.email import UNSUBSCRIBE
from core.report.mail import LONGEST_SUBJECT
from core.report.messages import CATALOGUES, text

BODY = re.compile(r"(?P<head>.*?<body[^>]*>)(?P<body>.*)(?P<foot></body>.*)", re.DOTALL)
TITLE = re.compile(r"<title>.*?</title>", re.DOTALL)
LANGUAGE = re.compile(r'<html[^>]*\blang="(\w+)')
RULE = "=" * 72
NOTE = (
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>'
    '<td align="center" style="padding:16px;font-family:Arial,sans-serif;font-size:14px">{}</td></tr></table>'
)


def mark(number: int) -> str:
    """What stands in the mail for the address by which the report with this number, from 1, is left."""
    return UNSUBSCRIBE if number == 1 else f"https://unsubscribe-{number}.invalid/"


def own_name(number: int, name: str) -> str:
    """What a picture of the report with this number is called in the mail."""
    return name if number == 1 else f"report-{number}-{name}"


def bundle_mail(messages: Sequence[Mapping[str, Any]], late: Sequence[str]) -> dict[str, Any]:
    """One message of several, as `mail_message` makes them, in the first one's language.

    late: names of the reports that should be among them and are not ready.
    """
    found = LANGUAGE.search(str(messages[0]["html"]))
    lang = found[1] if found and found[1] in CATALOGUES else "en"
    note = text(lang, "mail_bundle_late", names=", ".join(late)) if late else ""
    subject = _subject(lang, [str(message["subject"]) for message in messages])
    return {
        "subject": subject,
        "text": _text(messages, note),
        "html": _html(messages, note, subject),
        "pictures": [
            {**picture, **{name: own_name(number, picture[name]) for name in ("content_id", "file")}}
            for number, message in enumerate(messages, 1)
            for picture in message["pictures"]
        ],
        "attachments": [name for message in messages for name in message["attachments"]],
    }


def _subject(lang: str, subjects: Sequence[str]) -> str:
    if len(subjects) == 1:
        return subjects[0]
    line = text(lang, "mail_bundle_subject", count=str(len(subjects)), subjects="; ".join(subjects))
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def _text(messages: Sequence[Mapping[str, Any]], note: str) -> str:
    """What follows "-- " is a signature to mail programs, so only the last part has one."""
    parts = [_left_by(number, str(message["text"])) for number, message in enumerate(messages, 1)]
    whole = [part.replace("\n-- \n", "\n") for part in parts[:-1]] + parts[-1:]
    return (f"{note}\n\n" if note else "") + f"\n{RULE}\n\n".join(whole)


def _html(messages: Sequence[Mapping[str, Any]], note: str, subject: str) -> str:
    """The first one's page with the bodies of all: they have one style sheet."""
    pages = [BODY.fullmatch(_html_of(number, message)) for number, message in enumerate(messages, 1)]
    found = [page for page in pages if page is not None]
    head = TITLE.sub(lambda _: f"<title>{escape(subject)}</title>", found[0]["head"])
    told = NOTE.format(escape(note)) if note else ""
    return head + told + "\n".join(page["body"] for page in found) + found[0]["foot"]


def _html_of(number: int, message: Mapping[str, Any]) -> str:
    html = _left_by(number, str(message["html"]))
    for picture in message["pictures"]:
        own = str(picture["content_id"])
        html = html.replace(f'cid:{own}"', f'cid:{own_name(number, own)}"')
    return html


def _left_by(number: int, said: str) -> str:
    return said.replace(UNSUBSCRIBE, mark(number))
