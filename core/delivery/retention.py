"""Removing what is past its retention, a batch at a time, so that nobody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.delivery.artefacts import Artefacts
from core.store import Store
from core.store.inbox import forget_cards
from core.store.retention import (
    RUN_DAYS,
    empty_runs,
    forget_runs,
    kept_days,
    known_runs,
    runs_to_empty,
    runs_to_forget,
)

BATCH = 500
# The heart waits for it: what is left goes an hour later.
BUDGET_S = 2.0


@dataclass(frozen=True)
class Retention:
    """The retention of one organisation's runs."""

    store: Store
    artefacts: Artefacts
    organisation_id: str
    clock: Callable[[], datetime]

    def prune(self, budget_s: float = BUDGET_S) -> int:
        """Remove files of runs, then runs, until all is done or the time is over; how many runs it touched.

        Cards in the inbox go with the runs that they are about.
        """
        until = time.monotonic() + budget_s
        count = 0
        with self.store.read() as session:
            retentions = kept_days(session, self.organisation_id)
        for days in retentions:
            while time.monotonic() < until and (batch := self._empty(days)):
                count += batch
        while time.monotonic() < until and (batch := self._forget()):
            count += batch
        with self.store.write() as session:
            forget_cards(session, self.organisation_id, before=self.clock() - timedelta(days=RUN_DAYS))
        return count

    def sweep(self) -> int:
        """Remove folders of files that no run knows: a making that died, a removal that did. At the start alone."""
        folders = self.artefacts.run_ids()
        with self.store.read() as session:
            known = set().union(
                *(known_runs(session, folders[at : at + BATCH]) for at in range(0, len(folders), BATCH))
            )
        left = [run_id for run_id in folders if run_id not in known]
        for run_id in left:
            self.artefacts.drop(run_id)
        return len(left)

    def _empty(self, days: int) -> int:
        """The store forgets them first: a file without a row is swept, a row without a file would be a broken run."""
        now = self.clock()
        with self.store.write() as session:
            batch = runs_to_empty(session, self.organisation_id, days, now=now, limit=BATCH)
            empty_runs(session, batch, now=now)
        for run_id in batch:
            self.artefacts.drop(run_id)
        return len(batch)

    def _forget(self) -> int:
        with self.store.write() as session:
            batch = runs_to_forget(session, self.organisation_id, now=self.clock(), limit=BATCH)
            forget_runs(session, batch)
        return len(batch)
