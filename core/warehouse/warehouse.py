"""`Warehouse`: publishes versions of datasets and answers what pages, reports and notebooks ask of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from core.errors import DataError, UnreadableSource
from core.model.analysis import Condition
from core.model.cells import Cells
from core.model.comparison import Comparison, DateSide, GroupSide
from core.model.data import DatasetSpec
from core.model.sums import Moments, Sums
from core.warehouse import aggregate, marginals, moments
from core.warehouse import cells as by_cells
from core.warehouse.doors import Doors, SqlAnswer
from core.warehouse.files import fingerprint
from core.warehouse.publish import Publisher, rising
from core.warehouse.query import Database, Progress
from core.warehouse.sql import conditions, tables
from core.warehouse.sql.base import Scan, Statement, facts
from core.warehouse.versions import Draft, Keep, Version, Versions

NO_FILTER: Mapping[str, Condition] = {}


class Warehouse:
    """The datasets below one folder. Thread-safe; several processes may use the same folder."""

    def __init__(self, root: Path, *, threads: int, memory_limit: str) -> None:
        self.root = root
        self._versions = Versions(root)
        self.database = Database(root / ".scratch", threads=threads, memory_limit=memory_limit)
        self._doors = Doors(self.scratch)
        # Data that is analysed without being published, by what it was read from (adhoc.py).
        self.temporary: OrderedDict[str, Version] = OrderedDict()

    @property
    def scratch(self) -> Path:
        """A folder of this process for temporary files; it goes when the warehouse is closed."""
        return self.database.scratch

    def close(self) -> None:
        """Let go of DuckDB. No call may be running."""
        self.database.close()

    def latest(self, dataset: str) -> Version:
        """The newest version; cheap enough for every request. Raises UnknownDataset if there is none."""
        return self._versions.latest(dataset)

    def versions(self, dataset: str) -> list[Version]:
        """All kept versions, newest first. Raises UnknownDataset if there is none."""
        return list(reversed(self._versions.all(dataset)))

    def publish(
        self,
        spec: DatasetSpec,
        path: Path | None = None,
        *,
        now: datetime,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
        keep: Keep | None = None,
    ) -> Version:
        """Read the source and make it the newest version; nothing changes if that fails.

        path: the received file of an upload, which is copied; without it the last received one is read again.
        keep: called with the version just before it counts, nobody else publishing meanwhile; may refuse by raising.
        Raises UnreadableSource, AmbiguousSource, Cancelled.
        """
        with self._versions.publishing(spec.slug, cancel) as draft:
            return _published(Publisher(self.database, rising(progress), cancel, keep), spec, draft, path, now)

    def refresh(
        self,
        spec: DatasetSpec,
        now: datetime,
        *,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
        keep: Keep | None = None,
    ) -> Version:
        """The newest version after a look at a live source: published anew only if its files have changed.

        Of several callers, in any process, one reads and the others get what it made.
        Raises as `publish` does; the last good version stays.
        """
        if not self.has_changed(spec):
            return self.latest(spec.slug)
        with self._versions.publishing(spec.slug, cancel) as draft:
            if not self.has_changed(spec):
                return self.latest(spec.slug)
            return _published(Publisher(self.database, rising(progress), cancel, keep), spec, draft, None, now)

    def has_changed(self, spec: DatasetSpec) -> bool:
        """Whether a live source differs from what its newest version was read from. Uploads never do.

        Raises UnreadableSource if the files are gone.
        """
        newest = self._versions.find(spec.slug)
        if spec.source.kind == "upload":
            return newest is None
        return newest is None or newest.fingerprint != fingerprint(spec.source.path)

    def drop(self, dataset: str) -> None:
        """Remove all versions of a dataset. Nothing happens if there are none."""
        self._versions.drop(dataset)

    def sums(
        self,
        version: Version,
        comparison: Comparison,
        metrics: Sequence[str],
        dimensions: Sequence[str] = (),
        where: Mapping[str, Condition] = NO_FILTER,
        cancel: threading.Event | None = None,
    ) -> Sums:
        """Sums of `metrics` on both sides of the comparison, in all and by every one of `dimensions`.

        Raises UnknownColumn, DataError, Cancelled.
        """
        try:
            return aggregate.sums(self.database, version, comparison, metrics, dimensions, where, cancel)
        except (duckdb.Error, FileNotFoundError) as error:
            raise _unanswered(error, version) from error

    def moments(
        self,
        version: Version,
        comparison: Comparison,
        pairs: Sequence[tuple[str, str]],
        dimensions: Sequence[str] = (),
        where: Mapping[str, Condition] = NO_FILTER,
        cancel: threading.Event | None = None,
    ) -> Moments | None:
        """Second moments over days; None where rows have no day, or nothing asked for is a sum."""
        try:
            return moments.moments(self.database, version, comparison, pairs, dimensions, where, cancel)
        except (duckdb.Error, FileNotFoundError) as error:
            raise _unanswered(error, version) from error

    def cells(
        self,
        version: Version,
        comparison: Comparison,
        metrics: Sequence[str],
        kept: Mapping[str, Sequence[str]],
        where: Mapping[str, Condition] = NO_FILTER,
        cancel: threading.Event | None = None,
    ) -> Cells:
        """Sums by all dimensions in `kept` at once and by day, each dimension folded to the values it names."""
        try:
            return by_cells.cells(self.database, version, comparison, metrics, kept, where, cancel)
        except (duckdb.Error, FileNotFoundError) as error:
            raise _unanswered(error, version) from error

    def rows(
        self,
        version: Version,
        side: DateSide | GroupSide,
        where: Mapping[str, Condition] = NO_FILTER,
        limit: int = 1000,
        *,
        by: str | None = None,
    ) -> pl.DataFrame:
        """Rows of one side, as they were read. by: the compared column, default the date column."""
        column = by or (version.date_column.name if version.date_column else None)
        if column is None:
            raise DataError(f"'{version.dataset}' has no date column. Name the compared column.", field="by")
        statement = Statement()
        relation = facts(statement, aggregate.fact_files(version), version)
        scan = conditions.one_side(statement, relation, version, column, side, where)
        return self._frame(tables.some_rows(statement, scan, limit), version)

    def head(self, version: Version, n: int = 20) -> pl.DataFrame:
        """The first n rows."""
        statement = Statement()
        relation = facts(statement, aggregate.fact_files(version), version)
        return self._frame(tables.some_rows(statement, Scan(relation, "", "0"), n), version)

    def values(self, version: Version, column: str, prefix: str = "", limit: int = 200) -> list[str]:
        """Values of a column that begin with `prefix` (capitals do not count), sorted; NULL is "(not set)"."""
        version.column(column)
        if version.segments is not None and column in version.marginal_dimensions:
            names = marginals.segments(version.segments, version.marginal_dimensions)[column].names
            found = {str(name) for name in names}
        else:
            statement = tables.some_values(version, aggregate.fact_files(version), column, prefix.lower(), limit)
            found = {str(row[0]) for row in self._rows(statement, version)}
        return sorted(name for name in found if name.lower().startswith(prefix.lower()))[:limit]

    def ask(self, sql: str, tables: Mapping[str, Version], limit: int = 1000) -> SqlAnswer:
        """The first rows of a reader's own SELECT over versions by their names, answered behind doors.

        Raises DataError for SQL that is refused, wrong or too expensive, Busy when too many ask at once.
        """
        return self._doors.ask(sql, tables, limit)

    def _rows(self, statement: Statement, version: Version) -> list[tuple[object, ...]]:
        try:
            return self.database.rows(statement)
        except (duckdb.Error, FileNotFoundError) as error:
            raise _unanswered(error, version) from error

    def _frame(self, statement: Statement, version: Version) -> pl.DataFrame:
        try:
            with self.database.cursor() as cursor:
                frame: pl.DataFrame = cursor.sql(statement.text, params=statement.parameters).pl()
                return frame
        except (duckdb.Error, FileNotFoundError) as error:
            raise _unanswered(error, version) from error


def _published(publisher: Publisher, spec: DatasetSpec, draft: Draft, path: Path | None, now: datetime) -> Version:
    """The version. What the disk or DuckDB refuse after the source was read is said in a sentence."""
    try:
        return publisher.publish(spec, draft, path, now)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UnreadableSource(
            f"'{spec.slug}' could not be written: {reason}. Look for room on the disk below BRIDGECAST_DATA_DIR, then "
            "load it again."
        ) from error


def _unanswered(error: Exception, version: Version) -> DataError:
    """A sentence for a question the facts did not answer."""
    if not version.is_borrowed and not version.facts.exists():
        return DataError(
            f"Version {version.number} of '{version.dataset}' is no longer kept. Load the page again for the newest."
        )
    return DataError(f"'{version.dataset}' could not be read: {str(error).splitlines()[0]}.")
