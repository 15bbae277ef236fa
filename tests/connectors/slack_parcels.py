"""Reports as they are handed to the Slack connector, and the connections they go by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from core.access.egress import Egress
from core.connectors.base import Account, File, Parcel, Value, checked_secrets, checked_settings
from core.connectors.slack import Slack
from core.model.data import Calendar
from core.report.slack_blocks import SlackOptions, slack_message, slack_pictures
from core.settings import Settings
from core.warehouse import Version
from tests.connectors.slack_server import TOKEN, Workspace
from tests.report.test_mail import shop_report

LINK = "https://reports.example.org/r/revenue/token"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
VERSION = Version(
    dataset="shop",
    number=214,
    rows=1000,
    bytes=4096,
    columns=(),
    calendar=Calendar(),
    as_of=datetime(2026, 12, 1, 5, 2, tzinfo=UTC),
    published_at=datetime(2026, 12, 1, 5, 3, tzinfo=UTC),
    newest=date(2026, 11, 30),
    oldest=date(2024, 12, 1),
    newest_is_full=True,
    facts=Path("214.parquet"),
)


def outside(allow: str = "127.0.0.1") -> Egress:
    return Egress(Settings(egress_allow=allow, demo=False))


def account(slack: Workspace, secrets: dict[str, str] | None = None, **settings: Value) -> Account:
    """By token, unless other secrets are given."""
    given = checked_settings(Slack.fields, {"base_url": slack.base_url, **settings})
    kept = checked_secrets(Slack.fields, {"token": TOKEN} if secrets is None else secrets)
    return Account(given, {name: value for name, value in kept.items() if value})


@dataclass
class Kept:
    """What the ledger would keep of a delivery."""

    cursor: dict[str, Any] = field(default_factory=dict)
    begun: int = 0

    def keep(self, cursor: Any) -> None:
        self.cursor = dict(cursor)

    def begin(self) -> None:
        self.begun += 1


def parcel(
    folder: Path,
    kept: Kept | None = None,
    *,
    message: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    layout: str = "slides",
) -> Parcel:
    """A report of the shop with small pictures, to #general unless it is said."""
    kept = kept or Kept()
    drawn = message or message_of(layout)
    files = []
    for picture in drawn["pictures"]:
        path = folder / picture["file"]
        path.write_bytes(b"\x89PNG " + picture["file"].encode())
        files.append(File(picture["file"], "image/png", path, alt=picture["alt"]))
    return Parcel(
        delivery_id="d1",
        run_id="r1",
        occurrence="t@2026-12-01T06:00:00Z",
        at=datetime(2026, 12, 1, 6, tzinfo=UTC),
        is_test=False,
        settings={"channel": "C0001", **(settings or {})},
        message=drawn,
        files=tuple(files),
        cursor=kept.cursor,
        keep=kept.keep,
        begin=kept.begin,
    )


@cache
def message_of(layout: str = "slides") -> dict[str, Any]:
    """Drawn once: nobody changes it."""
    report = shop_report(VERSION, layout=layout)
    return slack_message(report, slack_pictures(report), SlackOptions(export="Monday", link=LINK))


def longer(message: dict[str, Any], blocks: int = 5) -> dict[str, Any]:
    """The message with so much text in its first post that Slack refuses it."""
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_900}}
    first = message["posts"][0]
    return {**message, "posts": [{**first, "blocks": [*[long] * blocks, *first["blocks"]]}]}
