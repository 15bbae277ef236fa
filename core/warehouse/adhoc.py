"""Data that is analysed without being published: frames in memory, and files by path or glob.

Parquet files are asked as they are. Frames and other files are written once as a temporary Parquet file, which goes
when the warehouse is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from core.errors import DataError, UnreadableSource
from core.model.data import DATE_TYPES, NUMERIC_TYPES, Calendar, ColumnSpec, FilesSource
from core.warehouse.files import as_pattern, fingerprint, resolve
from core.warehouse.inspect import Inspection, check_names, inspect
from core.warehouse.publish import Publisher, measure
from core.warehouse.read import Layout, is_plain
from core.warehouse.transcode import in_utf8
from core.warehouse.versions import Version
from core.warehouse.warehouse import Warehouse

SAMPLE_ROWS = 2_000
KEPT_FILES = 16
DATASET = "notebook"


def is_path(text: str) -> bool:
    """Whether the text names a file that is there."""
    return Path(text).expanduser().is_file()


def open_data(warehouse: Warehouse, data: Any, *, by: str | None = None, calendar: Calendar | None = None) -> Version:
    """A version of a path, glob, or polars, pandas or Arrow frame. by: the compared column, if it is known.

    Numbers are metrics; texts, booleans and enums are dimensions. Raises UnreadableSource, AmbiguousSource, DataError.
    """
    calendar = calendar or Calendar()
    if isinstance(data, str | Path):
        return _with_roles(_open_files(warehouse, str(data), calendar), by)
    return _with_roles(_open_frame(warehouse, data, calendar), by)


def _open_files(warehouse: Warehouse, path: str, calendar: Calendar) -> Version:
    key = f"{fingerprint(path)} {calendar.time_zone}"
    known = warehouse.temporary.get(key)
    if known is not None:
        return known
    inspection = inspect(FilesSource(path=path), sample_rows=SAMPLE_ROWS)
    if inspection.questions:
        raise inspection.questions[0]
    if is_plain(inspection.layout, inspection.columns):
        return _keep(warehouse, key, _as_it_is(path, inspection, calendar))
    target = warehouse.scratch / f"{uuid4().hex}.parquet"
    with in_utf8(inspection.layout, warehouse.scratch) as layout:
        columns = Publisher(warehouse.database).write(layout, inspection.columns, target)
    version = _measured(warehouse, target, columns, calendar, inspection.layout.name)
    return _keep(warehouse, key, version)


def _as_it_is(path: str, inspection: Inspection, calendar: Calendar) -> Version:
    """Parquet files themselves: nothing is read before it is asked for, so days and gaps are not known."""
    files = resolve(path)
    return Version(
        **_common(inspection.layout.name, inspection.columns, calendar),
        rows=inspection.rows_estimate,
        bytes=sum(file.stat().st_size for file in files),
        newest=None,
        oldest=None,
        newest_is_full=False,
        facts=Path(path).expanduser(),
        zoned=inspection.layout.zoned,
        cardinalities=dict(inspection.cardinalities),
        gappy=frozenset(c.name for c in inspection.columns if c.type in NUMERIC_TYPES),
        is_clean=False,
        is_borrowed=True,
        is_partitioned=bool(inspection.layout.partitions),
    )


def _open_frame(warehouse: Warehouse, data: Any, calendar: Calendar) -> Version:
    frame = _as_polars(data)
    check_names([str(name).strip() for name in frame.columns], "the frame")
    if frame.is_empty():
        raise UnreadableSource("The frame holds no rows. Give one with at least one row.")
    # Parquet has no whole numbers of 128 bits.
    frame = frame.with_columns(pl.col(pl.Int128, pl.UInt128).cast(pl.Float64))
    if mixed := [name for name, kind in frame.schema.items() if kind == pl.Object]:
        raise DataError(f"Column '{mixed[0]}' holds values of no one type. Give every column one type.")
    target = warehouse.scratch / f"{uuid4().hex}.parquet"
    frame.write_parquet(target, compression="lz4")
    inspection = inspect(FilesSource(path=str(target)), sample_rows=SAMPLE_ROWS)
    layout: Layout = replace(inspection.layout, name="the frame")
    columns = inspection.columns
    if not is_plain(layout, columns):
        converted = warehouse.scratch / f"{uuid4().hex}.parquet"
        columns = Publisher(warehouse.database).write(layout, columns, converted)
        target.unlink()
        target = converted
    return _keep(warehouse, target.stem, _measured(warehouse, target, columns, calendar, "the frame"))


def _as_polars(data: Any) -> pl.DataFrame:
    try:
        if isinstance(data, pl.DataFrame):
            return data
        if isinstance(data, pl.LazyFrame):
            return data.collect()
        if hasattr(data, "__arrow_c_stream__"):
            return pl.DataFrame(data)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise DataError(f"The frame cannot be read: {error}. Give every column one type and its own name.") from None
    raise DataError(
        f"A {type(data).__name__} is no data. Give a slug, a path, a glob, or a polars, pandas or Arrow frame."
    )


def _measured(
    warehouse: Warehouse, target: Path, columns: tuple[ColumnSpec, ...], calendar: Calendar, name: str
) -> Version:
    """The version of a temporary file, with its days, gaps and segments counted."""
    version = Version(
        **_common(name, columns, calendar),
        rows=0,
        bytes=target.stat().st_size,
        newest=None,
        oldest=None,
        newest_is_full=False,
        facts=target,
        is_clean=False,
    )
    found = measure(Publisher(warehouse.database), version, [as_pattern(target)])
    date_column = version.date_column
    return replace(
        version,
        rows=found.rows,
        newest=found.newest,
        oldest=found.oldest,
        newest_is_full=date_column is not None and date_column.type == "date",
        zoned=found.zoned,
        cardinalities=found.cardinalities,
        gappy=frozenset(c.name for c in columns if c.type in NUMERIC_TYPES),
        is_clean=not found.infinite,
    )


def _common(name: str, columns: tuple[ColumnSpec, ...], calendar: Calendar) -> dict[str, Any]:
    now = datetime.now(UTC)
    source: Mapping[str, object] = {"kind": "notebook", "name": name}
    return {
        "dataset": DATASET,
        "number": 1,
        "columns": columns,
        "calendar": calendar,
        "as_of": now,
        "published_at": now,
        "source": dict(source),
    }


def _with_roles(version: Version, by: str | None) -> Version:
    """Numbers are metrics whatever their name; the compared column is the date column if it holds dates."""
    days = by if by is not None and version.column(by).type in DATE_TYPES else None
    return replace(version, columns=tuple(_with_role(c, days) for c in version.columns))


def _with_role(column: ColumnSpec, days: str | None) -> ColumnSpec:
    role = column.role
    if column.type in NUMERIC_TYPES:
        role = "metric"
    elif column.type in DATE_TYPES and days is not None:
        role = "date" if column.name == days else "ignored"
    return column.model_copy(update={"role": role})


def _keep(warehouse: Warehouse, key: str, version: Version) -> Version:
    """Remember the version; the oldest temporary files go when there are many."""
    kept = warehouse.temporary
    kept[key] = version
    while len(kept) > KEPT_FILES:
        _, oldest = kept.popitem(last=False)
        if oldest.facts.parent == warehouse.scratch:
            oldest.facts.unlink(missing_ok=True)
    return version
