"""Makes a version: the rows as one Parquet file in the order of the days, their marginal table, the manifest."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from core.errors import UnreadableSource
from core.model.data import DATE_TYPES, NUMERIC_TYPES, ColumnSpec, DatasetSpec
from core.warehouse import marginals
from core.warehouse.columns import MOST_DIMENSION_VALUES
from core.warehouse.files import as_pattern, fingerprint
from core.warehouse.guess import MISSING, is_number
from core.warehouse.inspect import Inspection, inspect
from core.warehouse.problems import Misfit, is_conversion, misfit, refusal
from core.warehouse.query import Database, Progress
from core.warehouse.read import Layout, Part, doubts, is_plain, open_sheet, select
from core.warehouse.sql import tables
from core.warehouse.transcode import in_utf8
from core.warehouse.versions import Draft, Keep, Version

UPLOAD_LIMIT_BYTES = 200 * 1024 * 1024
TRIES = 3
LARGEST_GROUP_ROWS = 1 << 20
FACTS, MARGINALS, SEGMENTS, SOURCE = "parquet", "marginals.parquet", "segments.parquet", "source"
# Counting distinct values by a sketch errs by some percent; near the limit they are counted exactly.
NEARLY = 0.8


@dataclass(frozen=True)
class Publisher:
    """What one publish needs. keep: called with the version just before it counts (`Draft.commit`)."""

    database: Database
    progress: Progress | None = None
    cancel: threading.Event | None = None
    keep: Keep | None = None

    def tell(self, stage: str, share: float) -> None:
        """Report how far it is, 0 to 1."""
        if self.progress is not None:
            self.progress(stage, share)

    def cursor(self, stage: str, first: float, last: float) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A cursor whose progress is reported between two shares of the whole."""
        progress = self.progress
        self.tell(stage, first)
        if progress is None:
            return self.database.cursor(cancel=self.cancel)
        return self.database.cursor(
            cancel=self.cancel, progress=lambda share: progress(stage, first + (last - first) * share)
        )

    def publish(self, spec: DatasetSpec, draft: Draft, path: Path | None, now: datetime) -> Version:
        """Read the source into `draft` and make it the newest version.

        path: the received file of an upload; None takes the copy that the last version kept.
        """
        began = time.monotonic()
        received = _received(spec, draft, path)
        version = self._steady(spec, draft, received, now)
        version = replace(
            version,
            published_at=now + timedelta(seconds=time.monotonic() - began),
            facts=draft.final(FACTS),
            marginals=draft.final(MARGINALS),
            segments=draft.final(SEGMENTS),
        )
        draft.commit(version, self.keep)
        self.tell("Done", 1.0)
        return version

    def _steady(self, spec: DatasetSpec, draft: Draft, received: Path | None, now: datetime) -> Version:
        """Read the source; again if its files changed meanwhile."""
        if spec.source.kind == "upload":
            return self._read(spec, draft, received, now)
        for _ in range(TRIES):
            before = fingerprint(spec.source.path)
            version = self._read(spec, draft, received, now)
            if fingerprint(spec.source.path) == before:
                return replace(version, fingerprint=before)
        raise UnreadableSource(
            f"The files of '{spec.source.path}' change while they are read. Write them under another name and rename "
            "them when they are complete."
        )

    def _read(self, spec: DatasetSpec, draft: Draft, received: Path | None, now: datetime) -> Version:
        declared = {c.name: c.type for c in spec.columns}
        inspection = inspect(spec.source, received, declared)
        if inspection.questions:
            raise inspection.questions[0]
        columns = merged(inspection, spec.columns)
        target = draft.path(FACTS)
        with in_utf8(inspection.layout, self.database.scratch) as layout:
            columns = self.write(layout, columns, target)
        version = Version(
            dataset=spec.slug,
            number=draft.number,
            rows=0,
            bytes=0,
            columns=columns,
            calendar=spec.calendar,
            as_of=now,
            published_at=now,
            newest=None,
            oldest=None,
            newest_is_full=False,
            facts=target,
            source=_source(spec, draft, inspection),
        )
        return self._measured(version, draft, is_inspected=not spec.columns)

    def write(self, layout: Layout, columns: tuple[ColumnSpec, ...], target: Path) -> tuple[ColumnSpec, ...]:
        """Write the rows as Parquet. Returns the columns: whole numbers are widened where some are fractions."""
        while True:
            try:
                self._write_once(layout, columns, target)
            except FileNotFoundError:
                raise UnreadableSource(f"'{layout.name}' vanished while it was read. Load it again.") from None
            except duckdb.Error as error:
                found = misfit(error, layout)
                if found is None and is_conversion(error):
                    found = self._located(layout, columns)
                if found is None:
                    raise refusal(error, layout) from None
                layout, columns = _wider(found, layout, columns)
            else:
                return columns

    def _write_once(self, layout: Layout, columns: tuple[ColumnSpec, ...], target: Path) -> None:
        if self._is_ready(layout, columns):
            shutil.copyfile(layout.files[0], target)
            return
        statement = select(layout, columns)
        with self.cursor("Reading rows", 0.0, 0.6) as cursor:
            open_sheet(cursor, layout)
            cursor.execute(*tables.written(statement, target).parts)

    def _is_ready(self, layout: Layout, columns: tuple[ColumnSpec, ...]) -> bool:
        """Whether the source is one Parquet file that can be taken as it is: copying is much faster than writing.

        Its row groups must be small enough to be read side by side, and say which days they hold.
        """
        if len(layout.files) != 1 or not is_plain(layout, columns):
            return False
        day = next((c.name for c in columns if c.role == "date"), None)
        with self.cursor("Reading rows", 0.0, 0.0) as cursor:
            largest, silent = cursor.execute(*tables.row_groups(layout.files[0], day).parts).fetchall()[0]
        return bool(largest is not None and largest <= LARGEST_GROUP_ROWS and not silent)

    def _located(self, layout: Layout, columns: tuple[ColumnSpec, ...]) -> Misfit | None:
        """The first value that does not fit its column's type, looked for file by file."""
        for part in layout.parts:
            for file in part.files:
                statement = doubts(layout, Part((file,), part.header), columns)
                with self.cursor("Looking for the fault", 0.6, 0.6) as cursor:
                    open_sheet(cursor, layout)
                    found = cursor.execute(*statement.parts).fetchall()
                if found:
                    place, column, value = found[0]
                    name = layout.name if len(layout.files) == 1 else file.name
                    is_text = layout.format.kind == "csv"
                    at = f"line {place + 1}" if is_text else f"row {place}"
                    return Misfit(str(column), str(value), f"'{name}', {at}")
        return None

    def _measured(self, version: Version, draft: Draft, *, is_inspected: bool) -> Version:
        """Count rows, days, gaps and segments; put the rows in order and make numbers clean where they are not."""
        found = self._measure(version)
        if not found.rows:
            raise UnreadableSource(f"'{version.source['name']}' holds no rows. Load a file with at least one row.")
        notes = tuple(
            f"Column '{name}': {count:,} values that are not a number or infinite count as (not set)."
            for name, count in found.infinite.items()
        )
        if found.infinite or not self._is_in_order(version):
            self._rewrite(version, draft, tuple(found.infinite))
            found = self._measure(version)
        keys = _keys(found.cardinalities) if is_inspected else ()
        version = replace(
            version,
            columns=tuple(c.model_copy(update={"role": "ignored"}) if c.name in keys else c for c in version.columns),
            rows=found.rows,
            bytes=version.facts.stat().st_size,
            oldest=found.oldest,
            newest=found.newest,
            newest_is_full=version.date_column is not None and version.date_column.type == "date",
            zoned=found.zoned,
            gappy=frozenset(name for name, filled in found.filled.items() if filled < found.rows),
            cardinalities={d: count for d, count in found.cardinalities.items() if d not in keys},
            notes=(*notes, *_ignored_notes(keys)),
        )
        return self._with_marginals(version, draft, found.days)

    def _measure(self, version: Version) -> _Measures:
        return measure(self, version, [as_pattern(version.facts)])

    def _is_in_order(self, version: Version) -> bool:
        """Whether row groups cover few days each, so that a period skips the others. Rows within a group may mix."""
        column = version.date_column
        if column is None:
            return True
        with self.cursor("Checking the order", 0.6, 0.6) as cursor:
            groups = cursor.execute(*tables.days_of_groups(version.facts, column.name).parts).fetchall()
        if len(groups) < 2:
            return True
        covered = sum((last - first).days + 1 for first, last in groups)
        whole = (max(g[1] for g in groups) - min(g[0] for g in groups)).days + 1
        return bool(covered <= 2 * (whole + len(groups)))

    def _rewrite(self, version: Version, draft: Draft, infinite: Sequence[str]) -> None:
        """Write the rows anew, sorted by the date column, numbers that are not finite as NULL."""
        sorted_path = draft.path("sorted.parquet")
        with self.cursor("Sorting by day", 0.6, 0.75) as cursor:
            cursor.execute(*tables.written(tables.in_order(version, infinite), sorted_path).parts)
        sorted_path.replace(version.facts)
        draft.forget("sorted.parquet")

    def _with_marginals(self, version: Version, draft: Draft, days: int) -> Version:
        left_out = marginals.choose(version.dimensions, max(1, days), version.rows, version.cardinalities)
        version = replace(
            version, marginal_dimensions=tuple(d for d in version.dimensions if d not in left_out), left_out=left_out
        )
        with self.cursor("Adding up days and segments", 0.75, 0.95) as cursor:
            counted = marginals.build(cursor, version, draft.path(MARGINALS), draft.path(SEGMENTS))
        notes = [f"Dimension '{name}' is added up from the rows: {reason}." for name, reason in left_out.items()]
        return replace(version, cardinalities={**version.cardinalities, **counted}, notes=(*version.notes, *notes))


@dataclass(frozen=True)
class _Measures:
    """What one look at the rows says.

    days: days that have rows, about. filled: metric → non-null count. infinite: column → NaN or infinite values.
    """

    rows: int
    oldest: date | None
    newest: date | None
    days: int
    zoned: frozenset[str]
    filled: dict[str, int]
    infinite: dict[str, int]
    cardinalities: dict[str, int]


def rising(progress: Progress | None) -> Progress | None:
    """The same progress, never going back where rows are counted, sorted and counted again."""
    if progress is None:
        return None
    highest = 0.0

    def tell(stage: str, share: float) -> None:
        nonlocal highest
        highest = max(highest, share)
        progress(stage, highest)

    return tell


def measure(publisher: Publisher, version: Version, files: Sequence[str]) -> _Measures:
    """Rows, days, gaps, numbers that are not finite, and about how many segments each dimension has."""
    with publisher.cursor("Counting", 0.6, 0.7) as cursor:
        described = cursor.execute(*tables.types_of(version, files).parts).fetchall()
        types = {str(row[0]): str(row[1]) for row in described}
        version = replace(
            version, zoned=frozenset(n for n, kind in types.items() if kind == "TIMESTAMP WITH TIME ZONE")
        )
        numbers = [name for name, kind in types.items() if kind == "DOUBLE"]
        values = cursor.execute(*tables.measured(version, files, numbers).parts).fetchall()[0]
        rest = iter(values[4:])
        filled = {m.name: int(next(rest)) for m in version.metrics}
        infinite = {n: count for n in numbers if (count := int(next(rest)))}
        sizes = {d: int(next(rest)) for d in version.dimensions}
        large = [d for d, count in sizes.items() if count > NEARLY * MOST_DIMENSION_VALUES]
        if large:
            exact = cursor.execute(*tables.exact_sizes(version, files, large).parts).fetchall()[0]
            sizes |= dict(zip(large, exact, strict=True))
    return _Measures(int(values[0]), values[1], values[2], int(values[3]), version.zoned, filled, infinite, sizes)


def merged(inspection: Inspection, given: Sequence[ColumnSpec]) -> tuple[ColumnSpec, ...]:
    """The columns found, those that were settled as they were given. A settled column that is gone is an error."""
    found = {c.name for c in inspection.columns}
    missing = [c.name for c in given if c.name not in found]
    if missing:
        raise UnreadableSource(
            f"'{inspection.layout.name}' has no column '{missing[0]}' any more. Columns: {', '.join(sorted(found))}. "
            "Put it back, or take it out of the dataset."
        )
    settled = {c.name: c for c in given}
    has_date = any(c.role == "date" for c in given)
    return tuple(settled.get(c.name) or _second(c, has_date) for c in inspection.columns)


def _second(column: ColumnSpec, has_date: bool) -> ColumnSpec:
    """A column found by inspection beside settled ones: there is one date column."""
    return column.model_copy(update={"role": "ignored"}) if has_date and column.role == "date" else column


def _received(spec: DatasetSpec, draft: Draft, path: Path | None) -> Path | None:
    """Keep an upload beside the version, so that types and roles can be edited later."""
    if spec.source.kind != "upload":
        return None
    if path is None:
        kept = draft.earlier[-1].source.get("file") if draft.earlier else None
        path = draft.folder / str(kept) if kept else None
    if path is None or not path.exists():
        raise UnreadableSource(f"The file '{spec.source.file_name}' is no longer there. Upload it again.")
    size = path.stat().st_size
    if size > UPLOAD_LIMIT_BYTES:
        raise UnreadableSource(
            f"'{spec.source.file_name}' has {size / 2**20:,.0f} MiB; uploads end at {UPLOAD_LIMIT_BYTES // 2**20} MiB. "
            "Put it on the server and give its path, or a glob."
        )
    kept_path = draft.path(SOURCE)
    shutil.copyfile(path, kept_path)
    return kept_path


def _source(spec: DatasetSpec, draft: Draft, inspection: Inspection) -> dict[str, object]:
    read = inspection.read.model_dump(exclude_none=True)
    common: dict[str, object] = {"kind": spec.source.kind, "name": inspection.layout.name, "read": read}
    if spec.source.kind == "files":
        return {**common, "path": spec.source.path, "files": len(inspection.layout.files)}
    return {**common, "file_name": spec.source.file_name, "file": draft.final(SOURCE).name}


def _wider(found: Misfit, layout: Layout, columns: tuple[ColumnSpec, ...]) -> tuple[Layout, tuple[ColumnSpec, ...]]:
    """How to read on after a value did not fit: NA is nothing, a fraction among whole numbers makes them numbers.

    Raises UnreadableSource if the value is neither.
    """
    kind = next(c.type for c in columns if c.name == found.column)
    if found.value == MISSING and found.column not in layout.missing and kind in NUMERIC_TYPES | DATE_TYPES:
        return replace(layout, missing=layout.missing | {found.column}), columns
    if kind == "integer" and is_number(found.value.strip(), layout.options.decimal or "."):
        wider = (c.model_copy(update={"type": "number"}) if c.name == found.column else c for c in columns)
        return layout, tuple(wider)
    raise UnreadableSource(found.sentence(kind)) from None


def _keys(cardinalities: Mapping[str, int]) -> tuple[str, ...]:
    """Columns with very many values (order numbers), which explain nothing."""
    return tuple(name for name, count in cardinalities.items() if count > MOST_DIMENSION_VALUES)


def _ignored_notes(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        f"Column '{name}' has more than {MOST_DIMENSION_VALUES:,} different values and is ignored. Make it a dimension "
        "if it is one."
        for name in names
    )
