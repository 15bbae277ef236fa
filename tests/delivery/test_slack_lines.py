"""The lines to Slack are looked after as long as the sidecar lives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.connectors.base import Account
from core.delivery import slack_lines
from core.delivery.slack_lines import SlackLines
from tests.polling import wait_for


class Choices:
    """Of which nobody can say at first who wants a line."""

    looks = 0

    def accounts(self, _secret: str) -> Iterator[tuple[str, Account]]:
        self.looks += 1
        if self.looks == 1:
            raise LookupError
        return iter(())


def test_what_nobody_expected_does_not_end_the_look_after_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_lines, "LOOK_S", 0.01)
    choices = Choices()
    lines = SlackLines(choices)  # type: ignore[arg-type]
    lines.start()
    wait_for(lambda: choices.looks > 2, what="look after one that broke")
    lines.stop()
