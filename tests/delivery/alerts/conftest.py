from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.app import open_app
from core.model.data import DatasetSpec, FilesSource
from core.settings import Settings
from tests.conftest import NOW, revenue_spec
from tests.delivery.alerts.desks import Desk
from tests.delivery.ledgers import Clock


@pytest.fixture
def desk(new_folder: Path, sales_csv: Path) -> Iterator[Desk]:
    """An export that fails, succeeds and is told of; its author's address can be written to."""
    clock = Clock(NOW)
    app = open_app(Settings(data_dir=new_folder, demo=False, owner_email="olga@example.org"), clock=clock)
    source = FilesSource(path=str(sales_csv))
    app.catalogue.create(DatasetSpec(slug="sales", name="Sales", source=source), by=app.owner.id)
    fixed = {"by": "day", "base": ["2026-01-01", "2026-01-31"], "current": ["2026-02-01", "2026-02-28"]}
    app.analyses.create(revenue_spec(comparison=fixed), by=app.owner.id)
    settings = {"url": "https://hooks.example.org/x"}
    desk = Desk(app, clock, app.connections.create("webhook", "Hook", settings, by=app.owner.id).id)
    desk.export()
    yield desk
    app.close()
