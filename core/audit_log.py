"""The audit as people read it: by filter, as a file, for as long as it is kept. `core.access.audit` writes it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.access.audit import NOBODY, note
from core.errors import DataError
from core.model.access import AuditEntry
from core.report.tables import guarded
from core.store import Store
from core.store.audit import list_acts, list_entries, list_persons, prune_entries
from core.store.people import get_organisation

COLUMNS = ("at", "person", "act", "kind", "subject", "id", "address", "detail")
LONGEST_DAYS = 3650


@dataclass(frozen=True)
class Filter:
    """What is asked for.

    act: whole, or its subject's kind; person: id, or name as it was; since is included, until is not.
    """

    act: str | None = None
    person: str | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL = Filter()


@dataclass(frozen=True)
class AuditLog:
    """The audit of one organisation. Who may read it is asked of `core.access.rights` before."""

    store: Store
    organisation_id: str
    clock: Callable[[], datetime]

    def entries(
        self, asked: Filter = ALL, *, before: tuple[datetime, str] | None = None, limit: int | None = None
    ) -> list[AuditEntry]:
        """The newest first. before: time and id of the entry behind which to go on."""
        with self.store.read() as session:
            return list_entries(
                session,
                self.organisation_id,
                act=asked.act,
                person=asked.person,
                since=asked.since,
                until=asked.until,
                before=before,
                limit=limit,
            )

    def acts(self) -> list[str]:
        """The acts there are entries of."""
        with self.store.read() as session:
            return list_acts(session, self.organisation_id)

    def people(self) -> dict[str, str]:
        """Names by id of those who acted, also of people who left."""
        with self.store.read() as session:
            return dict(list_persons(session, self.organisation_id))

    def csv(self, asked: Filter = ALL) -> str:
        """The entries as a table for people: what a spreadsheet would take for a formula is guarded."""
        return csv_of(self.entries(asked))

    @property
    def days(self) -> int:
        """How long entries are kept."""
        with self.store.read() as session:
            return get_organisation(session, self.organisation_id).audit_days

    def keep_for(self, days: int) -> None:
        """Keep entries that long; older ones go with the next beat of the sidecar. Raises DataError."""
        if not 1 <= days <= LONGEST_DAYS:
            raise DataError(f"Entries are kept for 1 to {LONGEST_DAYS} days.", field="days")
        with self.store.write() as session:
            row = get_organisation(session, self.organisation_id)
            note(
                session, "audit.retention_changed", NOBODY, at=self.clock(), detail={"from": row.audit_days, "to": days}
            )
            row.audit_days = days
            session.add(row)

    def prune(self) -> int:
        """Remove what is past its retention; how many there were."""
        before = self.clock() - timedelta(days=self.days)
        if not self.entries(Filter(until=before), limit=1):
            return 0
        with self.store.write() as session:
            return prune_entries(session, self.organisation_id, before=before)


def csv_of(entries: Iterable[AuditEntry]) -> str:
    """Entries as CSV with a head."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        detail = json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
        who = (entry.at.isoformat(), entry.person, entry.act)
        what = (entry.subject_kind, entry.subject, entry.subject_id, entry.address, detail)
        writer.writerow([guarded(cell) for cell in (*who, *what)])
    return text.getvalue()
