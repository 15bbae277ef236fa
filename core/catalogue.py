"""Datasets: made, published, refreshed, changed, deleted. Definitions lie in the store, versions in the warehouse."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from core.errors import AlreadyExists, BridgecastError, Conflict, NotFound
from core.model.data import DatasetSpec, FilesSource, SourceSpec, UploadSource
from core.store import Store
from core.store.analyses import analysis_spec
from core.store.datasets import (
    add_dataset,
    analyses_of,
    change_dataset,
    dataset_spec,
    delete_dataset,
    get_dataset,
    list_datasets,
)
from core.warehouse import Version, Warehouse
from core.warehouse.inspect import Inspection, inspect

Clock = Callable[[], datetime]
Progress = Callable[[str, float], None]
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


class Catalogue:
    """The datasets of one organisation."""

    def __init__(self, store: Store, warehouse: Warehouse, organisation_id: str, clock: Clock) -> None:
        self._store, self._warehouse = store, warehouse
        self._organisation_id, self._clock = organisation_id, clock
        self._refreshes: dict[str, Future[Version]] = {}
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="refresh")

    def close(self) -> None:
        """Wait for no new refresh."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def all(self) -> list[DatasetSpec]:
        """Every dataset, by name."""
        with self._store.read() as session:
            rows = list_datasets(session, self._organisation_id)
        return sorted(map(dataset_spec, rows), key=lambda spec: spec.name.casefold())

    def get(self, slug: str) -> DatasetSpec:
        """One dataset's definition. Raises NotFound."""
        with self._store.read() as session:
            return dataset_spec(get_dataset(session, self._organisation_id, slug))

    def latest(self, slug: str) -> Version:
        """The newest version. Raises UnknownDataset."""
        return self._warehouse.latest(slug)

    def versions(self, slug: str) -> list[Version]:
        """The versions that are kept, newest first."""
        return self._warehouse.versions(slug)

    def inspect(self, source: SourceSpec, path: Path | None = None) -> Inspection:
        """Columns, samples and open questions of a source that is not loaded yet."""
        return inspect(source, path)

    def create(
        self,
        spec: DatasetSpec,
        *,
        path: Path | None = None,
        by: str,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> Version:
        """Publish version 1 of a new dataset, then keep its definition.

        Raises AlreadyExists, AmbiguousSource when a column can be read in two ways, UnreadableSource, Cancelled.
        """
        if self.is_known(spec.slug):
            raise AlreadyExists(f"Slug '{spec.slug}' is taken by another dataset. Choose another one.")
        version = self._publish(spec, path, progress, cancel)
        with self._store.write() as session:
            kept = _with_columns(spec, version)
            add_dataset(session, self._organisation_id, kept, person_id=by, now=self._clock())
        return version

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
        spec = self.get(slug)
        if not isinstance(spec.source, UploadSource):
            raise Conflict(f"'{slug}' is read from {spec.source.path}. Change the files there, or refresh it.")
        source = spec.source.model_copy(update={"file_name": file_name})
        return self._republish(spec.model_copy(update={"source": source}), path, progress, cancel)

    def refresh(self, slug: str, *, progress: Progress | None = None, cancel: threading.Event | None = None) -> Version:
        """Read the source again and publish what changed. An uploaded dataset stays as it is."""
        spec = self.get(slug)
        return self._warehouse.refresh(spec, now=self._clock(), progress=progress, cancel=cancel)

    def change(
        self, spec: DatasetSpec, *, progress: Progress | None = None, cancel: threading.Event | None = None
    ) -> Version:
        """Keep a changed definition; publishes when types, roles or the calendar changed."""
        before = self.get(spec.slug)
        if (before.columns, before.calendar, before.source) != (spec.columns, spec.calendar, spec.source):
            return self._republish(spec, None, progress, cancel)
        self._keep(spec)
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
        try:
            if not self._warehouse.has_changed(spec):
                return Freshness(self.latest(spec.slug))
            return Freshness(self._one_flight(spec).result(timeout=wait_s))
        except StillRunning:
            return Freshness(self.latest(spec.slug), is_loading=True)
        except BridgecastError as error:
            log.warning("refresh failed", dataset=spec.slug, reason=str(error))
            return Freshness(self.latest(spec.slug), stale=str(error))

    def _one_flight(self, spec: DatasetSpec) -> Future[Version]:
        with self._guard:
            running = self._refreshes.get(spec.slug)
            if running is None or running.done():
                running = self._pool.submit(self._warehouse.refresh, spec, now=self._clock())
                self._refreshes[spec.slug] = running
            return running

    def dependants(self, slug: str) -> list[str]:
        """Names of the analyses that are built on it."""
        with self._store.read() as session:
            return [analysis_spec(row).name for row in analyses_of(session, self._organisation_id, slug)]

    def delete(self, slug: str) -> None:
        """Delete definition and versions. Raises Conflict naming the analyses that need it, NotFound."""
        with self._store.write() as session:
            delete_dataset(session, self._organisation_id, slug)
        self._warehouse.drop(slug)

    def _republish(
        self, spec: DatasetSpec, path: Path | None, progress: Progress | None, cancel: threading.Event | None
    ) -> Version:
        version = self._publish(spec, path, progress, cancel)
        self._keep(_with_columns(spec, version))
        return version

    def _publish(
        self, spec: DatasetSpec, path: Path | None, progress: Progress | None, cancel: threading.Event | None
    ) -> Version:
        return self._warehouse.publish(spec, path, now=self._clock(), progress=progress, cancel=cancel)

    def _keep(self, spec: DatasetSpec) -> None:
        with self._store.write() as session:
            change_dataset(session, self._organisation_id, spec, now=self._clock())

    def is_known(self, slug: str) -> bool:
        """Whether there is such a dataset."""
        try:
            self.get(slug)
        except NotFound:
            return False
        return True


def _with_columns(spec: DatasetSpec, version: Version) -> DatasetSpec:
    return spec.model_copy(update={"columns": version.columns})
