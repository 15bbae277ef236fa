"""Datasets: made, published, refreshed, changed, deleted. Definitions lie in the store, versions in the warehouse."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlmodel import Session

from core.access.audit import Subject, note
from core.access.dataset_rights import by_ids, sight_of
from core.access.tokens import Caller
from core.errors import AlreadyExists, BridgecastError, Conflict, NotFound, Stale
from core.model.data import Dataset, DatasetAccess, DatasetSpec, FilesSource, SourceSpec, UploadSource
from core.store import Store
from core.store.dataset_rights import list_rights, set_access
from core.store.datasets import (
    add_dataset,
    change_dataset,
    dataset_spec,
    delete_dataset,
    get_dataset,
    list_datasets,
)
from core.store.people import get_person
from core.store.rows import by_slug
from core.store.runs import move, unmade_runs
from core.store.triggers import delete_triggers
from core.warehouse import Version, Warehouse
from core.warehouse.files import fingerprint, refuse_private
from core.warehouse.inspect import Inspection, inspect
from core.warehouse.versions import without_data

Clock = Callable[[], datetime]
Progress = Callable[[str, float], None]
# A source that could not be read is not read again at every load of a report while its files stay as they are.
AGAIN_AFTER_S = 10.0
EVERY_ANALYST = DatasetAccess()
DATASET_GONE = "dataset deleted"
"""Why a refresh that waited is left out."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Freshness:
    """What a reader is shown: the newest good version, and why it may not be the newest data.

    stale: why the live source could not be read, or None.
    is_loading: newer data is being read right now; a reload will show it.
    """

    version: Version
    stale: str | None = None
    is_loading: bool = False


@dataclass(frozen=True)
class _Flight:
    """A refresh that is under way or over, and what it is a refresh of."""

    future: Future[Version]
    of: tuple[str, DatasetSpec]
    began_s: float

    @property
    def is_worth_waiting_for(self) -> bool:
        """Whether it is under way, or failed a moment ago."""
        if not self.future.done():
            return True
        return self.future.exception() is not None and time.monotonic() - self.began_s < AGAIN_AFTER_S


class Catalogue:
    """The datasets of one organisation. private: files and folders that no source may lead to.

    It knows every dataset; `seen_by` gives one that knows those alone that somebody may read.
    """

    def __init__(
        self,
        store: Store,
        warehouse: Warehouse,
        organisation_id: str,
        clock: Clock,
        *,
        private: Sequence[Path] = (),
    ) -> None:
        self._store, self._warehouse = store, warehouse
        self._organisation_id, self._clock = organisation_id, clock
        self._private = tuple(place.resolve() for place in private)
        self._reader: str | None = None
        self._flights: dict[str, _Flight] = {}
        self._guard = threading.Lock()
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="refresh")

    def close(self) -> None:
        """Cancel the refreshes that are under way and wait until they have let go."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def seen_by(self, caller: Caller) -> Catalogue:
        """The same catalogue, in which every dataset that the caller may not read is unknown."""
        narrowed = copy(self)
        narrowed._reader = caller.person_id
        return narrowed

    def seen(self, slugs: Iterable[str]) -> frozenset[str]:
        """Which of these datasets may be read."""
        with self._store.read() as session:
            return frozenset(filter(sight_of(session, self._organisation_id, self._reader), slugs))

    def all(self) -> list[DatasetSpec]:
        """Every dataset, by name."""
        with self._store.read() as session:
            sees = sight_of(session, self._organisation_id, self._reader)
            rows = [row for row in list_datasets(session, self._organisation_id) if sees(row.slug)]
        return sorted(map(dataset_spec, rows), key=lambda spec: spec.name.casefold())

    def names(self) -> dict[str, str]:
        """What the datasets that may be read are called, by the id under which their runs are kept."""
        with self._store.read() as session:
            sees = sight_of(session, self._organisation_id, self._reader)
            rows = [row for row in list_datasets(session, self._organisation_id) if sees(row.slug)]
        return {row.id: dataset_spec(row).name for row in rows}

    def get(self, slug: str) -> DatasetSpec:
        """One dataset's definition. Raises NotFound."""
        return self.get_with_revision(slug)[0]

    def get_with_revision(self, slug: str) -> tuple[DatasetSpec, int]:
        """One dataset's definition and how many times it was changed, for `change`. Raises NotFound."""
        with self._store.read() as session:
            row = self._row(session, slug)
            return dataset_spec(row), row.revision

    def access(self, slug: str) -> DatasetAccess:
        """Whom a dataset is for, people by id. Raises NotFound."""
        with self._store.read() as session:
            self._row(session, slug)
            return list_rights(session, self._organisation_id).get(slug, EVERY_ANALYST)

    def named(self, access: DatasetAccess) -> DatasetAccess:
        """The same people by their ids. Raises DataError for somebody who cannot be named."""
        with self._store.read() as session:
            return by_ids(session, self._organisation_id, access)

    def share(self, slug: str, access: DatasetAccess) -> None:
        """Say who may see a dataset and all that is built on it. Raises NotFound, and DataError as `named`."""
        with self._store.write() as session:
            subject = Subject("dataset", slug, dataset_spec(self._row(session, slug)).name)
            known = by_ids(session, self._organisation_id, access)
            set_access(session, self._organisation_id, slug, known)
            people = [get_person(session, person).email for person in known.people]
            told = {"people": people, "roles": list(known.roles)}
            note(session, "dataset.shared", subject, at=self._clock(), detail=told)

    def latest(self, slug: str) -> Version:
        """The newest version. Raises UnknownDataset."""
        self._require_seen(slug)
        return self._warehouse.latest(slug)

    def versions(self, slug: str) -> list[Version]:
        """The versions that are kept, newest first."""
        self._require_seen(slug)
        return self._warehouse.versions(slug)

    def inspect(self, source: SourceSpec, path: Path | None = None) -> Inspection:
        """Columns, samples and open questions of a source that is not loaded yet."""
        self._refuse_private(source)
        return inspect(source, path)

    def create(
        self,
        spec: DatasetSpec,
        *,
        path: Path | None = None,
        by: str,
        access: DatasetAccess = EVERY_ANALYST,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> Version:
        """Publish the first version of a new dataset together with its definition, for those whom `access` names.

        Raises AlreadyExists, AmbiguousSource when a column can be read in two ways, UnreadableSource, Cancelled, and
        DataError as `named`.
        """
        if self.is_known(spec.slug):
            raise AlreadyExists(f"Slug '{spec.slug}' is taken by another dataset. Choose another one.")
        self._refuse_private(spec.source)
        named = self.named(access)

        def keep(version: Version) -> None:
            with self._store.write() as session:
                set_access(session, self._organisation_id, spec.slug, named)
                kept = _with_columns(spec, version)
                add_dataset(session, self._organisation_id, kept, person_id=by, now=self._clock())
                note(session, "dataset.made", Subject("dataset", spec.slug, spec.name), at=self._clock())

        now = self._clock()
        return self._warehouse.publish(spec, path, now=now, progress=progress, cancel=cancel, keep=keep)

    def replace(
        self,
        slug: str,
        path: Path,
        file_name: str,
        *,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> Version:
        """Publish a newer file of an uploaded dataset. Raises Conflict for a live source."""
        while True:
            spec, revision = self.get_with_revision(slug)
            if not isinstance(spec.source, UploadSource):
                raise Conflict(f"'{slug}' is read from {spec.source.path}. Change the files there, or refresh it.")
            source = spec.source.model_copy(update={"file_name": file_name})
            try:
                newer = spec.model_copy(update={"source": source})
                return self._republish(newer, path, progress, cancel, if_revision=revision)
            except Stale:
                log.info("definition changed while a file was read", dataset=slug)

    def refresh(self, slug: str, *, progress: Progress | None = None, cancel: threading.Event | None = None) -> Version:
        """Read the source again and publish what changed. An uploaded dataset stays as it is."""
        while True:
            spec, revision = self.get_with_revision(slug)
            self._refuse_private(spec.source)

            def keep(_: Version, seen: int = revision) -> None:
                if self.get_with_revision(slug)[1] != seen:
                    raise Stale(f"Dataset '{slug}' was changed while its source was read.")

            try:
                now = self._clock()
                return self._warehouse.refresh(spec, now, progress=progress, cancel=cancel, keep=keep)
            except Stale:
                log.info("definition changed while the source was read", dataset=slug)

    def change(
        self,
        spec: DatasetSpec,
        *,
        if_revision: int | None = None,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> Version:
        """Keep a changed definition; publishes when types, roles or the calendar changed.

        if_revision: the revision the change was made from. Raises Stale when it is no longer the newest.
        """
        before, revision = self.get_with_revision(spec.slug)
        if if_revision not in (None, revision):
            raise Stale(f"Dataset '{spec.slug}' was changed meanwhile. Load it again and repeat the change.")
        if (before.columns, before.calendar, before.source) != (spec.columns, spec.calendar, spec.source):
            return self._republish(spec, None, progress, cancel, if_revision=if_revision)
        self._keep(spec, if_revision)
        return self.latest(spec.slug)

    def fresh(self, slug: str, *, wait_s: float = 10.0) -> Freshness:
        """The newest good version, after a look whether a live source has changed.

        Waits at most `wait_s` for newer data; one refresh at a time. Raises UnknownDataset while there is no version.
        """
        spec = self.get(slug)
        if not isinstance(spec.source, FilesSource):
            return Freshness(self.latest(slug))
        return self._fresh_from_source(spec, wait_s)

    def _fresh_from_source(self, spec: DatasetSpec, wait_s: float) -> Freshness:
        """Waits for a second refresh where the files changed again while the first one, begun earlier, was ending."""
        until_s = time.monotonic() + wait_s
        try:
            while self._warehouse.has_changed(spec):
                error = self._one_flight(spec).exception(timeout=max(0.0, until_s - time.monotonic()))
                if isinstance(error, BridgecastError):
                    return self._stale(spec.slug, error)
                if error is not None:
                    raise error
        except StillRunning:
            return Freshness(self.latest(spec.slug), is_loading=True)
        except BridgecastError as error:
            return self._stale(spec.slug, error)
        return Freshness(self.latest(spec.slug))

    def _stale(self, slug: str, error: BridgecastError) -> Freshness:
        log.warning("refresh failed", dataset=slug, reason=str(error))
        return Freshness(self.latest(slug), stale=str(error))

    def _one_flight(self, spec: DatasetSpec) -> Future[Version]:
        of = (fingerprint(spec.source.path) if isinstance(spec.source, FilesSource) else "", spec)
        with self._guard:
            last = self._flights.get(spec.slug)
            if last is None or not last.is_worth_waiting_for or (last.future.done() and last.of != of):
                last = _Flight(self._pool.submit(self.refresh, spec.slug, cancel=self._closing), of, time.monotonic())
                self._flights[spec.slug] = last
            return last.future

    def delete(self, slug: str) -> None:
        """Delete definition, schedule and versions; refreshes that wait are left out.

        Raises Conflict naming the analyses that need it, NotFound.
        """
        now = self._clock()
        with self._store.write() as session:
            row = self._row(session, slug)
            name = dataset_spec(row).name
            delete_triggers(session, self._organisation_id, row.id)
            for run in unmade_runs(session, row.id):
                ended = {"reason": DATASET_GONE, "next_at": None, "finished_at": now}
                move(session, run, "ignored", ended, at=now, text=DATASET_GONE)
            delete_dataset(session, self._organisation_id, slug)
            note(session, "dataset.deleted", Subject("dataset", slug, name), at=now)
        self._warehouse.drop(slug)

    def _republish(
        self,
        spec: DatasetSpec,
        path: Path | None,
        progress: Progress | None,
        cancel: threading.Event | None,
        *,
        if_revision: int | None,
    ) -> Version:
        self._refuse_private(spec.source)

        def keep(version: Version) -> None:
            self._keep(_with_columns(spec, version), if_revision)

        now = self._clock()
        return self._warehouse.publish(spec, path, now=now, progress=progress, cancel=cancel, keep=keep)

    def _keep(self, spec: DatasetSpec, if_revision: int | None) -> None:
        with self._store.write() as session:
            change_dataset(session, self._organisation_id, spec, now=self._clock(), if_revision=if_revision)
            note(session, "dataset.changed", Subject("dataset", spec.slug, spec.name), at=self._clock())

    def _refuse_private(self, source: SourceSpec) -> None:
        """At every reading: what a link or a pattern leads to may change."""
        if isinstance(source, FilesSource):
            refuse_private(source.path, self._private)

    def is_known(self, slug: str) -> bool:
        """Whether there is such a dataset, also one that may not be seen: an address is given once."""
        with self._store.read() as session:
            return by_slug(session, Dataset, self._organisation_id, slug) is not None

    def _row(self, session: Session, slug: str) -> Dataset:
        """The row of a dataset. One that may not be seen is as unknown as one that is not there."""
        if not sight_of(session, self._organisation_id, self._reader)(slug):
            raise NotFound(f"There is no dataset '{slug}'.")
        return get_dataset(session, self._organisation_id, slug)

    def _require_seen(self, slug: str) -> None:
        if self._reader is not None and not self.seen([slug]):
            raise without_data(slug)


def _with_columns(spec: DatasetSpec, version: Version) -> DatasetSpec:
    return spec.model_copy(update={"columns": version.columns})
