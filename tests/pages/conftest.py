"""Pages under AppTest: a data directory of their own, clean caches, and a way to wait for work in threads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.app import App, open_app
from core.model.analysis import AnalysisSpec
from core.model.data import DatasetSpec, UploadSource
from core.settings import REPOSITORY, read_settings
from tests.pages.bridge_page import COLUMNS, EQUATION, ROWS
from tests.pages.driving import DEADLINE_S, Open, settled


@pytest.fixture(scope="session", autouse=True)
def components() -> None:
    """Streamlit looks through all installed packages for components whenever a page is opened: here, once."""
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture
def data_dir(new_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own; demo data only where a test asks for it."""
    monkeypatch.setenv("BRIDGECAST_DATA_DIR", str(new_folder))
    monkeypatch.setenv("BRIDGECAST_DEMO", "0")
    return new_folder


@pytest.fixture
def demo(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two samples are loaded at the first start."""
    monkeypatch.setenv("BRIDGECAST_DEMO", "1")


@pytest.fixture
def app(data_dir: Path) -> Iterator[App]:
    """The same installation, to arrange and to look behind the page."""
    opened = open_app(read_settings())
    yield opened
    opened.close()


@pytest.fixture
def open_page(data_dir: Path) -> Iterator[Open]:
    """Open a page as its address does: `open_page("pages/1_Data.py", dataset="shop")`."""

    def opened(page: str = "Home.py", **params: str) -> AppTest:
        test = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=DEADLINE_S)
        test.switch_page(page)
        for name, value in params.items():
            test.query_params[name] = value
        return settled(test.run())

    _forget()
    yield opened
    _forget()


def _forget() -> None:
    """The installation that pages hold belongs to one test alone, whoever looked at a page before."""
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def sales(app: App, tmp_path: Path) -> DatasetSpec:
    path = tmp_path / "sales.csv"
    path.write_text(ROWS, encoding="utf-8")
    spec = DatasetSpec(slug="sales", name="Sales", source=UploadSource(file_name="sales.csv"), columns=COLUMNS)
    app.catalogue.create(spec, path=path, by=app.owner.id)
    return spec


@pytest.fixture
def revenue(app: App, sales: DatasetSpec) -> AnalysisSpec:
    spec = AnalysisSpec.model_validate(
        {
            "slug": "revenue",
            "name": "Revenue by month",
            "dataset": "sales",
            "equation": EQUATION,
            "comparison": {"by": "day", "relative": "last_full_month"},
        }
    )
    app.analyses.create(spec, by=app.owner.id)
    return spec
