"""Datasets' own schedules: each occurrence is a run that reads the source again, publishes what changed, sends nothing.

What is published starts the exports that follow the dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from core.access.audit import Subject, note
from core.catalogue import Catalogue
from core.delivery.keeping import SavedTrigger, keep_triggers, saved_trigger
from core.delivery.rules import check_rule, describe
from core.errors import DataError
from core.model.base import new_id
from core.model.data import Dataset, DatasetSpec, FilesSource
from core.model.triggers import ScheduleTrigger, Trigger
from core.store import Store
from core.store.datasets import get_dataset
from core.store.triggers import list_triggers

FIELD = "refresh.schedule"


@dataclass(frozen=True)
class Refreshes:
    """The refreshes of one organisation's datasets. catalogue: those that may be seen."""

    store: Store
    catalogue: Catalogue
    organisation_id: str
    clock: Callable[[], datetime]

    def on(self, catalogue: Catalogue) -> Refreshes:
        """The same for somebody who sees these datasets."""
        return replace(self, catalogue=catalogue)

    def schedule(self, slug: str) -> SavedTrigger | None:
        """By what a dataset is refreshed, if by anything. Raises NotFound."""
        self.catalogue.get(slug)
        with self.store.read() as session:
            return self._saved(session, get_dataset(session, self.organisation_id, slug))

    def check(self, slug: str, schedule: ScheduleTrigger | None) -> None:
        """Raises what `keep` raises."""
        spec = self.catalogue.get(slug)
        if schedule is not None:
            _check(spec, schedule)

    def keep(self, slug: str, schedule: ScheduleTrigger | None) -> SavedTrigger | None:
        """Refresh a dataset by this schedule from now on; None: by none.

        Raises NotFound, and DataError for an upload, which has nothing to be read again, and for a rule that is none.
        """
        self.check(slug, schedule)
        spec, now = self.catalogue.get(slug), self.clock()
        with self.store.write() as session:
            row = get_dataset(session, self.organisation_id, slug)
            before = self._row(session, row)
            id_ = before.id if before else new_id()
            kept = () if schedule is None else (schedule.model_copy(update={"id": id_}),)
            keep_triggers(session, self.organisation_id, ("dataset", row.id), kept, is_active=True, now=now)
            said = describe(schedule) if schedule is not None else ""
            note(session, "dataset.scheduled", Subject("dataset", slug, spec.name), at=now, detail={"schedule": said})
            return self._saved(session, row)

    def _saved(self, session: Session, dataset: Dataset) -> SavedTrigger | None:
        row = self._row(session, dataset)
        return saved_trigger(row, self.clock()) if row is not None else None

    def _row(self, session: Session, dataset: Dataset) -> Trigger | None:
        rows = list_triggers(session, self.organisation_id, dataset.id)
        return rows[0] if rows else None


def _check(spec: DatasetSpec, schedule: ScheduleTrigger) -> None:
    if not isinstance(spec.source, FilesSource):
        raise DataError(
            f"'{spec.slug}' is an uploaded file, which cannot be read again. Load it from a path on the server, then "
            "give it a schedule.",
            field=FIELD,
        )
    try:
        check_rule(schedule)
    except DataError as error:
        raise DataError(str(error), field=f"{FIELD}.{error.field}") from None
