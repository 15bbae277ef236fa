"""What carries a delivery from the ledger to a worker. The ledger stays the truth: a carrier only hands ids on."""

from __future__ import annotations

from typing import Protocol

from sqlmodel import Session


class Carrier(Protocol):
    """A queue."""

    def enqueue(self, session: Session, delivery_id: str) -> None:
        """Hand on a delivery that may go now, in the transaction that says so."""
        ...


class Embedded:
    """No queue at all: the executor of the sidecar looks into the ledger itself."""

    def enqueue(self, session: Session, delivery_id: str) -> None:
        """Nothing to do: the row is the message."""
