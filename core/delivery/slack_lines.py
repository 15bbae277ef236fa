"""The lines to Slack that the sidecar keeps open: one an app-level token, whichever connections share it."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.connectors.base import Account
from core.connectors.slack.socket_mode import envelopes, open_line
from core.delivery.attempts import attempted
from core.delivery.slack_choices import SlackChoices
from core.errors import BridgecastError, DeliveryError

log = structlog.get_logger(__name__)

LOOK_S, LISTEN_S, AGAIN_S = 10.0, 1.0, 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 300.0
LASTS_S = 30.0
"""A line that ends sooner is opened again after a pause: Slack ends those at once for which Socket Mode is off."""
END_S = 5.0


class SlackLines:
    """Opens the lines that connections want, and ends those that nobody wants any more."""

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
            match attempted(self._look):
                case SQLAlchemyError() as error:
                    log.warning("lines to Slack not looked at", reason=type(error).__name__)
                case Exception() as error:
                    log.error("lines to Slack not looked at, unexpectedly", exc_info=error)
            if self._stopping.wait(LOOK_S):
                return

    def _look(self) -> None:
        wanted = self._wanted()
        for token, kept in list(self._kept.items()):
            if token not in wanted or not kept.serves(wanted[token]):
                kept.end()
                del self._kept[token]
        for token, accounts in wanted.items():
            if token not in self._kept:
                self._kept[token] = _Kept(self._choices, accounts)

    def _wanted(self) -> dict[str, dict[str, Account]]:
        """The connections that share a token, by their ids: of several lines of one app Slack tells each only some."""
        wanted: dict[str, dict[str, Account]] = defaultdict(dict)
        for connection_id, account in self._choices.accounts("app_token"):
            if "token" in account.secrets:
                wanted[account.secrets["app_token"].strip()][connection_id] = account
        return wanted


class _Kept:
    """One line, opened again whenever it ends, by the oldest of the connections that share its token."""

    def __init__(self, choices: SlackChoices, accounts: Mapping[str, Account]) -> None:
        self._choices, self._accounts = choices, accounts
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slack-line", daemon=True)
        self._thread.start()

    def serves(self, accounts: Mapping[str, Account]) -> bool:
        """Whether it is alive, and nothing was changed since it was opened."""
        return self._thread.is_alive() and _plain(accounts) == _plain(self._accounts)

    def end(self) -> None:
        """Close it with its next look, at once."""
        self._stopping.set()

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            began_s = time.monotonic()
            self._listen()
            if time.monotonic() - began_s >= LASTS_S:
                pause_s = AGAIN_S
            self._stopping.wait(pause_s)
            pause_s = min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)

    def _listen(self) -> None:
        """Answer what comes by one line, until it ends."""
        connection_id, account = next(iter(self._accounts.items()))
        try:
            with open_line(account, self._choices.connections.outside) as line:
                for payload in envelopes(line, LISTEN_S):
                    if self._stopping.is_set():
                        return
                    if payload is not None:
                        self._answer(payload)
        except DeliveryError as error:
            log.warning("no line to Slack", connection=connection_id, reason=str(error))

    def _answer(self, payload: Mapping[str, Any]) -> None:
        known = self._choices.known(payload, self._accounts)
        if known is None:
            return
        try:
            self._choices.answer(known)
        except (BridgecastError, SQLAlchemyError) as error:
            log.warning("a choice in Slack was not shown", delivery=known.choice.delivery_id, reason=str(error))


def _plain(accounts: Mapping[str, Account]) -> dict[str, tuple[Mapping[str, Any], Mapping[str, str]]]:
    """What accounts hold, to be compared."""
    return {name: (account.settings, account.secrets) for name, account in accounts.items()}
