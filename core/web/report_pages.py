"""The pages a reader meets instead of a report: closed, sign in, loading, cannot be shown."""

from __future__ import annotations

import html
from dataclasses import dataclass

from core.report.assets import asset_name


@dataclass(frozen=True)
class Message:
    """A page of one sentence. `reload_s`: it asks again by itself."""

    status: int
    title: str
    text: str
    reload_s: int | None = None


CLOSED = Message(404, "This link does not work", "This link does not exist or no longer works. Ask its sender.")
SIGN_IN = Message(
    401,
    "This report is not public",
    "Only people of its organisation may see it. Signing in comes with people; until then it opens with an API token "
    "(Authorization: Bearer …).",
)
MAY_NOT = Message(403, "This report needs scope 'read'", "The API token that was sent does not carry it.")
FIRST_LOAD = Message(
    503,
    "The data is being loaded",
    "It is read from its source for the first time. This page asks again by itself.",
    reload_s=5,
)
CANNOT = Message(503, "This report cannot be shown right now", "Its data does not fit its definition. Ask its sender.")


def page_of(message: Message) -> bytes:
    """The page in HTML, in the look of reports."""
    title, text = html.escape(message.title), html.escape(message.text)
    again = f'<meta http-equiv="refresh" content="{message.reload_s}">' if message.reload_s else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<title>{title}</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="/static/{asset_name("report.css")}"></head>'
        f'<body class="message"><header><div class="name"><span class="mark" aria-hidden="true"></span>'
        f'<h1>Bridgecast</h1></div></header><main><section class="card"><h2>{title}</h2><p>{text}</p></section>'
        "</main></body></html>"
    ).encode()
