"""Runs as somebody may see them: those of exports and datasets that are not unknown to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.access.rights import ALWAYS
from core.access.tokens import Caller
from core.catalogue import Catalogue
from core.delivery.artefacts import Artefacts
from core.delivery.exports import Exports
from core.delivery.ledger import Ledger
from core.delivery.people_acts import Data, Only, RunDetail
from core.errors import Gone, NotFound
from core.model.delivery import RETENTION_DAYS
from core.model.runs import Artefact, Delivery, Run
from core.store.run_lists import RunFilter, RunRow


@dataclass(frozen=True)
class SeenRuns:
    """The runs that one caller may see. What they may do besides is asked of `core.access.rights` before.

    exports, catalogue: as the caller sees them.
    """

    ledger: Ledger
    exports: Exports
    catalogue: Catalogue
    artefacts: Artefacts
    caller: Caller

    def list(self, asked: RunFilter, *, limit: int = 50, before: tuple[datetime, str] | None = None) -> list[RunRow]:
        """Runs by filter, the newest first. before: creation and id of the run behind which to go on."""
        known = self._subjects()
        if known is not None:
            wanted = known if asked.subjects is None else known & frozenset(asked.subjects)
            asked = replace(asked, subjects=tuple(wanted))
        if self.caller.role == "viewer":
            # What may not be read may not be found either, letter by letter.
            asked = replace(asked, with_addresses=False)
        rows = self.ledger.runs(asked, limit=limit, before=before)
        return [row if self._sees_all(row.run) else _bare_row(row) for row in rows]

    def edge(self, now: datetime) -> datetime:
        """The beginning of what is kept with its files: the longest retention of all exports ago."""
        days = max((export.spec.retention_days for export in self.exports.all()), default=RETENTION_DAYS)
        return now - timedelta(days=max(days, RETENTION_DAYS))

    def get(self, run_id: str) -> RunDetail:
        """One run. Raises NotFound, also for one that is not theirs to see.

        Viewers are told what became of it, not who else gets it, nor what those are shown; so is everybody of a run
        that holds data which they may not see.
        """
        detail = self.ledger.run(run_id)
        known = self._subjects()
        if known is not None and detail.run.subject_id not in known:
            raise NotFound(f"There is no run '{run_id}'.")
        return detail if self._sees_all(detail.run) else _outline(detail)

    def file(self, run_id: str, name: str) -> tuple[Artefact, bytes]:
        """A file that a run made. Raises NotFound, and Gone at the end of its retention."""
        detail = self.get(run_id)
        found = next((artefact for artefact in detail.artefacts if artefact.name == name), None)
        if detail.run.pruned_at is not None:
            raise Gone(f"The files of this run were removed on {detail.run.pruned_at:%Y-%m-%d}, as its retention says.")
        if found is None:
            raise NotFound(f"The run made no file '{name}'.")
        return found, self.artefacts.read(found)

    def retry(self, run_id: str) -> None:
        """As `Ledger.retry`."""
        self.get(run_id)
        self.ledger.retry(run_id, by=self.caller.person_id)

    def replay(self, run_id: str, *, data: Data, only: Only) -> str:
        """As `Ledger.replay`."""
        self.get(run_id)
        return self.ledger.replay(run_id, data=data, only=only, by=self.caller.person_id)

    def start(self, run_id: str) -> None:
        """As `Ledger.start_now`."""
        self.get(run_id)
        self.ledger.start_now(run_id, by=self.caller.person_id)

    def ignore(self, run_id: str, text: str) -> None:
        """As `Ledger.ignore`."""
        self.get(run_id)
        self.ledger.ignore(run_id, text, by=self.caller.person_id)

    def restore(self, run_id: str) -> None:
        """As `Ledger.restore`."""
        self.get(run_id)
        self.ledger.restore(run_id, by=self.caller.person_id)

    def refreshed(self) -> dict[str, str]:
        """What the datasets are called whose refreshes may be seen, by the id under which their runs are kept."""
        return {} if self.caller.role == "viewer" else self.catalogue.names()

    def _sees_all(self, run: Run) -> bool:
        """Whether all that a run holds may be seen: what it was made of counts, not what its export shows now."""
        if self.caller.role in ALWAYS:
            return True
        return self.caller.role != "viewer" and self.catalogue.seen(run.versions) == run.versions.keys()

    def _subjects(self) -> frozenset[str] | None:
        """Ids of the exports and datasets whose runs may be seen; None for all there ever were."""
        if self.caller.role in ALWAYS:
            return None
        if self.caller.role == "viewer":
            return frozenset(export.id for export, _ in self.exports.shared_with(self.caller))
        return frozenset([*(export.id for export in self.exports.all()), *self.catalogue.names()])


def _outline(detail: RunDetail) -> RunDetail:
    """A run without addresses, files and tries: a report that is shared is seen by its link."""
    return RunDetail(
        run=_bare_run(detail.run),
        deliveries=_bare(detail.deliveries),
        attempts={},
        events=tuple(event for event in detail.events if event.delivery_id is None and not event.text),
        artefacts=(),
    )


def _bare(deliveries: Iterable[Delivery]) -> tuple[Delivery, ...]:
    hidden: dict[str, object] = {"recipients": {}, "destination": {}, "cursor": {}, "reason": "", "message": ""}
    return tuple(Delivery(**{**row.model_dump(), **hidden, "name": row.kind}) for row in deliveries)


def _bare_row(row: RunRow) -> RunRow:
    return replace(row, run=_bare_run(row.run), deliveries=_bare(row.deliveries))


def _bare_run(run: Run) -> Run:
    """Why a run was ignored stays; why it failed is for those who can mend it."""
    reason = run.reason if run.state == "ignored" else ""
    return Run(**{**run.model_dump(), "definition": {}, "where": {}, "steps": [], "reason": reason})
