from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec
from core.model.delivery import ExportSpec
from core.store import Store
from core.store.people import open_organisation

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, newest_store: Path) -> Iterator[Store]:
    (tmp_path / "store").mkdir()
    store = Store(f"sqlite:///{shutil.copy(newest_store, tmp_path / 'store')}")
    yield store
    store.close()


@pytest.fixture
def organisation(store: Store) -> str:
    with store.write() as session:
        return open_organisation(session, owner_email=None, now=NOW)[0].id


@pytest.fixture
def sales() -> DatasetSpec:
    return DatasetSpec.model_validate(
        {"slug": "sales", "name": "Sales", "source": {"kind": "upload", "file_name": "sales.csv"}}
    )


@pytest.fixture
def revenue() -> AnalysisSpec:
    return AnalysisSpec.model_validate(
        {
            "slug": "revenue",
            "name": "Revenue",
            "dataset": "sales",
            "equation": {"steps": [{"formula": "visits"}, {"formula": "revenue / visits"}]},
            "comparison": {"by": "day", "relative": "last_full_month"},
        }
    )


@pytest.fixture
def morning() -> ExportSpec:
    return ExportSpec.model_validate(
        {
            "name": "Morning",
            "content": {"kind": "report", "analysis": "revenue"},
            "destinations": [{"kind": "link", "settings": {"slug": "morning", "public": True}}],
        }
    )
