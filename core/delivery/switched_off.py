"""Destinations and connections that nothing is sent to any more, until a person switches them on again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.connections import Connections
from core.delivery.exports import Exports
from core.delivery.outcomes import DISABLED
from core.delivery.people_acts import MOST_MISSED
from core.delivery.seen_runs import SeenRuns
from core.errors import BridgecastError, NotFound
from core.model.runs import Circuit
from core.store import Store
from core.store.alerts import name_of_destination, off_circuits
from core.store.run_lists import missed_runs


@dataclass(frozen=True)
class Off:
    """A destination that was switched off, or a connection whose sign-in was refused (export_id "").

    missed: how many runs it got nothing of, at most 100.
    """

    id: str
    name: str
    kind: str
    export_id: str
    export: str
    reason: str
    since: datetime
    missed: int


@dataclass(frozen=True)
class SwitchedOn:
    """What became of the runs that were missed: by id the run that replays it, or why there is none."""

    missed: tuple[str, ...]
    started: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SwitchedOff:
    """Those of one organisation that a caller may see. runs, exports: as the caller sees them."""

    store: Store
    connections: Connections
    exports: Exports
    runs: SeenRuns

    def all(self) -> list[Off]:
        """Every one, the first that was switched off first. Readers hear nothing of them."""
        caller = self.runs.caller
        if caller.role == "viewer":
            return []
        exports = {export.id: export.spec.name for export in self.exports.all()}
        kinds, names = self.connections.kinds(), self.connections.names()
        found = []
        with self.store.read() as session:
            for row, since in off_circuits(session, caller.organisation_id):
                if row.export_id in exports:
                    name, kind = name_of_destination(session, row.id)
                    missed = missed_runs(session, row.id, DISABLED, since=since, limit=MOST_MISSED)
                    found.append(_off(row, since, name, kind, exports[row.export_id], len(missed)))
                elif row.export_id == "" and row.id in names:
                    found.append(_off(row, since, names[row.id], kinds[row.id], "", 0))
        return found

    def switch_on(self, circuit_id: str, *, replay: bool) -> SwitchedOn:
        """Send there again, and if wanted what was missed: the same bytes, to whoever has not got them.

        Raises NotFound, also for one that is not theirs to see.
        """
        if circuit_id not in {one.id for one in self.all()}:
            raise NotFound(f"No destination '{circuit_id}' is switched off.")
        missed = tuple(self.runs.ledger.switch_on(circuit_id))
        started, refused = {}, {}
        for run_id in missed if replay else ():
            try:
                started[run_id] = self.runs.replay(run_id, data="same", only="failed")
            except BridgecastError as error:
                refused[run_id] = str(error)
        return SwitchedOn(missed, started, refused)


def _off(row: Circuit, since: datetime, name: str, kind: str, export: str, missed: int) -> Off:
    return Off(row.id, name, kind, row.export_id, export, row.disabled_reason, since, missed)
