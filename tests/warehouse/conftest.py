"""A real warehouse in a temporary folder, and files to load into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.model.data import Calendar, ColumnSpec, DatasetSpec, FilesSource, ReadOptions
from core.warehouse import Version, Warehouse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Load = Callable[..., Version]
SALES = """day,country,device,visits,orders,revenue
2026-01-01,FR,phone,100,10,200.5
2026-01-01,DE,phone,50,4,90
2026-01-02,FR,desktop,80,8,160
2026-02-01,FR,phone,120,9,180
2026-02-01,DE,desktop,60,6,120.25
2026-02-02,,phone,10,1,20
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(tmp_path / "warehouse", threads=2, memory_limit="1GB")
    yield opened
    opened.close()


@pytest.fixture
def load(warehouse: Warehouse, tmp_path: Path) -> Load:
    """Publish a file of the given content as the dataset "sales"."""

    def load(content: str | bytes, name: str = "sales.csv", **options: object) -> Version:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return warehouse.publish(spec_of(file, **options), now=NOW)

    return load


@pytest.fixture
def sales(load: Load) -> Version:
    return load(SALES)


def spec_of(
    path: Path | str,
    *,
    slug: str = "sales",
    columns: tuple[ColumnSpec, ...] = (),
    zone: str = "UTC",
    **read: str,
) -> DatasetSpec:
    """A live dataset of the files at `path`."""
    return DatasetSpec(
        slug=slug,
        name=slug,
        source=FilesSource(path=str(path), read=ReadOptions.model_validate(read)),
        columns=columns,
        calendar=Calendar(time_zone=zone),
    )
