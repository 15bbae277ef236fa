"""Alerts as the messages of chats."""

from __future__ import annotations

import pytest

from core.connectors.teams import MOST_BYTES, size_of
from core.report.alert_chats import slack_alert, teams_alert
from core.report.alert_mail import News, Told, told

LINK = "http://localhost:8501/Runs?run=1"


def news(count: int = 1, export: str = "Morning <!channel> *now*") -> list[Told]:
    found = News("failed", export, "Hook", "hooks.example.org answered [400](x).", tried=1, link=LINK)
    return [told(found, "en", "UTC")] * count


def test_slack_shows_what_failed_and_a_button_to_the_run() -> None:
    message = slack_alert(news(), "en")
    section, actions = message["posts"][0]["blocks"]
    assert "&lt;!channel&gt;" in section["text"]["text"]
    assert "<!channel>" not in str(message)
    assert actions["elements"][0]["url"] == LINK
    assert message["text"] == message["posts"][0]["text"]


@pytest.mark.parametrize("locale", ["en", "fr", "de", "nb"])
def test_a_card_for_teams_fits_the_schema_and_the_room(locale: str) -> None:
    message = teams_alert(news(60, "x" * 190), locale)
    assert set(message["cards"]) == {"pictured", "bare", "short"}
    assert size_of(message["cards"]["bare"]) <= MOST_BYTES
    assert message["cards"]["bare"]["actions"][0]["url"] == LINK


def test_many_pieces_of_news_fit_one_message_of_slack() -> None:
    assert len(slack_alert(news(60), "en")["posts"][0]["blocks"]) <= 50
