from __future__ import annotations

import threading
from pathlib import Path

from core.app import open_app
from core.settings import Settings


def test_the_first_start_brings_two_samples_with_a_report_each(tmp_path: Path) -> None:
    app = open_app(Settings(data_dir=tmp_path))
    assert {spec.slug for spec in app.catalogue.all()} == {"shop", "avocados"}
    assert {saved.spec.dataset for saved in app.analyses.all()} == {"shop", "avocados"}
    assert {export.links[0].slug for export in app.exports.all()} == {"shop-revenue", "avocado-revenue"}
    app.close()


def test_what_was_deleted_never_comes_back(tmp_path: Path) -> None:
    app = open_app(Settings(data_dir=tmp_path))
    for export in app.exports.all():
        app.exports.delete(export.id)
    app.close()
    again = open_app(Settings(data_dir=tmp_path))
    assert again.exports.all() == []
    again.close()


def test_two_processes_that_start_at_once_load_them_once(tmp_path: Path) -> None:
    def start() -> None:
        open_app(Settings(data_dir=tmp_path)).close()

    starts = [threading.Thread(target=start) for _ in range(2)]
    for thread in starts:
        thread.start()
    for thread in starts:
        thread.join()
    app = open_app(Settings(data_dir=tmp_path))
    assert [app.catalogue.latest(s).number for s in ("shop", "avocados")] == [1, 1]
    assert len(app.exports.all()) == 2
    app.close()
