"""An installation of its own for whoever tests above the store and the warehouse."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from core.access import passwords
from core.app import App, open_app
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec, FilesSource
from core.model.delivery import ExportSpec
from core.settings import Settings
from core.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SALES = """day,country,device,visits,orders,revenue
2026-01-05,FR,desktop,1000,60,4800
2026-01-12,FR,mobile,1000,40,3200
2026-01-31,DE,desktop,500,30,2400
2026-02-03,FR,desktop,1100,66,5940
2026-02-11,FR,mobile,1300,26,2340
2026-02-28,DE,desktop,500,31,2790
"""
MORE_SALES = SALES.replace("2026-02-28,DE,desktop,500,31,2790", "2026-02-28,DE,desktop,500,62,5580")

# A process of tests holds a great deal that stays; Python would look through all of it again and again.
gc.set_threshold(100_000, 50, 1_000)

# The same examples everywhere, however slow the machine is; `--hypothesis-profile default` draws others each time.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def product_hasher() -> Iterator[PasswordHasher]:
    """The hasher of passwords as it is in the product. Tests have one that is quick, for they make many passwords."""
    hasher = passwords._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield hasher


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """Every client of httpx reads the system's certificates anew, also one that never meets TLS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def newest_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's file with all tables and nobody in it. To copy it is quick, to go through their history is not."""
    path = tmp_path_factory.mktemp("newest") / "bridgecast.sqlite"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture
def new_folder(tmp_path: Path, newest_store: Path) -> Path:
    """The data folder of an installation that nobody has opened yet."""
    folder = tmp_path / "var"
    folder.mkdir(mode=0o700)
    shutil.copy(newest_store, folder)
    return folder


@pytest.fixture
def empty_app(new_folder: Path) -> Iterator[App]:
    """An installation without samples."""
    app = open_app(Settings(data_dir=new_folder, demo=False), clock=lambda: NOW)
    yield app
    app.close()


@pytest.fixture
def sales_csv(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    return path


@pytest.fixture
def sales_app(empty_app: App, sales_csv: Path) -> App:
    """The live dataset "sales" from `sales_csv`, and the analysis "revenue", January against February."""
    source = FilesSource(path=str(sales_csv))
    empty_app.catalogue.create(DatasetSpec(slug="sales", name="Sales", source=source), by=empty_app.owner.id)
    empty_app.analyses.create(revenue_spec(), by=empty_app.owner.id)
    return empty_app


def revenue_spec(**changes: object) -> AnalysisSpec:
    """Revenue = visits x orders / visits x revenue / orders of the sales above."""
    return AnalysisSpec.model_validate(
        {
            "slug": "revenue",
            "name": "Revenue",
            "dataset": "sales",
            "equation": {
                "total": "Revenue",
                "unit": "€",
                "total_threshold_pct": 5,
                "steps": [
                    {"formula": "visits", "name": "Visits"},
                    {"formula": "orders / visits", "name": "Conversion", "unit": "%"},
                    {"formula": "revenue / orders", "name": "Basket", "unit": "€"},
                ],
            },
            "comparison": {"by": "day", "relative": "last_full_month"},
            **changes,
        }
    )


def export_spec(**content: object) -> ExportSpec:
    """A public report link "revenue" of the analysis "revenue"."""
    return ExportSpec.model_validate(
        {
            "name": "Morning revenue",
            "content": {"kind": "report", "analysis": "revenue", **content},
            "destinations": [{"kind": "link", "settings": {"slug": "revenue", "public": True}}],
        }
    )


@pytest.fixture
def rewrite(sales_csv: Path) -> Callable[[str], None]:
    """Replace the live source by other rows; the file's time surely moves."""

    def write(content: str) -> None:
        before = sales_csv.stat().st_mtime_ns if sales_csv.exists() else 0
        sales_csv.write_text(content)
        os.utime(sales_csv, ns=(before + 10**9, before + 10**9))

    return write
