"""Menus in Slack: a choice is told to us signed, or by Socket Mode; its report answers with what it was sent with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.connections import Connections
from core.connectors.base import Account
from core.connectors.slack import Choice, Chosen, Slack, payload_of, read_choice, verified
from core.delivery.artefacts import ArtefactLost, Artefacts
from core.errors import DataError, NotFound, SecretsLost
from core.model.runs import Delivery
from core.store import Store
from core.store.runs import find_artefact, find_delivery

GONE = "What was sent with this message is no longer kept. Open the report instead."


@dataclass(frozen=True)
class Known:
    """A choice, and the connections whose app told it: several workspaces may have installed one app."""

    choice: Choice
    connections: frozenset[str]


@dataclass(frozen=True)
class SlackChoices:
    """The choices of one organisation's reports in Slack."""

    store: Store
    connections: Connections
    artefacts: Artefacts
    organisation_id: str
    clock: Callable[[], datetime]

    def signed(self, body: bytes, headers: Mapping[str, str]) -> frozenset[str]:
        """The connections whose app signed a call; none when it was nobody's."""
        now, accounts = self.clock(), self.accounts("signing_secret")
        return frozenset(
            connection_id
            for connection_id, account in accounts
            if verified(account.secrets["signing_secret"].strip(), body, headers, now)
        )

    def accounts(self, secret: str) -> Iterator[tuple[str, Account]]:
        """The Slack connections that have this secret, by id."""
        for saved in self.connections.all():
            if saved.kind == Slack.kind and secret in saved.secrets:
                try:
                    yield saved.id, self.connections.channel(Slack.kind, saved.id)[1]
                except (NotFound, SecretsLost):
                    continue

    def read(self, body: bytes) -> Mapping[str, Any]:
        """What a call says. Raises DataError."""
        return payload_of(body)

    def known(self, payload: Mapping[str, Any], connections: Iterable[str]) -> Known | None:
        """The choice in a call that an app of these connections told; None for anything else that was pressed."""
        choice = read_choice(payload)
        return Known(choice, frozenset(connections)) if choice else None

    def answer(self, known: Known) -> None:
        """Show what was chosen.

        Raises NotFound for a report of another connection, DataError for one that is no longer kept, DeliveryError.
        """
        with self.store.read() as session:
            row = find_delivery(session, self.organisation_id, known.choice.delivery_id)
            if row is None or row.connection_id not in known.connections:
                raise NotFound("There is no such report of this connection.")
            artefact = find_artefact(session, self.organisation_id, row.run_id, row.message)
        if artefact is None:
            raise DataError(GONE)
        try:
            message = json.loads(self.artefacts.read(artefact))
        except ArtefactLost:
            raise DataError(GONE) from None
        self._show(row, message, known)

    def _show(self, row: Delivery, message: Mapping[str, Any], known: Known) -> None:
        account = self.connections.channel(Slack.kind, row.connection_id)[1]
        Chosen(message, row.cursor).answer(account, self.connections.outside, known.choice)
