"""Writes of several threads that are kept by one transaction: each of its own would cost one flush of the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlmodel import Session

from core.errors import BridgecastError
from core.store.engine import Store

Found = TypeVar("Found")


@dataclass
class _Write:
    act: Callable[[Session], Any]
    is_kept: bool = False
    found: Any = None
    refusal: BridgecastError | None = None

    def do(self, session: Session) -> None:
        try:
            self.found, self.refusal = self.act(session), None
        except BridgecastError as error:
            self.found, self.refusal = None, error


class Together:
    """Whoever comes while a transaction is being kept waits for the next one, and goes with all who wait then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn, self._guard = threading.Lock(), threading.Lock()
        self._waiting: list[_Write] = []

    def write(self, act: Callable[[Session], Found]) -> Found:
        """Do this; it is kept when the call returns. What it found.

        act: may be called again after a transaction that was not kept; raises a BridgecastError, which comes out here,
        before it changes anything. Raises what the store raises.
        """
        own = _Write(act)
        with self._guard:
            self._waiting.append(own)
        with self._turn:
            if not own.is_kept:
                self._keep(own)
        if own.refusal is not None:
            raise own.refusal
        found: Found = own.found
        return found

    def _keep(self, own: _Write) -> None:
        """All who wait, in one transaction; when that fails, this one alone: nobody hears of another's fault."""
        with self._guard:
            batch, self._waiting = self._waiting, []
        if len(batch) > 1:
            # Nothing is hidden: each does it again alone, and hears of its own error then.
            with suppress(Exception):
                self._keep_all(batch)
        if not own.is_kept:
            with self._guard:
                self._waiting = [*(each for each in batch if each is not own), *self._waiting]
            self._keep_all([own])

    def _keep_all(self, batch: list[_Write]) -> None:
        with self._store.write() as session:
            for each in batch:
                each.do(session)
        for each in batch:
            each.is_kept = True
