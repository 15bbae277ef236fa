"""The pages a reader meets instead of a report: closed, sign in, loading, cannot be shown."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace

from core.report.assets import asset_name


@dataclass(frozen=True)
class Message:
    """A page of one sentence.

    reload_s: it asks again by itself. asks_password, error: it has a field for the link's password. button: of a form
    that sends nothing to the address that was asked for.
    """

    status: int
    title: str
    text: str
    reload_s: int | None = None
    retry_after_s: int | None = None
    asks_password: bool = False
    error: str = ""
    button: str = ""


CLOSED = Message(404, "This link does not work", "This link does not exist or no longer works. Ask its sender.")
SIGN_IN = Message(401, "This report is not public", "Only people of its organisation may see it. Sign in to see it.")
NOBODY_CAN = Message(
    401,
    "This report is not public",
    "Only people of its organisation may see it, and nobody of them can sign in yet: set a password in Bridgecast, "
    "under Settings. Until then it opens with an API token (Authorization: Bearer …).",
)
MAY_NOT = Message(403, "This report needs scope 'read'", "The API token that was sent does not carry it.")
NOT_SHARED = Message(403, "This report is not shared with you", "It is for other people. Ask its sender to add you.")
PASSWORD = Message(401, "This report has a password", "Enter the one that its sender gave you.", asks_password=True)
WRONG = replace(PASSWORD, error="This is not the password.")


def too_many(seconds: int) -> Message:
    """Too many wrong passwords came from one address."""
    text = f"Too many wrong passwords came from your address. Try again in {-(-seconds // 60)} min."
    return Message(429, "Too many attempts", text, retry_after_s=seconds)


FIRST_LOAD = Message(
    503,
    "The data is being loaded",
    "It is read from its source for the first time. This page asks again by itself.",
    reload_s=5,
)
CANNOT = Message(503, "This report cannot be shown right now", "Its data does not fit its definition. Ask its sender.")
WITHHELD = Message(
    403,
    "This report cannot be made",
    "Its author may no longer see the data it shows. Ask its sender for another one.",
)


def page_of(message: Message) -> bytes:
    """The page in HTML, in the look of reports."""
    title, text = html.escape(message.title), html.escape(message.text)
    again = f'<meta http-equiv="refresh" content="{message.reload_s}">' if message.reload_s else ""
    styles = ("report.css", "sign_in.css") if _is_narrow(message) else ("report.css",)
    links = "".join(f'<link rel="stylesheet" href="/static/{asset_name(style)}">' for style in styles)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<title>{title}</title><link rel="icon" href="data:,">{links}</head>'
        f'<body class="message"><header><div class="name"><span class="mark" aria-hidden="true"></span>'
        f"<h1>Bridgecast</h1></div></header><main{_narrow(message)}>"
        f'<section class="card"><h2>{title}</h2><p>{text}</p>{_form(message)}</section></main></body></html>'
    ).encode()


def _is_narrow(message: Message) -> bool:
    return message.asks_password or bool(message.button)


def _narrow(message: Message) -> str:
    return ' class="sign-in"' if _is_narrow(message) else ""


def _form(message: Message) -> str:
    """The field for the password, or a button; sent to the address that was asked for."""
    if message.button:
        return (
            f'<form method="post"><button class="primary" type="submit">{html.escape(message.button)}</button></form>'
        )
    if not message.asks_password:
        return ""
    error = f'<p class="error" role="alert">{html.escape(message.error)}</p>' if message.error else ""
    return (
        f'{error}<form method="post"><label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" maxlength="200" required '
        'autofocus><button class="primary" type="submit">Open the report</button></form>'
    )
