"""Alerts about exports themselves, as Slack and Teams take them: the sentences of `alert_mail`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.report.alert_mail import Told, alert_subject
from core.report.card_parts import opening
from core.report.card_schema import require_card
from core.report.card_text import escaped as in_card
from core.report.card_text import text_block
from core.report.messages import text
from core.report.mrkdwn import bold
from core.report.mrkdwn import escaped as in_slack
from core.report.numbers import language
from core.report.slack_blocks import button
from core.report.slack_packing import LONGEST_TEXT, Block, cut, sections_of

MOST = 10
"""More pieces of news than these are not listed in a chat; the title counts them."""


def slack_alert(news: Sequence[Told], locale: str) -> dict[str, Any]:
    """What the connector for Slack is handed."""
    said = in_slack(cut(alert_subject(news, locale), LONGEST_TEXT))
    blocks = [block for each in news[:MOST] for block in _blocks(each)]
    return {
        "text": said,
        "posts": [{"text": said, "blocks": blocks}],
        "choices": [],
        "pictures": [],
        "link": news[0].link,
        "cut": text(language(locale), "slack_cut"),
    }


def teams_alert(news: Sequence[Told], locale: str) -> dict[str, Any]:
    """What the connector for Teams is handed. Raises DataError for a card that does not fit the official schema."""
    title = alert_subject(news, locale)
    cards = {"bare": _card(news[:MOST], title, locale), "short": _card(news[:1], title, locale)}
    for card in cards.values():
        require_card(card)
    return {"title": title, "cards": {**cards, "pictured": cards["bare"]}, "pictures": []}


def _blocks(told: Told) -> Iterable[Block]:
    yield from sections_of([bold(told.title), *map(in_slack, told.lines)])
    yield {"type": "actions", "elements": [button(told.open, told.link)]}


def _card(news: Sequence[Told], title: str, locale: str) -> dict[str, Any]:
    body: list[dict[str, Any]] = []
    for each in news:
        body.append(text_block(each.title, weight="Bolder", size="Medium", separator=bool(body)))
        body += [text_block(line) for line in each.lines]
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "lang": language(locale),
        "fallbackText": in_card(title),
        "body": body,
        "actions": [opening(news[0].open, news[0].link)],
    }
