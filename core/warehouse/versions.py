"""Versions of datasets: immutable files, and the manifest that names them.

`<root>/<dataset>/` holds `manifest.json` (the truth), `.lock` (held by whoever publishes), and a version's files,
which begin with its number: `7.parquet` (facts), `7.marginals.parquet`, `7.segments.parquet`, `7.source.csv`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from core.errors import Cancelled, DataError, UnknownColumn, UnknownDataset
from core.model.data import Calendar, ColumnSpec
from core.warehouse.files import sync, write_whole

KEPT_VERSIONS = 3
KEPT_FOR = timedelta(hours=1)
KEPT_BYTES = 4 << 30
MANIFEST, LOCK, DROPPED = "manifest.json", ".lock", ".dropped"
FORMAT = 1
LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Version:
    """One immutable snapshot of a dataset.

    rows, bytes: of the facts. as_of: when the source was read. oldest, newest: days of the date column, in the
    dataset's zone; newest_is_full: whether the newest day is known to be complete (only a date column can say so).
    marginals, segments: the marginal table and the names of its segments, None where it was not worth making;
    marginal_dimensions: the dimensions in it; left_out: dimension → why it is not.
    fingerprint: of the files of a live source. source: where the rows came from and how they were read.
    zoned: datetime columns that carry a zone. cardinalities: distinct values of a dimension, about.
    gappy: metrics that are NULL somewhere. is_clean: False if numbers may be NaN or infinite.
    is_borrowed: whether `facts` is somebody's own file or glob, asked as it is; is_partitioned: whether its folders'
    names such as `dt=2026-01-01` are columns.
    """

    dataset: str
    number: int
    rows: int
    bytes: int
    columns: tuple[ColumnSpec, ...]
    calendar: Calendar
    as_of: datetime
    published_at: datetime
    newest: date | None
    oldest: date | None
    newest_is_full: bool
    facts: Path
    marginals: Path | None = None
    segments: Path | None = None
    marginal_dimensions: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    fingerprint: str | None = None
    source: dict[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    zoned: frozenset[str] = frozenset()
    cardinalities: dict[str, int] = field(default_factory=dict)
    gappy: frozenset[str] = frozenset()
    is_clean: bool = True
    is_partitioned: bool = False
    is_borrowed: bool = False

    @cached_property
    def labels(self) -> dict[str, str]:
        """What people call the columns."""
        return {column.name: column.label for column in self.columns}

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the columns that may explain a change."""
        return tuple(c.name for c in self.columns if c.role == "dimension")

    @cached_property
    def metrics(self) -> tuple[ColumnSpec, ...]:
        """Columns that are added up or counted."""
        return tuple(c for c in self.columns if c.role == "metric")

    @cached_property
    def summable(self) -> tuple[str, ...]:
        """Names of the metrics that are added up, in the order in which the marginal table holds them."""
        return tuple(c.name for c in self.metrics if c.aggregation == "sum")

    @cached_property
    def date_column(self) -> ColumnSpec | None:
        """The column days are cut from."""
        return next((c for c in self.columns if c.role == "date"), None)

    def column(self, name: str, *, field: str | None = None) -> ColumnSpec:
        """The column of that name. Raises UnknownColumn; field: the input that named it."""
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownColumn.named(name, self.dataset, [c.name for c in self.columns], field=field)


Keep = Callable[[Version], None]


def without_data(dataset: str) -> UnknownDataset:
    """What is said of a dataset that has no version, and of one that is not to be known."""
    return UnknownDataset(f"Dataset '{dataset}' has no data yet. Load a file or give it a path.")


class Versions:
    """The versions below one folder. Reading takes no lock; publishing takes the dataset's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read: dict[str, tuple[tuple[int, int, int], tuple[Version, ...]]] = {}

    def folder(self, dataset: str) -> Path:
        """Where the dataset's files lie."""
        return self.root / dataset

    def all(self, dataset: str) -> tuple[Version, ...]:
        """All kept versions, oldest first; a look at the manifest's time stamp when nothing has changed.

        Raises UnknownDataset if there is none.
        """
        path = self.folder(dataset) / MANIFEST
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            known = self._read.get(dataset)
            if known is None or known[0] != stamp:
                known = (stamp, _parse(path))
                self._read[dataset] = known
        except FileNotFoundError:
            raise without_data(dataset) from None
        return known[1]

    def latest(self, dataset: str) -> Version:
        """The newest version. Raises UnknownDataset if there is none."""
        return self.all(dataset)[-1]

    def find(self, dataset: str) -> Version | None:
        """The newest version, or None."""
        try:
            return self.latest(dataset)
        except UnknownDataset:
            return None

    @contextmanager
    def publishing(self, dataset: str, cancel: threading.Event | None = None) -> Iterator[Draft]:
        """Hold the dataset's lock; gives a draft whose files become a version by `Draft.commit`.

        Raises Cancelled when `cancel` is set while another publish is waited for.
        """
        folder = self.folder(dataset)
        with _locked(folder, cancel):
            earlier = self.all(dataset) if (folder / MANIFEST).exists() else ()
            _sweep(folder, earlier)
            draft = Draft(folder, earlier, last=earlier[-1].number if earlier else self._last_dropped(dataset))
            try:
                yield draft
            finally:
                draft.discard()

    def drop(self, dataset: str) -> None:
        """Remove the dataset and all its versions. Nothing happens if there are none.

        The last number is remembered: whoever kept something of "version 1" must not meet another version 1.
        """
        folder = self.folder(dataset)
        if not folder.exists():
            return
        with _locked(folder):
            if (folder / MANIFEST).exists():
                self._dropped(dataset).parent.mkdir(exist_ok=True)
                write_whole(self._dropped(dataset), str(self.all(dataset)[-1].number))
            (folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder)
        self._read.pop(dataset, None)

    def _dropped(self, dataset: str) -> Path:
        return self.root / DROPPED / dataset

    def _last_dropped(self, dataset: str) -> int:
        try:
            return int(self._dropped(dataset).read_text())
        except FileNotFoundError:
            return 0


class Draft:
    """A version in the making: files under temporary names that nobody looks at."""

    def __init__(self, folder: Path, earlier: tuple[Version, ...], *, last: int) -> None:
        self.folder, self.earlier, self.number = folder, earlier, last + 1
        self._made: list[str] = []

    def path(self, ending: str) -> Path:
        """A temporary path; what is written there is named `<number>.<ending>` at commit."""
        if ending not in self._made:
            self._made.append(ending)
        return self.folder / f".making-{self.number}.{ending}"

    def final(self, ending: str) -> Path:
        """The name under which the file will stand."""
        return self.folder / f"{self.number}.{ending}"

    def forget(self, ending: str) -> None:
        """Remove a file that is not to become part of the version."""
        self.path(ending).unlink(missing_ok=True)
        self._made.remove(ending)

    def commit(self, version: Version, keep: Keep | None = None) -> None:
        """Make the draft the newest version: files first, durable, then the manifest in one step.

        keep: called with the version just before it counts; if it raises, there is no such version.
        """
        for ending in self._made:
            sync(self.path(ending))
        if keep is not None:
            keep(version)
        for ending in self._made:
            self.path(ending).rename(self.final(ending))
        self._made.clear()
        sync(self.folder)
        kept = _kept((*self.earlier, version), now=version.published_at)
        listed = {"format": FORMAT, "versions": [_dump(v) for v in kept]}
        write_whole(self.folder / MANIFEST, json.dumps(listed, indent=1))
        _sweep(self.folder, kept)

    def discard(self) -> None:
        """Remove what was not committed."""
        for ending in self._made:
            self.path(ending).unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path, cancel: threading.Event | None = None) -> Iterator[None]:
    """Hold the folder's lock, across threads and processes. A folder that was dropped meanwhile is made anew."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o644)
        except FileNotFoundError:
            continue
        try:
            _take(handle, cancel)
            if _is_same(handle, folder / LOCK):
                yield
                return
        finally:
            os.close(handle)


def _take(handle: int, cancel: threading.Event | None) -> None:
    """Wait for the lock. Raises Cancelled when `cancel` is set meanwhile."""
    if cancel is None:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if cancel.wait(LOOK_EVERY_S):
                raise Cancelled("Cancelled. Nothing was changed.") from None


def _is_same(handle: int, path: Path) -> bool:
    try:
        return os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _kept(versions: tuple[Version, ...], *, now: datetime) -> tuple[Version, ...]:
    """The last ones, and younger ones from the newest on, while the rows of all of them fit into KEPT_BYTES."""
    room = KEPT_BYTES - sum(v.bytes for v in versions[-KEPT_VERSIONS:])
    kept = list(versions[-KEPT_VERSIONS:])
    for version in reversed(versions[:-KEPT_VERSIONS]):
        room -= version.bytes
        if room < 0 or now - version.published_at >= KEPT_FOR:
            break
        kept.insert(0, version)
    return tuple(kept)


def _sweep(folder: Path, versions: tuple[Version, ...]) -> None:
    """Remove versions that are no longer kept and what a killed publish left behind. Only under the lock."""
    numbers = {str(v.number) for v in versions}
    for path in folder.iterdir():
        if path.name not in (MANIFEST, LOCK) and path.name.split(".")[0] not in numbers:
            path.unlink(missing_ok=True)


_TIMES = ("as_of", "published_at")
_DAYS = ("newest", "oldest")
_PATHS = ("facts", "marginals", "segments")
_SETS = ("zoned", "gappy")
_TUPLES = ("marginal_dimensions", "notes")


def _dump(version: Version) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(version, name) for name in Version.__dataclass_fields__}
    for name in (*_TIMES, *_DAYS):
        moment = getattr(version, name)
        values[name] = moment.isoformat() if moment else None
    for name in _PATHS:
        path = getattr(version, name)
        values[name] = path.name if path else None
    for name in _SETS:
        values[name] = sorted(getattr(version, name))
    values["columns"] = [c.model_dump(exclude_defaults=True) for c in version.columns]
    values["calendar"] = version.calendar.model_dump()
    return values


def _parse(path: Path) -> tuple[Version, ...]:
    """The versions of a manifest, oldest first, at least one. Raises DataError for one that cannot be read."""
    text = path.read_bytes()
    try:
        content = json.loads(text)
        format_ = content["format"]
        loaded = tuple(_load(values, path.parent) for values in content["versions"]) if format_ == FORMAT else ()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path) from error
    if format_ != FORMAT:
        raise DataError(
            f"{path} was written by another version of Bridgecast (format {format_}, expected {FORMAT}). "
            "Start the version that wrote it, or load the dataset again."
        )
    if not loaded:
        raise _damaged(path)
    return loaded


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{path} is damaged: it does not say which versions the dataset has. "
        "Put it back from a backup, or remove it and load the dataset again."
    )


def _load(values: dict[str, object], folder: Path) -> Version:
    loaded = dict(values)
    for name in _TIMES:
        loaded[name] = datetime.fromisoformat(str(loaded[name]))
    for name in _DAYS:
        loaded[name] = date.fromisoformat(str(loaded[name])) if loaded[name] else None
    for name in _PATHS:
        loaded[name] = folder / str(loaded[name]) if loaded[name] else None
    for name in _SETS:
        loaded[name] = frozenset(loaded[name])  # type: ignore[call-overload]
    for name in _TUPLES:
        loaded[name] = tuple(loaded[name])  # type: ignore[arg-type]
    loaded["columns"] = tuple(ColumnSpec.model_validate(c) for c in loaded["columns"])  # type: ignore[attr-defined]
    loaded["calendar"] = Calendar.model_validate(loaded["calendar"])
    return Version(**loaded)  # type: ignore[arg-type]
