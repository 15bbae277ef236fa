"""The lines to Slack that the sidecar keeps open: one a connection with an app-level token."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.connectors.base import Account
from core.connectors.slack.socket_mode import envelopes, open_line
from core.delivery.slack_choices import SlackChoices
from core.errors import BridgecastError, DeliveryError

log = structlog.get_logger(__name__)

LOOK_S, LISTEN_S, AGAIN_S = 10.0, 1.0, 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 300.0
END_S = 5.0


class SlackLines:
    """Opens a line for each connection that wants one, and ends those that nobody wants any more."""

    def __init__(self, choices: SlackChoices) -> None:
        self._choices = choices
        self._stopping = threading.Event()
        self._kept: dict[str, _Kept] = {}
        self._thread = threading.Thread(target=self._run, name="slack-lines", daemon=True)

    def start(self) -> None:
        """Look for connections at once, then now and then."""
        self._thread.start()

    def stop(self) -> None:
        """End all lines."""
        self._stopping.set()
        self._thread.join(END_S)
        for kept in self._kept.values():
            kept.end()

    def _run(self) -> None:
        while True:
            try:
                self._look()
            except SQLAlchemyError as error:
                log.warning("lines to Slack not looked at", reason=type(error).__name__)
            if self._stopping.wait(LOOK_S):
                return

    def _look(self) -> None:
        wanted = {key: account for key, account in self._choices.accounts("app_token") if "token" in account.secrets}
        for key, kept in list(self._kept.items()):
            if key not in wanted or not kept.is_of(wanted[key]):
                kept.end()
                del self._kept[key]
        for key, account in wanted.items():
            if key not in self._kept:
                self._kept[key] = _Kept(self._choices, key, account)


class _Kept:
    """One line, opened again whenever it ends."""

    def __init__(self, choices: SlackChoices, connection_id: str, account: Account) -> None:
        self.account = account
        self._choices, self._connection_id = choices, connection_id
        self._stopping = threading.Event()
        threading.Thread(target=self._run, name="slack-line", daemon=True).start()

    def is_of(self, account: Account) -> bool:
        """Whether nothing was changed since it was opened."""
        return (account.settings, account.secrets) == (self.account.settings, self.account.secrets)

    def end(self) -> None:
        """Close it with its next look, at once."""
        self._stopping.set()

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                with open_line(self.account, self._choices.connections.outside) as line:
                    pause_s = FIRST_PAUSE_S
                    for payload in envelopes(line, LISTEN_S):
                        if self._stopping.is_set():
                            return
                        if payload is not None:
                            self._answer(payload)
                self._stopping.wait(AGAIN_S)
            except DeliveryError as error:
                log.warning("no line to Slack", connection=self._connection_id, reason=str(error))
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _answer(self, payload: Mapping[str, Any]) -> None:
        known = self._choices.known(payload, {self._connection_id})
        if known is None:
            return
        try:
            self._choices.answer(known)
        except (BridgecastError, SQLAlchemyError) as error:
            log.warning("a choice in Slack was not shown", delivery=known.choice.delivery_id, reason=str(error))
