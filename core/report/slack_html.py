"""Slack messages as a page, near to how Slack shows them: the elements that we emit, in light and dark, no script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from typing import Any

from markupsafe import Markup, escape

LINK = re.compile(r"<((?:https?://|mailto:)[^|>]*)\|([^>]*)>")
MARKS = tuple(
    (re.compile(rf"(?<![\w{sign}]){sign}([^\s{sign}](?:[^{sign}\n]*[^\s{sign}])?){sign}(?!\w)"), tag)
    for sign, tag in ((r"\*", "b"), ("_", "i"), ("~", "s"), ("`", "code"))
)
"""What stands between two of these signs, at the edges of words."""
EMOJI: Mapping[str, str] = {":rotating_light:": "🚨", ":test_tube:": "🧪"}
STYLE = """
:root{color-scheme:light dark;--ink:#1d1c1d;--soft:#616061;--line:#dddddd;--page:#ffffff;--link:#1264a3;--go:#007a5a}
@media(prefers-color-scheme:dark){:root{--ink:#d1d2d3;--soft:#ababad;--line:#46484b;--page:#1a1d21;--link:#1d9bd1}}
body{margin:0;padding:16px;background:var(--page);color:var(--ink);font:15px/1.46 Lato,system-ui,sans-serif}
article{display:grid;grid-template-columns:36px minmax(0,1fr);gap:0 10px;max-width:720px}
.face{width:36px;height:36px;border-radius:6px;background:#1f2937;color:#fff;display:grid;place-items:center}
.who{font-weight:700}
.app{font-size:10px;background:var(--line);border-radius:3px;padding:1px 3px;margin:0 5px}
.who small,.context,.replies{color:var(--soft);font-weight:400;font-size:12.5px}
h3{font-size:18px;line-height:1.3;margin:12px 0 2px;overflow-wrap:anywhere}
p{margin:6px 0;overflow-wrap:anywhere;white-space:pre-line}
img{display:block;max-width:100%;height:auto;margin:8px 0;border:1px solid var(--line);border-radius:8px}
.actions{display:flex;flex-wrap:wrap;gap:8px;margin:10px 0}
.button,select{font:inherit;font-weight:700;font-size:13px;border:1px solid var(--line);border-radius:6px;
 padding:5px 12px;color:var(--ink);background:var(--page);text-decoration:none;max-width:100%}
.primary{background:var(--go);border-color:var(--go);color:#fff}a{color:var(--link)}
.thread{margin:14px 0 0 46px;padding-left:14px;border-left:2px solid var(--line);display:grid;gap:16px;max-width:680px}
"""


def slack_page(posts: Sequence[Mapping[str, Any]], *, name: str = "Bridgecast", lang: str = "en") -> str:
    """The messages of a thread. posts: as they are sent, pictures by address."""
    first, *replies = [_post(post, name) for post in posts] or [Markup()]
    thread = Markup("")
    if replies:
        count = f"{len(replies)} {'reply' if len(replies) == 1 else 'replies'}"
        thread = Markup('<div class="thread"><div class="replies">{}</div>{}</div>').format(count, _joined(replies))
    head = Markup('<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>Slack</title><style>{}</style>')
    body = Markup("</head><body>{}{}</body></html>").format(first, thread)
    return str(head.format(lang, Markup(STYLE)) + body)  # noqa: S704 - a constant of ours


def _post(post: Mapping[str, Any], name: str) -> Markup:
    said = _joined(_block(block) for block in post["blocks"])
    who = Markup('<div class="who">{}<span class="app">APP</span></div>').format(name)
    return Markup('<article><div class="face" aria-hidden="true">{}</div><div>{}{}</div></article>').format(
        name[:1].upper(), who, said
    )


def _block(block: Mapping[str, Any]) -> Markup:
    match block["type"]:
        case "header":
            return Markup("<h3>{}</h3>").format(_text(block["text"]))
        case "section":
            return Markup("<p>{}</p>").format(_text(block["text"]))
        case "context":
            return Markup('<p class="context">{}</p>').format(Markup("<br>").join(map(_text, block["elements"])))
        case "image":
            return Markup('<img src="{}" alt="{}">').format(block["image_url"], block["alt_text"])
        case "actions":
            return Markup('<div class="actions">{}</div>').format(_joined(map(_element, block["elements"])))
        case _:
            return Markup("<hr>")


def _element(one: Mapping[str, Any]) -> Markup:
    if one["type"] == "button":
        style = " primary" if one.get("style") == "primary" else ""
        return Markup('<a class="button{}" href="{}" target="_blank" rel="noopener">{}</a>').format(
            style, one["url"], _text(one["text"])
        )
    chosen = one.get("initial_option", {}).get("value")
    options = _joined(
        Markup("<option{}>{}</option>").format(
            Markup(" selected") if option["value"] == chosen else Markup(""), _text(option["text"])
        )
        for option in one["options"]
    )
    return Markup('<select aria-label="{}">{}</select>').format(_text(one["placeholder"]), options)


def _text(said: Mapping[str, Any]) -> Markup:
    return _mrkdwn(str(said["text"])) if said["type"] == "mrkdwn" else escape(said["text"])


def _mrkdwn(said: str) -> Markup:
    """Links, then what stands between them."""
    parts, at = [], 0
    for link in LINK.finditer(said):
        label = _marked(link[2])
        parts += [_marked(said[at : link.start()]), Markup('<a href="{}">{}</a>').format(unescape(link[1]), label)]
        at = link.end()
    return _joined([*parts, _marked(said[at:])])


def _marked(said: str) -> Markup:
    for name, sign in EMOJI.items():
        said = said.replace(name, sign)
    shown = str(escape(unescape(said)))
    for marked, tag in MARKS:
        shown = marked.sub(rf"<{tag}>\1</{tag}>", shown)
    return Markup(shown)  # noqa: S704 - escaped above


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
