"""Makers and senders as small as they can be, which do what they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from core.connectors.base import Receipt
from core.delivery.ledger import Ledger
from core.delivery.work import Build, Claim, Made, PlannedDelivery


@dataclass
class Maker:
    """Makes the deliveries that a run's definition lists under "to"; `first` is called before."""

    first: Callable[[Build], None] = lambda build: None
    made: list[str] = field(default_factory=list)

    def make(self, build: Build) -> Made:
        self.first(build)
        self.made.append(build.run_id)
        to = build.definition.get("to", ["d"])
        return Made(deliveries=tuple(PlannedDelivery(each, "webhook", each, {}) for each in to))


@dataclass
class Sender:
    """Keeps what it is handed. `first` is called after the beginning was written down."""

    ledger: Ledger
    first: Callable[[Claim], None] = lambda claim: None
    sent: list[Claim] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def send(self, claim: Claim) -> Receipt:
        self.ledger.begun(claim)
        self.first(claim)
        with self.guard:
            self.sent.append(claim)
        return Receipt(status=200)
